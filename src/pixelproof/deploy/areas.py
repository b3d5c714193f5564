"""How much ground a pixel covers.

Pixels are taken to a plane in which areas are true, in metres, and measured there: the raster's own plane where it is
a projection that keeps areas within a percent, and otherwise the cylindrical equal-area plane of the ellipsoid. So
hectares are right in degrees, in feet, and in Web Mercator, whose own square metres are 2.4 times too many at 50
degrees of latitude.
"""

from __future__ import annotations

import math
import re
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pixelproof.deploy.geo import RasterioError, located, rasterio

Float = npt.NDArray[np.float64]
Method = Literal["planimetric", "ellipsoidal"]
WGS84 = (6378137.0, 1 / 298.257223563)  # semi-major axis in metres, flattening
DISTORTION = 0.01
"""Where a projection's areas are off by more than this share, the ellipsoid is measured instead."""
CELL = 64
"""Columns of pixels in a row that are measured together; within a cell all count the same."""


class Ground:
    """The ground under a raster.

    Args:
        crs: Its coordinate reference system, or None.
        transform: From columns and rows to coordinates.
        height: In pixels.
        width: Likewise.

    Attributes:
        method: How areas are measured; None where they cannot be.
    """

    def __init__(self, crs: Any, transform: Any, height: int, width: int) -> None:
        self._crs, self._transform = crs, transform
        self._ellipsoid = WGS84
        self._middle = np.array([width / 2]), np.array([height / 2])
        self.method: Method | None = None
        if crs is None:
            return
        if crs.is_geographic:
            self._ellipsoid = _ellipsoid(crs.to_wkt()) or WGS84
            self.method = "ellipsoidal"
        elif crs.is_projected:
            self.method = "planimetric"
            if self._distortion(height, width) > DISTORTION:
                self.method = "ellipsoidal"

    def plane(self, columns: Float, rows: Float) -> tuple[Float, Float]:
        """Return where points of the raster, in pixels from its upper left corner, lie in the plane, in metres."""
        x, y = located(self._transform, columns, rows)
        if self.method == "planimetric":
            metres: float = self._crs.linear_units_factor[1]
            return x * metres, y * metres
        return _equal_area(*self._angles(x, y), *self._ellipsoid)

    @property
    def pixel_side(self) -> float:
        """Side of a square as large as the pixel in the middle, in metres."""
        column, row = (middle.astype(int).item() for middle in self._middle)
        return math.sqrt(self.cells(row, 1, column + 1)[0, -1])

    def cells(self, top: int, height: int, width: int) -> Float:
        """Return the area of a pixel in square metres, [height, cells], for rows cut into cells of ``CELL`` pixels."""
        edges = np.append(np.arange(0, width, CELL), width).astype(np.float64)
        columns, rows = np.meshgrid(edges, np.arange(top, top + height + 1, dtype=np.float64))
        x, y = self.plane(columns, rows)
        # The area of a quadrilateral is half the cross product of its diagonals.
        down_x, down_y = x[1:, 1:] - x[:-1, :-1], y[1:, 1:] - y[:-1, :-1]
        up_x, up_y = x[:-1, 1:] - x[1:, :-1], y[:-1, 1:] - y[1:, :-1]
        area: Float = np.abs(down_x * up_y - down_y * up_x) / 2 / np.diff(edges)
        return area

    def _angles(self, x: Float, y: Float) -> tuple[Float, Float]:
        """Return longitude and latitude in radians; longitudes run on across the date line."""
        if self._crs.is_geographic:
            radians: float = self._crs.units_factor[1]
            return x * radians, np.clip(y * radians, -math.pi / 2, math.pi / 2)
        middle = located(self._transform, *self._middle)
        (origin,), _ = rasterio.warp.transform(self._crs, "EPSG:4326", *middle)
        flat = rasterio.warp.transform(self._crs, "EPSG:4326", np.ravel(x).tolist(), np.ravel(y).tolist())
        longitude, latitude = (np.array(values).reshape(np.shape(x)) for values in flat)
        return np.radians((longitude - origin + 180) % 360 - 180), np.radians(latitude)

    def _distortion(self, height: int, width: int) -> float:
        """Return by what share the projection's areas differ from the ellipsoid's, at worst of corners and middle."""
        a, b, _, d, e, *_ = self._transform
        flat = abs(a * e - b * d) * self._crs.linear_units_factor[1] ** 2
        shares = []
        for column, row in (
            (0, 0),
            (width - 1, 0),
            (0, height - 1),
            (width - 1, height - 1),
            (width // 2, height // 2),
        ):
            columns = np.array([column, column + 1, column + 1, column], np.float64)
            rows = np.array([row, row, row + 1, row + 1], np.float64)
            try:
                x, y = _equal_area(*self._angles(*located(self._transform, columns, rows)), *WGS84)
            except RasterioError:
                continue  # not on the Earth, or beyond what the projection covers
            true = abs((x[2] - x[0]) * (y[3] - y[1]) - (y[2] - y[0]) * (x[3] - x[1])) / 2
            shares.append(abs(flat / true - 1) if np.isfinite(true) and true > 0 else 0.0)
        return max(shares, default=0.0)


def _equal_area(longitude: Float, latitude: Float, axis: float, flattening: float) -> tuple[Float, Float]:
    """Return angles in radians in the cylindrical equal-area plane, in metres.

    Snyder, Map Projections: A Working Manual, 1987, equation 3-12.
    """
    squared = flattening * (2 - flattening)
    sine = np.sin(latitude)
    if squared == 0:
        return axis * longitude, axis * sine
    eccentricity = math.sqrt(squared)
    q = (1 - squared) * (sine / (1 - squared * sine**2) + np.arctanh(eccentricity * sine) / eccentricity)
    return axis * longitude, axis * q / 2


def _ellipsoid(wkt: str) -> tuple[float, float] | None:
    """Return semi-major axis and flattening of a CRS, None if it does not say."""
    found = re.search(r'(?:SPHEROID|ELLIPSOID)\["[^"]*",([\d.eE+]+),([\d.eE+]+)', wkt)
    if not found:
        return None
    axis, inverse = float(found[1]), float(found[2])
    return axis, 1 / inverse if inverse else 0.0
