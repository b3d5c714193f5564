"""``pixelproof study``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import ProcessesOption, SetOption


def study(
    file: Annotated[Path, typer.Argument(help="The study file.", metavar="STUDY.yaml")],
    data: Annotated[Path, typer.Option(help="Folder that the study's data folders are relative to.")] = Path(),
    out: Annotated[Path | None, typer.Option(help="Folder for everything that comes out [out/NAME].")] = None,
    processes: ProcessesOption = 1,
    jobs: Annotated[int, typer.Option(min=1, help="Models that are trained at the same time, on a GPU each.")] = 1,
    set_: SetOption = None,
) -> None:
    """Train what is missing, evaluate, explain, and write one report.

    Run again, it redoes only what changed; killed, it goes on where it was.
    """
    from pixelproof.study.conduct import conduct_file

    print(conduct_file(file, data, out, set_ or [], processes, jobs))
