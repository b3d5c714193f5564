"""``pixelproof assess``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from pixelproof.cli.options import JsonOption, print_json


def assess(
    points: Annotated[Path, typer.Argument(help="A folder of 'pixelproof sample'.", metavar="POINTS")],
    map: Annotated[
        list[Path] | None,
        typer.Option(help="Another map of the same ground and classes, to assess by the same points.", metavar="MAP"),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="The table with the truth, if not points.csv in the folder.", metavar="FILE.csv")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the intervals.")] = 0,
    json: JsonOption = False,
) -> None:
    """Say how good a map is and how much of each class there truly is, from points that somebody has looked up."""
    from pixelproof.deploy.assess import assess_map
    from pixelproof.terminal import console

    facts = assess_map(points, map or (), truth, seed)
    if json:
        print_json(facts)
        return
    printed = console()
    for found in (facts, *facts["others"]):
        printed.print(f"{found['map']}:", soft_wrap=True)
        printed.print(_areas(found))
        printed.print(_accuracies(found))
        for line in _lines(found, facts):
            printed.print(line, soft_wrap=True)
    counts = facts["points"]
    unclear = f", of {counts['unclear']:,} nobody can tell" if counts["unclear"] else ""
    printed.print(
        f"{counts['with_truth']:,} of {counts['drawn']:,} points have a truth{unclear}; in brackets 95% intervals",
        soft_wrap=True,
    )


def _areas(found: dict[str, Any]) -> Any:
    """Return a table of what is mapped, which of the map drawn from is known, and of what there truly is."""
    from pixelproof.terminal import add_row, table

    known = next(iter(found["classes"].values()))["true_hectares"] is not None
    unit, scale, key = ("ha", 1.0, "hectares") if known else ("%", 100.0, "share")
    other = "gains" in found
    shown = table("class", *([] if other else ["points"]), f"{unit} mapped", f"{unit} there is")
    for name, row in found["classes"].items():
        points = [] if other else [f"{row['points']:,}"]
        mapped = _number(row[f"mapped_{key}"], scale, ends=other)
        add_row(shown, name, *points, mapped, _number(row[f"true_{key}"], scale))
    return shown


def _accuracies(found: dict[str, Any]) -> Any:
    from pixelproof.terminal import add_row, table

    shown = table("class", "user's %", "producer's %", "IoU %")
    for name, row in found["classes"].items():
        add_row(shown, name, *(_number(row[key], 100) for key in ("users_accuracy", "producers_accuracy", "iou")))
    return shown


def _lines(found: dict[str, Any], first: dict[str, Any]) -> Iterator[str]:
    accuracy, miou = (_number(found[key], 100) for key in ("overall_accuracy", "miou"))
    yield f"overall accuracy {accuracy} %, mean IoU {miou} %"
    if "gains" in found:
        gain, of_iou = (_number(found["gains"][key], 100, signed=True) for key in ("overall_accuracy", "miou"))
        yield f"against {first['map']}, on the same points: overall accuracy {gain} points, mean IoU {of_iou} points"


def _number(value: dict[str, float | None], scale: float, ends: bool = True, signed: bool = False) -> str:
    """Return an estimate with its interval, ``93.5 [89.3, 96.3]``."""
    from pixelproof.numbers import UNDEFINED

    if value["estimate"] is None:
        return UNDEFINED
    found = [f"{scale * (number or 0.0):{'+' if signed else ''},.1f}" for number in value.values()]
    return f"{found[0]} [{found[1]}, {found[2]}]" if ends else found[0]
