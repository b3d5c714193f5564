"""``pixelproof assess``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pixelproof.cli.options import EvidenceFolderOption, JsonOption, OverwriteOption, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from pixelproof.runs.assessment_file import AssessedMap, AssessmentRecord
    from pixelproof.runs.fields import Estimate


def assess(
    points: Annotated[Path, typer.Argument(help="A folder of 'pixelproof sample'.", metavar="POINTS")],
    map: Annotated[
        list[Path] | None,
        typer.Option(help="Another map of the same ground and classes, to assess by the same points.", metavar="MAP"),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="The table with the truth, if not points.csv in the folder.", metavar="FILE.csv")
    ] = None,
    out: EvidenceFolderOption = None,
    seed: Annotated[int, typer.Option(help="Of the intervals.")] = 0,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Say how good a map is and how much of each class there truly is, from points that somebody has looked up."""
    from pixelproof.deploy.assess import assess_map
    from pixelproof.runs.assessment_file import as_json
    from pixelproof.runs.folder import PAGE

    record = assess_map(points, map or (), truth, seed, out, overwrite)
    if json:
        print_json(as_json(record))
        return
    _print(record)
    if out is not None:
        print(out / PAGE)


def _print(record: AssessmentRecord) -> None:
    from pixelproof.terminal import console

    printed = console()
    for found in record.maps:
        printed.print(f"{found.map}:", soft_wrap=True)
        printed.print(_areas(found, record))
        printed.print(_accuracies(found))
        for line in _lines(found, record):
            printed.print(line, soft_wrap=True)
    if record.left_out:
        printed.print(f"left out, as nobody can tell what is there: {', '.join(record.left_out)}", soft_wrap=True)
    looked = record.points
    unclear = f", of {looked.unclear:,} nobody can tell" if looked.unclear else ""
    printed.print(
        f"{looked.with_truth:,} of {looked.drawn:,} points have a truth{unclear}; in brackets 95% intervals",
        soft_wrap=True,
    )


def _areas(found: AssessedMap, record: AssessmentRecord) -> Table:
    """Return a table of what is mapped, which of the map drawn from is known, and of what there truly is."""
    from pixelproof.terminal import add_row, table

    other, unit = found.gains is not None, record.unit
    name = unit.name.removesuffix(" of the area")
    shown = table("class", *([] if other else ["points"]), f"{name} mapped", f"{name} there is")
    for called, row in found.classes.items():
        points = [] if other else [f"{row.points:,}"]
        mapped, true = (getattr(row, f"{which}_{unit.key}") for which in ("mapped", "true"))
        add_row(
            shown,
            called,
            *points,
            _number(mapped, unit.scale, unit.digits, ends=other),
            _number(true, unit.scale, unit.digits),
        )
    return shown


def _accuracies(found: AssessedMap) -> Table:
    from pixelproof.terminal import add_row, table

    shown = table("class", "user's %", "producer's %", "IoU %")
    for name, row in found.classes.items():
        add_row(shown, name, *(_number(each, 100) for each in (row.users_accuracy, row.producers_accuracy, row.iou)))
    return shown


def _lines(found: AssessedMap, first: AssessmentRecord) -> Iterator[str]:
    accuracy, miou = (_number(each, 100) for each in (found.overall_accuracy, found.miou))
    yield f"overall accuracy {accuracy} %, mean IoU {miou} %"
    if found.gains is not None:
        gain, of_iou = (_number(each, 100, signed=True) for each in (found.gains.overall_accuracy, found.gains.miou))
        yield f"against {first.map}, on the same points: overall accuracy {gain} points, mean IoU {of_iou} points"


def _number(found: Estimate, scale: float, digits: int = 1, ends: bool = True, signed: bool = False) -> str:
    """Return an estimate with its interval, ``93.5 [89.3, 96.3]``."""
    from pixelproof.numbers import UNDEFINED

    if found.value is None:
        return UNDEFINED
    sign = "+" if signed else ""
    value, low, high = (f"{scale * (each or 0.0):{sign},.{digits}f}" for each in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]" if ends else value
