"""``pixelproof doctor``: what is wrong with this data, before any training."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pixelproof.cli.options import DataArgument, JsonOption, OverwriteOption, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console
    from rich.table import Table

    from pixelproof.data.doctor import Diagnosis, Finding

_COLORS = {"error": "red", "warning": "yellow", "note": "blue"}
_FILES_SHOWN = 4
_CLASSES_SHOWN = 12

BandsOption = Annotated[
    str | None, typer.Option(help="Read images by these bands, as a network will.", metavar="N,N,N")
]
StretchOption = Annotated[
    str | None, typer.Option(help="Values of the bands that are black and white.", metavar="LOW,HIGH,…")
]
GroupsOption = Annotated[
    str,
    typer.Option(
        help="What in an image's id names its patient or scene, such as `([^/_]+)_`; table: as the data say.",
        metavar="REGEX",
    ),
]
PageFolderOption = Annotated[
    Path | None, typer.Option(help="Write a page with pictures of all this to this folder.", metavar="DIR")
]


def doctor(
    data: DataArgument,
    bands: BandsOption = None,
    stretch: StretchOption = None,
    groups: GroupsOption = "table",
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    out: PageFolderOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    write_labels: Annotated[bool, typer.Option("--write-labels", help="Write the proposed labels.yaml.")] = False,
) -> None:
    """Say what is wrong with this data, before any training; exit code 1 if there are errors."""
    from pixelproof.runs.folder import PAGE
    from pixelproof.terminal import console
    from pixelproof.verbs.doctor import examine_data

    if write_labels:
        _refuse_overwriting(data)
    diagnosis = examine_data(data, bands=bands, stretch=stretch, groups=groups, out=out, overwrite=overwrite)
    printed = console(stderr=json)
    if json:
        print_json(diagnosis.to_json())
    else:
        _print(printed, diagnosis)
    if out is not None and not json:
        _print_list(printed, data, out, diagnosis)
        print(out / PAGE)
    if write_labels:
        _write(printed, data, diagnosis.summary["proposal"])
    if diagnosis.of("error") or (strict and diagnosis.of("warning")):
        raise typer.Exit(1)


def _print_list(console: Console, data: Path, out: Path, diagnosis: Diagnosis) -> None:
    """Say what the list of images to leave out holds, and how it is used."""
    from pixelproof.numbers import counted
    from pixelproof.runs.left_out_file import FILE

    if diagnosis.leave_out:
        sure = sum(entry.sure for entry in diagnosis.leave_out)
        doubtful = counted(len(diagnosis.leave_out) - sure, "comment")
        said = f"{out / FILE} has {counted(sure, 'image')} to leave out and {doubtful} to decide on; look at them, then"
        command = f"pixelproof leave-out {shlex.quote(str(data))} {shlex.quote(str(out / FILE))}"
        console.print(f"{said}: {command}", soft_wrap=True)


def _refuse_overwriting(data: Path) -> None:
    from pixelproof.errors import UserError
    from pixelproof.runs import LABELS_FILE, has_classes

    if has_classes(data / LABELS_FILE):
        raise UserError(f"{data / LABELS_FILE} exists already", "edit it, or delete it and run the command again")


def _write(console: Console, data: Path, proposal: str | None) -> None:
    from pixelproof.errors import Refusal
    from pixelproof.runs import LABELS_FILE, write_text

    if proposal is None:
        raise Refusal(f"there is nothing to propose for {data}", f"write {data / LABELS_FILE} by hand")
    write_text(data / LABELS_FILE, proposal)
    todo = (
        "its classes are those of this data set"
        if proposal.startswith("preset:")
        else "give every class its right name, then run this again"
    )
    console.print(f"Wrote {data / LABELS_FILE}: {todo}.", soft_wrap=True)


def _print(console: Console, diagnosis: Diagnosis) -> None:
    summary = diagnosis.summary
    splits = ", ".join(f"{split} {count:,}" for split, count in summary["splits"].items())
    sizes = summary["size_count"]  # of which only the most frequent are listed
    size = next(iter(summary["sizes"])) if sizes == 1 else f"{sizes:,} sizes"
    facts = [summary["task"], summary["layout"], f"{len(summary['classes'])} classes", splits, size]
    console.print(" · ".join(facts), style="bold")
    if summary["classes"]:
        console.print(_class_table(summary))
    for finding in diagnosis.findings:
        _print_finding(console, finding)
    console.print(diagnosis.verdict, style="bold")


def _class_table(summary: Mapping[str, Any]) -> Table:
    """Return images, or percent of the pixels, by class and split."""
    from pixelproof.terminal import add_row, table

    pixels = "pixel_shares" in summary
    amounts = summary["pixel_shares" if pixels else "images_per_class"]
    classes = table("% of pixels" if pixels else "images", *amounts)
    names = list(dict.fromkeys(name for split in amounts.values() for name in split))
    for name in names[:_CLASSES_SHOWN]:
        values = [split.get(name, 0) for split in amounts.values()]
        add_row(classes, name, *(f"{value:.3g}" if pixels else f"{value:,}" for value in values))
    if len(names) > _CLASSES_SHOWN:
        add_row(classes, f"… {len(names) - _CLASSES_SHOWN} more")
    return classes


def _print_finding(console: Console, finding: Finding) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from pixelproof.errors import visible

    color = _COLORS[finding.severity]
    head = Text.assemble((f"{finding.severity:<8}", f"bold {color}"), (finding.check, "bold"))
    console.print(head)
    body = Text(f"{visible(finding.message)}\n")
    if not all(name in finding.message for name in finding.files):
        more = f" … {finding.count} files in all" if finding.count > _FILES_SHOWN else ""
        body.append(f"{visible(', '.join(finding.files[:_FILES_SHOWN]))}{more}\n", style="dim")
    body.append(f"→ {finding.fix.rstrip()}\n")
    console.print(Padding(body, (0, 0, 0, 8)))
