"""How long ``pixelproof --help`` takes: ``python -m benchmarks.startup [--rounds N]``.

The ratio is the time of ``python -c "import torch"`` divided by ours, in processes of their own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks.interleaved import ratios, report

HELP = "import sys; sys.argv = ['pixelproof', '--help']; from pixelproof.cli.main import run; run()"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds

    def python(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)

    result = ratios(lambda: python(HELP), {"torch": lambda: python("import torch")}, rounds)
    report("startup", result, rounds, ("torch", "typer"))


if __name__ == "__main__":
    main()
