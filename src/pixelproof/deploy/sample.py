"""``sample``: points in each class of a map, drawn at random, for a person to say what is there."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.deploy.chips import chips, outlines
from pixelproof.deploy.class_map import ClassMap
from pixelproof.deploy.draw import Drawn, draw
from pixelproof.deploy.geo import lies, located, transformed
from pixelproof.deploy.raster import Scene
from pixelproof.deploy.settings import MapSettings
from pixelproof.errors import UserError, require_utf8
from pixelproof.labels import class_colors
from pixelproof.numbers import HECTARE, counted
from pixelproof.progress import say, track
from pixelproof.report.label_page import LabelPicture, label_page, label_picture
from pixelproof.runs.atomic import fresh_folder, is_free
from pixelproof.runs.files import AnyPath, write_text
from pixelproof.runs.points_folder import PAGE, Design, save_points
from pixelproof.schema import parse


def sample_map(
    map: AnyPath,
    out: AnyPath,
    scene: AnyPath | None = None,
    labels: AnyPath | None = None,
    points: int = 300,
    least: int = 30,
    seed: int = 0,
    bands: tuple[int, ...] | None = None,
    stretch: str | None = None,
) -> Design:
    """Draw points from a map, and write them for a person to say what is there.

    Args:
        map: A GeoTIFF, PNG or VRT of classes, of ``map`` or of any other program.
        out: Folder for the points, which must not be there yet.
        scene: An image of the same ground; with it comes a page to look at each point and choose its class.
        labels: A ``labels.yaml``, where the map does not name its classes.
        points: How many in all.
        least: How many in each class at least; the rest goes to classes by their area.
        seed: Decides which.
        bands: Of the scene, red, green and blue.
        stretch: Values of the scene that are black and white, as of ``map``.

    Raises:
        UserError: Something cannot be read or written, or the points are too few for the classes.
    """
    path, folder = Path(map), Path(out).resolve()
    if not is_free(folder):
        raise UserError(f"{folder} already exists", "choose another --out, for somebody may have worked on its points")
    if points < 1 or least < 1:
        raise UserError(f"{points} points, {least} in each class, are none", "give at least one of each")
    if scene is None and (bands or stretch):
        raise UserError("bands and stretch are of a scene, and none is given", "give a --scene, or leave them out")
    require_utf8(path)
    settings = parse(MapSettings, {"bands": bands, "stretch": stretch}, "sample")
    with closing(ClassMap(path, Path(labels) if labels else None)) as source, ExitStack() as opened:
        if source.ground.doubt:
            say(f"warning: {path}: {source.ground.doubt}")
        seen = opened.enter_context(closing(_opened(Path(scene), settings, source))) if scene else None
        drawn = draw(source, points, least, seed)
        design, lines = _design(source, drawn, seed), _lines(source, drawn)
        with fresh_folder(folder) as temporary:
            save_points(temporary, design, lines)
            if seen:
                page = label_page(path.name, design, lines, _pictures(seen, source, drawn))
                write_text(temporary / PAGE, page)
    return design


def _opened(path: Path, settings: MapSettings, source: ClassMap) -> Scene:
    """Return the scene, with what is to be said of it said before the map is read, which may take minutes."""
    scene = Scene(path, settings)
    try:
        say(scene.reading)
        if scene.doubt:
            say(f"warning: {scene.doubt}")
        outlines(scene, source, *np.zeros((2, 1), np.int64))
    except UserError:
        scene.close()
        raise
    return scene


def _design(source: ClassMap, drawn: Drawn, seed: int) -> Design:
    colors = class_colors(source.scheme).tolist()
    measured = zip(source.scheme.classes, colors[: len(drawn.pixels)], drawn.pixels, drawn.areas, strict=True)
    points = zip(drawn.mapped, drawn.columns, drawn.rows, drawn.weights, strict=True)
    values = {
        "map": source.path.name,
        "height": source.height,
        "width": source.width,
        "crs": source.crs.to_wkt() if lies(source) else None,
        "transform": tuple(source.transform)[:6] if lies(source) else None,
        "areas": source.ground.method,
        "seed": seed,
        "classes": [
            # In one line of text, as a table gives it back.
            {"name": " ".join(c.name.split()), "id": c.id, "color": color, "pixels": int(pixels), "area": float(area)}
            for c, color, pixels, area in measured
        ],
        "points": [
            {"mapped": int(mapped), "column": int(column), "row": int(row), "weight": float(weight)}
            for mapped, column, row, weight in points
        ],
    }
    return parse(Design, values, str(source.path))


def _lines(source: ClassMap, drawn: Drawn) -> list[str]:
    """Return the table of points but for their truth: number, x, y, longitude, latitude, column and row."""
    columns, rows = (place.astype(np.float64) + 0.5 for place in (drawn.columns, drawn.rows))
    places = np.full((4, len(columns)), np.nan)
    if lies(source):
        places[:2] = located(source.transform, columns, rows)
        if not source.ground.doubt:  # what is called degrees and cannot be is none
            places[2:] = transformed(source.crs, "EPSG:4326", *places[:2])
    written = [",".join(map(_coordinate, place)) for place in places.T]
    return [
        f"{number},{place},{column},{row}"
        for number, (place, column, row) in enumerate(zip(written, drawn.columns, drawn.rows, strict=True), 1)
    ]


def _coordinate(value: float) -> str:
    """Return a coordinate with all decimals that matter in metres or degrees; nothing where there is none."""
    return f"{value:.7f}".rstrip("0").rstrip(".") if np.isfinite(value) else ""


def _pictures(scene: Scene, source: ClassMap, drawn: Drawn) -> list[LabelPicture | None]:
    """Return what is seen around each point.

    Raises:
        UserError: All lie beyond the scene.
    """
    outlined = outlines(scene, source, drawn.columns, drawn.rows)
    order = np.argsort(outlined[:, 0, 1])  # from top to bottom, as files are read
    pictures: list[LabelPicture | None] = [None] * len(order)
    for place, cut in zip(order, track(chips(scene, outlined[order]), "cut out", len(order), "points"), strict=True):
        pictures[place] = label_picture(*cut) if cut else None
    missing = pictures.count(None)
    if missing == len(pictures):
        raise UserError(f"no point of {source.path} lies on {scene.path}", "give an image of the same ground")
    if missing:
        say(f"warning: {counted(missing, 'point')} of {len(order):,} lie beyond {scene.path} and have no picture")
    return pictures


def describe_sample(design: Design) -> list[dict[str, Any]]:
    """Return name, share of the area, hectares (None where not known) and points of each class."""
    total = sum(each.area for each in design.classes)
    drawn = [point.mapped for point in design.points]
    return [
        {
            "name": each.name,
            "share": each.area / total,
            "hectares": each.area / HECTARE if design.areas else None,
            "points": drawn.count(place),
        }
        for place, each in enumerate(design.classes)
    ]
