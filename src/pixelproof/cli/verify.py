"""``pixelproof verify``: whether the figures of a folder follow from its score files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pixelproof.cli.options import JsonOption, print_json

if TYPE_CHECKING:
    from pixelproof.verbs.checks.check import Verification

SHOWN = 10
"""Differences of one file that are printed."""


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A study, a run, or what 'compare --out' wrote.")],
    json: JsonOption = False,
) -> None:
    """Compute all figures of a folder again from its score files; exit code 1 if one differs."""
    from pixelproof.verbs.verify import verify_folder

    found = verify_folder(folder)
    if json:
        print_json(found.to_json())
    else:
        _print(found)
    if found.of("differs"):
        raise typer.Exit(1)


def _print(found: Verification) -> None:
    """Print a line for each file, and below it the figures that differ; right ones beside the page share a line."""
    from pixelproof.errors import visible
    from pixelproof.numbers import counted
    from pixelproof.report.rendering import FIGURES, TABLES
    from pixelproof.terminal import console

    out = console()

    def line(text: str) -> None:
        out.print(visible(text), soft_wrap=True)

    width = max(len(check.outcome) for check in found.checks)
    beside = [check for check in found.checks if check.outcome == "right" and _folder(check.file) in (FIGURES, TABLES)]
    for check in (check for check in found.checks if check not in beside):
        line(f"{check.outcome:{width}}  {check.file}  ({check.reason})")
        for each in check.differences[:SHOWN]:
            line(f"{'':{width}}    {each.figure}: stored {_text(each.stored)}, recomputed {_text(each.recomputed)}")
        if (more := len(check.differences) - SHOWN) > 0:
            line(f"{'':{width}}    and {more:,} more (--json names them)")
    for place in dict.fromkeys(_folder(check.file) for check in beside):
        own = [check for check in beside if _folder(check.file) == place]
        line(f"{'right':{width}}  {place}/  ({counted(len(own), 'file')}, {own[0].reason})")
    right, differ, unchecked = (len(found.of(outcome)) for outcome in ("right", "differs", "not checked"))
    differing = "1 differs" if differ == 1 else f"{differ} differ"
    line(f"{counted(len(found.checks), 'file')}: {right} right, {differing}, {unchecked} not checked.")
    if differ:
        line(
            "What an earlier version computed in another way differs, too; environment.json of a run names its version."
        )


def _folder(file: str) -> str:
    return file.rpartition("/")[0]


def _text(value: Any) -> str:
    """Return a plain value on one line."""
    from pixelproof.numbers import UNDEFINED, shortened

    return UNDEFINED if value is None else shortened(str(value), 60)
