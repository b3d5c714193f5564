"""``pixelproof sample``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.map import StretchOption


def sample(
    map: Annotated[Path, typer.Argument(help="A raster of classes, of 'pixelproof map' or any other.", metavar="MAP")],
    out: Annotated[Path, typer.Option(help="A new folder for the points.", metavar="POINTS")],
    scene: Annotated[
        Path | None, typer.Option(help="An image of the ground: adds a page to look at each point and choose a class.")
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="A labels.yaml, if the map does not name its classes.")] = None,
    points: Annotated[int, typer.Option(min=1, help="Points in all.")] = 300,
    least: Annotated[int, typer.Option(min=1, help="Points in each class at least; the rest goes by area.")] = 30,
    seed: Annotated[int, typer.Option(help="Decides where they lie.")] = 0,
    bands: Annotated[str | None, typer.Option(help="Of the scene: red, green, blue.", metavar="N,N,N")] = None,
    stretch: StretchOption = None,
) -> None:
    """Draw points from a map for a person to look up, so that 'assess' can say how good the map is."""
    from pixelproof.deploy.sample import describe_sample, sample_map
    from pixelproof.deploy.settings import parse_bands
    from pixelproof.runs.points_folder import PAGE, POINTS
    from pixelproof.terminal import add_row, console, table

    parsed = parse_bands(bands) if bands else None
    rows = describe_sample(sample_map(map, out, scene, labels, points, least, seed, parsed, stretch or None))
    shown = table("class", "% of the map", *(["hectares"] if rows[0]["hectares"] is not None else []), "points")
    for row in sorted(rows, key=lambda row: -row["share"]):
        area = [f"{row['hectares']:,.2f}"] if row["hectares"] is not None else []
        add_row(shown, row["name"], f"{100 * row['share']:.2f}", *area, f"{row['points']:,}")
    printed = console()
    printed.print(shown)
    how = f"open {out / PAGE} in a browser, or " if scene else ""
    printed.print(f"say what is at each point: {how}fill the column 'truth' of {out / POINTS}", soft_wrap=True)
    printed.print(f"then: pixelproof assess {out}", soft_wrap=True)
