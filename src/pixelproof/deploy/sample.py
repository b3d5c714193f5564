"""``sample``: points in each class of a map, drawn at random, for a person to say what is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.array_types import Float64
from pixelproof.deploy.chips import chips, outlines
from pixelproof.deploy.class_map import ClassMap
from pixelproof.deploy.draw import Drawn, draw
from pixelproof.deploy.geo import located, transformed
from pixelproof.deploy.raster import Scene
from pixelproof.deploy.settings import MapSettings
from pixelproof.errors import UserError, require_utf8
from pixelproof.labels import class_colors
from pixelproof.numbers import counted
from pixelproof.progress import say, track
from pixelproof.report.label_page import LabelPoint, label_page
from pixelproof.runs.atomic import fresh_folder
from pixelproof.runs.files import AnyPath, write_text
from pixelproof.runs.points_folder import PAGE, Design, DrawnPoint, MappedClass, save_points
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
    path, folder = Path(map), Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} already exists", "choose another --out, for somebody may have worked on its points")
    if points < 1 or least < 1:
        raise UserError(f"{points} points, {least} in each class, are none", "give at least one of each")
    require_utf8(path)
    settings = parse(MapSettings, {"bands": bands, "stretch": stretch}, "sample")
    with closing(ClassMap(path, Path(labels) if labels else None)) as source:
        drawn = draw(source, points, least, seed)
        design, lines = _design(source, drawn, seed), _lines(source, drawn)
        with fresh_folder(folder) as temporary:
            save_points(temporary, design, lines)
            if scene:
                with closing(Scene(Path(scene), settings)) as seen:
                    say(seen.reading)
                    page = label_page(path.name, design, lines, _pictures(seen, source, drawn))
                write_text(temporary / PAGE, page)
    return design


def _design(source: ClassMap, drawn: Drawn, seed: int) -> Design:
    colors = class_colors(source.scheme).tolist()
    lies = source.crs is not None and not source.transform.is_identity
    return Design(
        map=source.path.name,
        crs=source.crs.to_wkt() if source.crs is not None else None,
        transform=tuple(source.transform)[:6] if lies else None,
        areas=source.ground.method,
        seed=seed,
        classes=tuple(
            MappedClass(name=each.name, id=each.id, color=tuple(colors[k]), pixels=drawn.pixels[k], area=drawn.areas[k])
            for k, each in enumerate(source.scheme.classes)
        ),
        points=tuple(
            DrawnPoint(mapped=mapped, column=column, row=row)
            for mapped, column, row in zip(
                drawn.mapped.tolist(), drawn.columns.tolist(), drawn.rows.tolist(), strict=True
            )
        ),
    )


def _lines(source: ClassMap, drawn: Drawn) -> list[str]:
    """Return the table of points but for their truth: number, x, y, longitude, latitude, column and row."""
    columns, rows = (place.astype(np.float64) + 0.5 for place in (drawn.columns, drawn.rows))
    places = np.full((4, len(columns)), np.nan)
    if source.crs is not None and not source.transform.is_identity:
        places[:2] = located(source.transform, columns, rows)
        places[2:] = transformed(source.crs, "EPSG:4326", *places[:2])
    written = [",".join(map(_coordinate, place)) for place in places.T]
    return [
        f"{number},{place},{column},{row}"
        for number, (place, column, row) in enumerate(zip(written, drawn.columns, drawn.rows, strict=True), 1)
    ]


def _coordinate(value: float) -> str:
    """Return a coordinate with all decimals that matter in metres or degrees; nothing where there is none."""
    return f"{value:.7f}".rstrip("0").rstrip(".") if np.isfinite(value) else ""


def _pictures(scene: Scene, source: ClassMap, drawn: Drawn) -> Iterator[LabelPoint | None]:
    outlined: Float64 = outlines(scene, source, drawn.columns, drawn.rows)
    missing = 0
    for cut in track(chips(scene, outlined), "cut out", len(outlined), "points"):
        missing += cut is None
        yield LabelPoint(*cut) if cut else None
    if missing:
        say(f"warning: {counted(missing, 'point')} of {len(outlined):,} lie beyond {scene.path} and have no picture")


def describe_sample(design: Design) -> list[dict[str, Any]]:
    """Return name, share of the area, hectares (None where not known) and points of each class."""
    total = sum(each.area for each in design.classes)
    drawn = [point.mapped for point in design.points]
    return [
        {
            "name": each.name,
            "share": each.area / total,
            "hectares": each.area / 10_000 if design.areas else None,
            "points": drawn.count(place),
        }
        for place, each in enumerate(design.classes)
    ]
