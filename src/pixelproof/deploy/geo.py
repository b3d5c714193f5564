"""The geospatial libraries, which come with the extra ``geo``: everything in this package takes them from here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.array_types import Bool, Float64
from pixelproof.data.coordinates import has_degrees, located, transformed
from pixelproof.data.rasters import CACHE, HOW, CPLE_BaseError, RasterioError, explained, open_raster, rasterio
from pixelproof.errors import UserError
from pixelproof.windows import Window

try:
    import rasterio.features
    import rasterio.shutil
    import shapely
    import shapely.affinity

    if find_spec("pyogrio") is None:  # imported where it is needed: it brings pandas, and few maps want polygons
        raise ModuleNotFoundError(name="pyogrio")
except ModuleNotFoundError as missing:
    raise UserError(f"maps need {missing.name}, which is not installed", HOW) from missing

__all__ = [
    "CPLE_BaseError",
    "RasterioError",
    "as_window",
    "degrees",
    "has_degrees",
    "lies",
    "located",
    "middle_longitude",
    "open_raster",
    "outline",
    "placed",
    "rasterio",
    "shapely",
    "transformed",
]

STEPS = 64
"""Points along each edge of a raster that stand for all of it."""
ASTRAY = 100.0
"""Metres by which a point may miss itself on its way to degrees and back; some projections have no exact way back."""


@contextmanager
def placed(path: Path, window: Window, cache: int = CACHE) -> Iterator[Any]:
    """Give a window of a raster as rasterio takes it; what GDAL raises while it is read becomes one sentence."""
    with explained(path, f" in rows {window.top} to {window.top + window.height}", cache):
        yield as_window(window)


def as_window(window: Window) -> Any:
    """Return a window as rasterio takes it."""
    return rasterio.windows.Window(window.left, window.top, window.width, window.height)


def lies(raster: Any) -> bool:
    """Return whether a raster, by its ``crs`` and ``transform``, says where it lies."""
    return raster.crs is not None and not raster.transform.is_identity and not raster.transform.is_degenerate


def outline(height: int, width: int) -> tuple[Float64, Float64]:
    """Return columns and rows of points once around a raster, [4 * STEPS] each, in pixels from its upper left."""
    step, start, end = np.arange(STEPS) / STEPS, np.zeros(STEPS), np.ones(STEPS)
    return width * np.concatenate([step, end, 1 - step, start]), height * np.concatenate([start, step, end, 1 - step])


def degrees(crs: Any, x: Float64, y: Float64, middle: float | None = None) -> tuple[Float64, Float64]:
    """Return longitude and latitude of points in a CRS, [N] each; longitudes run on across the date line.

    Args:
        crs: Their CRS.
        x: Easting or longitude.
        y: Northing or latitude.
        middle: A longitude amid the points, from which they are counted; None where ``x`` itself runs on.
    """
    longitude, latitude = transformed(crs, "EPSG:4326", x, y)
    if not crs.is_geographic and not _is_cylindrical(crs):
        astray = _astray(crs, x, y, longitude, latitude)
        longitude, latitude = (np.where(astray, np.inf, values) for values in (longitude, latitude))
    turns = (longitude - (x * math.degrees(crs.units_factor[1]) if middle is None else middle)) / 360
    # What lies half a turn away, as both edges of a map of the world do, stays where it is.
    with np.errstate(invalid="ignore"):  # of what is beyond the Earth
        return longitude - 360 * np.round(turns * (1 - 1e-9)), latitude


def _astray(crs: Any, x: Float64, y: Float64, longitude: Float64, latitude: Float64) -> Bool:
    """Return which points, [N], lie beside the outline of the globe.

    Many projections answer there with a place on the globe's other side, whose way back leads elsewhere.
    """
    # Iterations that find no way back end at any latitude, and PROJ complains of each that is none.
    known = np.flatnonzero(np.isfinite(longitude) & (np.abs(latitude) <= 90))
    back_x, back_y = transformed("EPSG:4326", crs, longitude[known], latitude[known])
    with np.errstate(invalid="ignore"):
        missed = ~(np.hypot(back_x - x[known], back_y - y[known]) * crs.linear_units_factor[1] < ASTRAY)
    # What lies on the outline itself may be answered with either side.
    astray = np.ones(len(x), np.bool_)
    astray[known] = missed & ~np.isclose(np.abs(longitude[known]), 180, rtol=0, atol=1e-6)
    return astray


@lru_cache(maxsize=16)
def _is_cylindrical(crs: Any) -> bool:
    """Return whether meridians are parallel lines, so that what lies a turn further on is the same place again."""
    # Two meridians, for the middle one is straight in many others.
    longitudes, latitudes = np.array([10.0, 10.0, 100.0, 100.0]), np.array([0.0, 50.0, 0.0, 50.0])
    x, _ = transformed("EPSG:4326", crs, longitudes, latitudes)
    with np.errstate(invalid="ignore"):  # of what is beyond the projection
        return bool((np.abs(x[::2] - x[1::2]) * crs.linear_units_factor[1] < 1).all())


def middle_longitude(crs: Any, transform: Any, height: int, width: int) -> float | None:
    """Return the longitude amid a raster, as ``degrees`` wants it."""
    if crs.is_geographic:
        return None
    (longitude,), _ = transformed(crs, "EPSG:4326", *located(transform, np.array([width / 2]), np.array([height / 2])))
    return float(longitude) if np.isfinite(longitude) else 0.0
