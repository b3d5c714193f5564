"""``pixelproof leave-out``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import DataArgument, JsonOption, print_json


def leave_out(
    data: DataArgument,
    lists: Annotated[
        list[Path] | None,
        typer.Argument(help="Lists as 'doctor --out' and 'explain' write them.", metavar="[LIST ...]"),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Leave images out of a data set, as lists say that you have looked through; without a list, say which are.

    They are written to DATA/leave_out.csv, which all commands heed. No image is deleted, moved or changed.
    """
    from pixelproof.errors import visible
    from pixelproof.numbers import counted
    from pixelproof.runs.left_out_file import in_words
    from pixelproof.verbs.leave_out import leave_out as leave_out_of

    found = leave_out_of(data, lists or [])
    if json:
        print_json(found)
        return
    if lists:
        print(f"{counted(found['added'], 'image')} added to {found['file']}")
    reasons = f": {in_words(found['reasons'])}" if found["reasons"] else ""
    print(visible(f"{counted(found['left_out'], 'image')} of {data} left out{reasons}"))
    if scored := {split: count for split, count in found["splits"].items() if split != "train"}:
        print(f"of these, {in_words(scored)}: scores there are of other images than before")
