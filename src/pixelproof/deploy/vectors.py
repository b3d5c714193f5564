"""Polygons as a GeoPackage in the raster's own CRS, or as GeoJSON in WGS 84, as its RFC 7946 wants it."""

from __future__ import annotations

import itertools
import json
import math
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Float64
from pixelproof.deploy.areas import CELL, Ground
from pixelproof.deploy.geo import degrees, located, middle_longitude, outline, shapely, transformed
from pixelproof.deploy.legend import Legend
from pixelproof.deploy.raster import Scene
from pixelproof.deploy.settings import POLYGONS
from pixelproof.errors import UserError, explain_os_error
from pixelproof.numbers import HECTARE
from pixelproof.progress import say

BATCH = 5000  # polygons that are written at once
GEOPACKAGE = "write polygons to a .gpkg"
DECIMALS = 7  # of degrees in GeoJSON: a centimetre


def check_polygons(path: Path, scene: Scene) -> None:
    """Refuse polygons that could not be written once they are known, and name those that will lie nowhere.

    Raises:
        UserError: GeoJSON is asked for, and the raster does not say where on Earth it lies, or holds a pole.
    """
    if POLYGONS[path.suffix.lower()] != "GeoJSON":
        if scene.transform.is_identity:
            say(f"warning: {scene.path} has no transform, so a GIS does not lay its polygons on it: they are in pixels")
        return
    if scene.crs is None or scene.transform.is_identity:
        missing = "CRS" if scene.crs is None else "transform"
        raise UserError(f"{scene.path} has no {missing}, and GeoJSON knows only longitude and latitude", GEOPACKAGE)
    if not np.isfinite(_longitudes_around(scene)).any():
        raise UserError(f"{scene.path} does not say where on Earth it lies, as GeoJSON does", GEOPACKAGE)
    if _holds_pole(scene):
        raise UserError(f"{scene.path} holds a pole, where the longitudes of GeoJSON end", GEOPACKAGE)


def _holds_pole(scene: Scene) -> bool:
    """Return whether longitude runs once around the Earth along the raster's edge."""
    if scene.crs.is_geographic:
        return False
    longitude = _longitudes_around(scene)[:-1]
    found = longitude[np.isfinite(longitude)]
    if not len(found):
        return False
    around = np.unwrap(np.append(found, found[0]), period=360)
    return abs(float(around[-1] - around[0])) > 180


def _longitudes_around(scene: Scene) -> Float64:
    """Return longitudes along a raster's edge, and that of its middle; infinite beyond the Earth."""
    columns, rows = outline(scene.height, scene.width)
    columns, rows = np.append(columns, scene.width / 2), np.append(rows, scene.height / 2)
    return transformed(scene.crs, "EPSG:4326", *located(scene.transform, columns, rows))[0]


def write_polygons(
    path: Path, polygons: Iterable[tuple[int, Any]], scene: Scene, legend: Legend, ground: Ground
) -> int:
    """Write polygons with the id and name of their class and their area, and return how many there are.

    Args:
        path: The file; its suffix decides the format.
        polygons: Map values and outlines in pixels; those without data are left out.
        scene: What was mapped.
        legend: Of the values.
        ground: Gives areas in hectares; they are left out where it cannot.

    Raises:
        UserError: The file cannot be written; a disk that fills is the usual reason.
    """
    driver = POLYGONS[path.suffix.lower()]
    write = {"GPKG": _write_geopackage, "GeoJSON": _write_geojson}[driver]
    count = 0
    try:
        for batch in _batches(item for item in polygons if item[0] != legend.nodata):
            values = np.array([value for value, _ in batch], np.int32)
            outlines = np.array([outline for _, outline in batch], object)
            write(path, outlines, _fields(values, outlines, legend, ground), scene, count)
            count += len(batch)
        if driver == "GeoJSON":
            with path.open("a", encoding="utf-8") as file:
                file.write("\n]}\n")
    except OSError as error:
        raise explain_os_error(error, path) from error
    return count


def _fields(values: npt.NDArray[Any], outlines: npt.NDArray[Any], legend: Legend, ground: Ground) -> dict[str, Any]:
    names = dict(zip(legend.ids, legend.names, strict=True))
    fields: dict[str, Any] = {"id": values, "class": np.array([names[v] for v in values.tolist()], object)}
    if ground.method:
        fields["hectares"] = _square_metres(outlines, ground) / HECTARE
    return fields


