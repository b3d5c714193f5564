"""``pixelproof masks``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.class_table import class_table
from pixelproof.cli.options import JsonOption, print_json


def masks(
    annotations: Annotated[
        list[Path],
        typer.Argument(
            help="COCO or LabelMe files, CVAT's annotations.xml, YOLO's data.yaml, or folders of these.",
            metavar="ANNOTATIONS [...]",
        ),
    ],
    images: Annotated[
        Path | None, typer.Option(help="The folder that holds the images, if not that of the files.", metavar="DATA")
    ] = None,
    rest: Annotated[
        str | None, typer.Option(help="The class of what nothing is drawn around; without, none.", metavar="CLASS")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Draw the outlines of an annotation tool as masks to train on."""
    from pixelproof.numbers import counted
    from pixelproof.terminal import console
    from pixelproof.verbs.masks import draw_masks

    found = draw_masks(annotations, images, rest)
    if json:
        print_json(found)
        return
    printed = console()
    printed.print(class_table(found["classes"]))
    printed.print(f"{counted(found['images'], 'mask')} in {found['folder']}", soft_wrap=True)
    for key, what in (
        ("left_out", "image without a class left out"),
        ("missing", "image not found left out"),
        ("undrawn", "shape without an area left out"),
        ("unoutlined", "image left out, where --rest would take a thing without an outline for the rest"),
        ("covered", "pixel drawn over with another class: what was drawn last counts"),
    ):
        if found[key]:
            first, _, others = what.partition(" ")
            printed.print(f"{counted(found[key], first)} {others}", soft_wrap=True)
    folder = shlex.quote(found["folder"])
    printed.print(f"look at them: pixelproof doctor {folder} --out look", soft_wrap=True)
    printed.print(f"then: pixelproof train {folder} --model fcn8s", soft_wrap=True)
