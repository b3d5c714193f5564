"""``pixelproof map``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pixelproof.cli.options import DeviceOption, JsonOption, OverwriteOption, RunArgument, parse_scales, print_json

StretchOption = Annotated[
    str | None,
    typer.Option(help="Values of the bands that are black and white: 0,3000 or 2%,98%.", metavar="LOW,HIGH,…"),
]
ScalesOfTiles = Annotated[
    str | None, typer.Option(metavar="SIZES", help="Sizes of each tile to average over, such as 0.5,0.75,1.")
]
BackendWhereItPays = Annotated[
    str | None,
    typer.Option(
        help="torch, onnxruntime, openvino, ncnn, or auto: the fastest that gives the same answer. By default auto "
        "where the raster is large enough to pay for a trial, else torch."
    ),
]


def map_scene(
    run: RunArgument,
    scene: Annotated[Path, typer.Argument(help="GeoTIFF, PNG, JPEG, JPEG 2000 or VRT.", metavar="SCENE")],
    out: Annotated[Path, typer.Option(help="The map to write.", metavar="MAP.tif")],
    polygons: Annotated[Path | None, typer.Option(help="Also as polygons: FILE.gpkg or FILE.geojson.")] = None,
    simplify: Annotated[float, typer.Option(min=0.0, help="Tolerance of their outlines in metres.")] = 0.0,
    probabilities: Annotated[Path | None, typer.Option(help="Also the classes' probabilities, as bands.")] = None,
    bands: Annotated[str | None, typer.Option(help="The network's bands: red, green, blue.", metavar="N,N,N")] = None,
    nodata: Annotated[float | None, typer.Option(help="Value of pixels without data.")] = None,
    stretch: StretchOption = None,
    tile: Annotated[int | None, typer.Option(min=1, help="Side of a tile in pixels; more takes more memory.")] = None,
    tta: Annotated[bool, typer.Option("--tta", help="Average over flips and quarter turns of each tile.")] = False,
    scales: ScalesOfTiles = None,
    device: DeviceOption = "auto",
    backend: BackendWhereItPays = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Map a raster of any size: a GeoTIFF of classes, their shares and areas.

    An interrupted map goes on where it was when the same command is given again.
    """
    from pixelproof.deploy.map import map_scene
    from pixelproof.deploy.settings import parse_bands

    facts = map_scene(
        run,
        scene,
        out,
        bands=parse_bands(bands) if bands else None,
        stretch=stretch or None,
        nodata=nodata,
        tile=tile,
        tta=tta,
        scales=parse_scales(scales),
        polygons=polygons,
        simplify=simplify,
        probabilities=probabilities,
        device=device,
        backend=backend,
        overwrite=overwrite,
    )
    (print_json if json else _print)(facts)


def _print(facts: dict[str, Any]) -> None:
    """Print shares and areas of the classes, largest first, and what was written."""
    from pixelproof.terminal import add_row, console, table

    classes = table("class", "%", "pixels", *(["hectares"] if facts["areas"] else []))
    for name, found in sorted(facts["classes"].items(), key=lambda item: -item[1]["pixels"]):
        share = "–" if found["share"] is None else f"{100 * found['share']:.2f}"
        area = [f"{found['hectares']:,.2f}"] if facts["areas"] else []
        add_row(classes, name, share, f"{found['pixels']:,}", *area)
    out = console()
    out.print(classes)
    for line in _lines(facts):
        out.print(line, soft_wrap=True)


def _lines(facts: dict[str, Any]) -> list[str]:
    crs = facts["scene"]["crs"] or ""
    # One without a code is told by its whole definition.
    code = f", {crs}" if len(crs) < 20 else ""
    measured = {
        "planimetric": f"areas are those of the raster's own projection{code}",
        "ellipsoidal": "areas are measured on the ellipsoid, because the raster's own coordinates distort them",
        None: "no areas, because the raster does not say how large its pixels are",
    }
    lines = [f"{facts['pixels']:,} pixels, {facts['nodata_pixels']:,} without data; {measured[facts['areas']]}"]
    seconds = facts["seconds"]
    lines.append(
        f"{seconds['total']:.0f} s, {seconds['network']:.0f} s of them in the network, computed by {facts['backend']}"
    )
    if facts["polygons"]:
        lines.append(f"{facts['polygons']['count']:,} polygons: {facts['polygons']['file']}")
    if facts["probabilities"]:
        lines.append(f"probabilities: {facts['probabilities']}")
    return [*lines, f"map: {facts['map']}"]
