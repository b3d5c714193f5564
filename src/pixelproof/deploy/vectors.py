"""Polygons as a GeoPackage in the raster's own CRS, or as GeoJSON in WGS 84, as its RFC 7946 wants it."""

from __future__ import annotations

import itertools
import json
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixelproof.deploy.areas import Ground
from pixelproof.deploy.geo import located, rasterio, shapely
from pixelproof.deploy.legend import Legend
from pixelproof.deploy.raster import Scene
from pixelproof.deploy.settings import POLYGONS
from pixelproof.deploy.tally import HECTARE
from pixelproof.errors import UserError
from pixelproof.runs.atomic import explain_os_error

BATCH = 5000  # polygons that are written at once
DECIMALS = 7  # of degrees in GeoJSON: a centimetre
Points = npt.NDArray[np.float64]


def check_polygons(path: Path, scene: Scene) -> None:
    """Refuse polygons that could not be written once they are known.

    Raises:
        UserError: GeoJSON is asked for, and the raster does not say where on Earth it lies.
    """
    if POLYGONS[path.suffix.lower()] == "GeoJSON" and scene.crs is None:
        raise UserError(
            f"{scene.path} has no CRS, and GeoJSON knows only longitude and latitude", "write polygons to a .gpkg"
        )


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
        plane = shapely.transform(outlines, lambda points: np.stack(ground.plane(*points.T), axis=1))
        fields["hectares"] = shapely.area(plane) / HECTARE
    return fields


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
            raise UserError(
                f"{path.name} cannot be written ({str(error).splitlines()[0].rstrip('.')})",
                "free some space and run the same command again: it goes on where it was",
            ) from None


def _write_geojson(path: Path, outlines: Any, fields: dict[str, Any], scene: Scene, written: int) -> None:
    """Append features; ``write_polygons`` ends the collection."""

    def degrees(points: Points) -> Points:
        x, y = located(scene.transform, *points.T)
        return np.stack(rasterio.warp.transform(scene.crs, "EPSG:4326", x.tolist(), y.tolist()), axis=1).round(DECIMALS)

    placed = shapely.orient_polygons(shapely.transform(outlines, degrees))
    with path.open("a" if written else "w", encoding="utf-8") as file:
        if not written:
            file.write('{"type": "FeatureCollection", "features": [')
        columns = [values.tolist() for values in fields.values()]
        for number, (outline, *values) in enumerate(zip(shapely.to_geojson(placed), *columns, strict=True)):
            properties = json.dumps(dict(zip(fields, values, strict=True)), ensure_ascii=False)
            file.write("," * (written + number > 0))
            file.write(f'\n{{"type": "Feature", "properties": {properties}, "geometry": {outline}}}')


def _batches(items: Iterable[tuple[int, Any]]) -> Iterator[list[tuple[int, Any]]]:
    """Yield items in lists; where there are none, one empty list, so that an empty file is written."""
    iterator = iter(items)
    batch = list(itertools.islice(iterator, BATCH))
    yield batch
    while batch := list(itertools.islice(iterator, BATCH)):
        yield batch
