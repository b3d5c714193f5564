"""``pixelproof correct``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import DataArgument, JsonOption, print_json


def correct(
    data: DataArgument,
    lists: Annotated[
        list[Path] | None,
        typer.Argument(help="Corrections, as the page of 'explain' saves them.", metavar="[LIST ...]"),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Correct labels of images, or of regions of masks, by lists that you have made; without a list, say which are.

    They are written to DATA/corrections.csv, which all commands heed. No file is moved, and no table or mask changed.
    """
    from pixelproof.errors import visible
    from pixelproof.numbers import counted
    from pixelproof.runs.corrections_file import changes_in_words
    from pixelproof.runs.left_out_file import in_words
    from pixelproof.verbs.correct import correct as correct_of

    found = correct_of(data, lists or [])
    if json:
        print_json(found)
        return
    if lists:
        print(f"{counted(found['added'], 'line')} added to {found['file']}")
    changes = f": {changes_in_words(found['changes'])}" if found["changes"] else ""
    confirmed = f"; {found['confirmed']:,} confirmed" if found["confirmed"] else ""
    what = counted(found["corrected"], "label")
    if "pixels" in found:
        what = f"{counted(found['corrected'], 'region')} ({counted(found['pixels'], 'pixel')}) of the masks"
    print(visible(f"{what} of {data} corrected{changes}{confirmed}"))
    if over := found.get("overridden"):
        print(f"{counted(over, 'line')} over an earlier one that says another class: the later one counts")
    scored = {split: count for split, count in found["splits"].items() if split != "train"}
    if found["part_is_scored"] and "train" in found["splits"]:
        scored |= {"train, of which a part is set aside for the score": found["splits"]["train"]}
    if scored:
        again = "scores there are by other labels than before, so evaluate again with --overwrite"
        lead = "images with such regions" if "pixels" in found else "of these"
        print(f"{lead}, {in_words(scored)}: {again}; where a model's doubts chose the images, they flatter it")
