"""The console script, and ``python -m pixelproof`` where that is not on the path."""

from __future__ import annotations

import signal
import sys

from pixelproof.errors import INTERRUPTED


def run() -> None:
    """Run the command line; Ctrl-C ends it in one line also while it is imported, and while it ends for another one."""
    try:
        from pixelproof.cli.main import run

        run()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print("pixelproof: stopped.", file=sys.stderr)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    run()
