"""``pixelproof cut``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from pixelproof.cli.class_table import class_table
from pixelproof.cli.options import JsonOption, print_json


def cut(
    scenes: Annotated[
        list[Path],
        typer.Argument(
            help="Rasters that say where they lie, folders of these, or one that does not.", metavar="SCENE [...]"
        ),
    ],
    labels: Annotated[
        Path,
        typer.Option(
            help="Polygons, or a raster of classes, of the same ground in any CRS; or a raster of the same pixels; "
            "or a folder with a raster for each scene, called alike.",
            metavar="FILE|FOLDER",
        ),
    ],
    out: Annotated[Path, typer.Option(help="A new folder for images and masks.", metavar="DATA")],
    field: Annotated[str | None, typer.Option(help="What names the class of a polygon.", metavar="NAME")] = None,
    layer: Annotated[str | None, typer.Option(help="Which layer holds the polygons.", metavar="NAME")] = None,
    called: Annotated[str | None, typer.Option("--as", help="The class of all polygons.", metavar="CLASS")] = None,
    rest: Annotated[
        str | None, typer.Option(help="The class of ground under no polygon; without, it is of none.", metavar="CLASS")
    ] = None,
    classes: Annotated[
        Path | None, typer.Option(help="A labels.yaml, if a raster does not name its classes.", metavar="FILE")
    ] = None,
    side: Annotated[int, typer.Option(help="Pixels a side of an image, or nearly so.")] = 512,
    json: JsonOption = False,
) -> None:
    """Cut scenes and what is known of their ground into images and masks to train on."""
    from pixelproof.deploy.cut import GROUPS, cut_scenes

    found = cut_scenes(scenes, labels, out, field, layer, called, rest, classes, side)
    if json:
        print_json(found | {"groups": GROUPS})
    else:
        _print(found, out, GROUPS)


def _print(found: dict[str, Any], out: Path, groups: str) -> None:
    from pixelproof.numbers import counted
    from pixelproof.terminal import console

    printed = console()
    printed.print(class_table(found["classes"]))
    printed.print(f"{counted(found['tiles'], 'image')} in {out}; {found['left_out']:,} without a class left out")
    if found["contested"]:
        printed.print(f"{counted(found['contested'], 'pixel')} in polygons of several classes are of none")
    if found["unnamed"]:
        printed.print(f"{counted(found['unnamed'], 'polygon')} without a class left out")
    folder = shlex.quote(str(out))
    printed.print(f"look at them: pixelproof doctor {folder} --out look", soft_wrap=True)
    then = f"pixelproof train {folder} --model fcn8s --set 'groups={groups}'"
    printed.print(f"then keep neighbours together: {then}", soft_wrap=True)
