"""``pixelproof demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import SetOption


def demo(
    out: Annotated[Path, typer.Option(help="Folder for data, runs and report.")] = Path("demo"),
    set_: SetOption = None,
) -> None:
    """Run the whole study on the embedded data; ends with the path of its report.

    Run again, it goes on where it was.
    """
    from pixelproof.data.demo import write_demo
    from pixelproof.runs.locks import alone_in
    from pixelproof.study.conduct import conduct
    from pixelproof.study.file import builtin_study

    out.mkdir(parents=True, exist_ok=True)
    with alone_in(out):
        write_demo(out / "data")
    print(conduct(builtin_study("demo"), out / "data", out, set_ or [], command="pixelproof demo"))
