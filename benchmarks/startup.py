"""How long ``pixelproof --help`` takes: ``python -m benchmarks.startup [--rounds N]``.

The ratio is the time of ``python -c "import torch"`` divided by ours, in processes of their own.
"""

from __future__ import annotations

import subprocess
import sys

from benchmarks.harness import Benchmark, rounds_argument

HELP = "import sys; sys.argv = ['pixelproof', '--help']; from pixelproof.cli.main import run; run()"


def main() -> None:
    """Run the benchmark."""
    benchmark = Benchmark(
        "startup",
        "`pixelproof --help` in a process of its own, against importing torch",
        {"torch": 4},
        ("torch", "typer"),
    )

    def python(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)

    benchmark.run(lambda: python(HELP), {"torch": lambda: python("import torch")}, rounds_argument(9))
    benchmark.publish()


if __name__ == "__main__":
    main()