def _square_metres(outlines: npt.NDArray[Any], ground: Ground) -> Float64:
    """Return the areas of outlines given in pixels, [N]; not-a-number where one reaches beyond the Earth."""
    # What is straight in the raster may be bent in the plane; it is followed as closely as pixels are counted.
    bent = shapely.segmentize(outlines, CELL)
    points, owner = shapely.get_coordinates(bent, return_index=True)
    plane = np.stack(ground.plane(*points.T), axis=1)
    known = np.isfinite(plane)
    areas: Float64 = shapely.area(shapely.set_coordinates(bent, np.where(known, plane, 0)))
    areas[owner[~known.all(axis=1)]] = np.nan
    return areas


def _write_geopackage(path: Path, outlines: Any, fields: dict[str, Any], scene: Scene, written: int) -> None:
    import pyogrio

    placed = shapely.transform(outlines, lambda points: np.stack(located(scene.transform, *points.T), axis=1))
    options = {"layer": "classes", "driver": "GPKG", "geometry_type": "Polygon", "append": written > 0}
    options["crs"] = scene.crs.to_wkt() if scene.crs is not None else None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        try:
            pyogrio.raw.write(path, shapely.to_wkb(placed), list(fields.values()), list(fields), **options)
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError) as error:
            why = str(error).splitlines()[0].rpartition(": ")[2].rstrip(".")  # before it stands SQL
            raise UserError(
                f"the polygons cannot be written to the disk ({why})",
                "free some space and run the same command again: it goes on where it was",
            ) from None


def _write_geojson(path: Path, outlines: Any, fields: dict[str, Any], scene: Scene, written: int) -> None:
    """Append features; ``write_polygons`` ends the collection.

    What is straight in the raster is followed as closely as for its area.
    """
    middle = middle_longitude(scene.crs, scene.transform, scene.height, scene.width)

    def on_earth(points: Float64) -> Float64:
        found = np.stack(degrees(scene.crs, *located(scene.transform, *points.T), middle), axis=1)
        if not np.isfinite(found).all():
            raise UserError(f"{scene.path} reaches beyond the Earth, where GeoJSON has no coordinates", GEOPACKAGE)
        return found

    bent = shapely.transform(shapely.segmentize(outlines, CELL), on_earth)
    placed = shapely.orient_polygons([_cut_at_date_line(each) for each in bent])
    with path.open("a" if written else "w", encoding="utf-8") as file:
        if not written:
            file.write('{"type": "FeatureCollection", "features": [')
        columns = [values.tolist() for values in fields.values()]
        for number, (outline, *values) in enumerate(zip(shapely.to_geojson(placed), *columns, strict=True)):
            properties = json.dumps(dict(zip(fields, values, strict=True)), ensure_ascii=False)
            file.write("," * (written + number > 0))
            file.write(f'\n{{"type": "Feature", "properties": {properties}, "geometry": {outline}}}')


def _cut_at_date_line(outline: Any) -> Any:
    """Return an outline, whose longitudes may run on beyond 180 degrees, between -180 and 180 degrees."""
    west, _, east, _ = outline.bounds
    pieces = [outline]
    if west < -180 or east > 180:
        turns = range(math.ceil((west - 180) / 360), math.floor((east + 180) / 360) + 1)
        pieces = [
            shapely.affinity.translate(piece, -360 * turn)
            for turn in turns
            for piece in shapely.get_parts(outline & shapely.box(360 * turn - 180, -90, 360 * turn + 180, 90))
            if piece.geom_type == "Polygon"
        ]
    rounded = [shapely.transform(piece, lambda points: points.round(DECIMALS)) for piece in pieces]
    return rounded[0] if len(rounded) == 1 else shapely.MultiPolygon(rounded)


def _batches(items: Iterable[tuple[int, Any]]) -> Iterator[list[tuple[int, Any]]]:
    """Yield items in lists; where there are none, one empty list, so that an empty file is written."""
    iterator = iter(items)
    batch = list(itertools.islice(iterator, BATCH))
    yield batch
    while batch := list(itertools.islice(iterator, BATCH)):
        yield batch
