"""Where pixels lie: coordinates of a raster's points, in its own CRS and in another."""

from __future__ import annotations

from typing import Any

import numpy as np

from pixelproof.array_types import Float64
from pixelproof.data.rasters import CPLE_BaseError, RasterioError, rasterio


def located(transform: Any, columns: Float64, rows: Float64) -> tuple[Float64, Float64]:
    """Return the coordinates of points given in pixels from the upper left corner."""
    # Written out, because the operator that applies a transform differs between versions of affine.
    a, b, c, d, e, f, *_ = transform
    return a * columns + b * rows + c, d * columns + e * rows + f


def transformed(source: Any, target: Any, x: Float64, y: Float64) -> tuple[Float64, Float64]:
    """Return coordinates of one CRS in another, [N] each; infinite where a point is beyond what either covers."""
    try:
        found = rasterio.warp.transform(source, target, x.tolist(), y.tolist())
    except (RasterioError, CPLE_BaseError):  # one such point makes GDAL refuse them all
        if len(x) == 1:
            return np.full(1, np.inf), np.full(1, np.inf)
        half = len(x) // 2
        parts = [transformed(source, target, x[part], y[part]) for part in (slice(half), slice(half, None))]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    return np.array(found[0]), np.array(found[1])


def has_degrees(crs: Any, x: Float64, y: Float64) -> bool:
    """Return whether places in a CRS have degrees: no way leads to them from another planet and some projections.

    Tried are the points given, and the poles and points of the equator.
    """
    places = transformed("EPSG:4326", crs, np.array([0.0, 0, 0, 90, 180, -90]), np.array([90.0, -90, 0, 0, 0, 0]))
    return any(bool(np.isfinite(transformed(crs, "EPSG:4326", *points)[0]).any()) for points in ((x, y), places))
