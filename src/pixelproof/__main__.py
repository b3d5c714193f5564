"""The console script, and ``python -m pixelproof`` where that is not on the path."""

from __future__ import annotations

import signal
import sys


def run() -> None:
    """Run the command line; Ctrl-C ends it in one line also while it is imported, and while it ends for another one."""
    try:
        from pixelproof.cli.main import run

        run()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print("pixelproof: stopped.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    run()
