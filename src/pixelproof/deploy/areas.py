"""How much ground a pixel covers.

Pixels are taken to a plane in which areas are true, in metres, and measured there: the raster's own plane where it is
a projection that keeps areas within a percent, and otherwise an equal-area plane of the ellipsoid: a cylinder's, or
around a pole, where meridians meet, the one that touches it there. So hectares are right in degrees, in feet, and in
Web Mercator, whose own square metres are 2.4 times too many at 50 degrees of latitude.
"""

from __future__ import annotations

import math
import re
from typing import Any, Literal

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.deploy.geo import degrees, has_degrees, located, middle_longitude, outline, transformed

Method = Literal["planimetric", "ellipsoidal"]
WGS84 = (6378137.0, 1 / 298.257223563)  # semi-major axis in metres, flattening
GEOGRAPHIC = "EPSG:4326"
DISTORTION = 0.01
"""Where a projection's areas are off by more than this share, the ellipsoid is measured instead."""
SAMPLES = 9
"""Pixels down and across whose true area says how far a projection distorts."""
_BEYOND_EARTH = np.errstate(invalid="ignore")  # coordinates there are infinite
HIGHEST, FURTHEST = 100.0, 1000.0
"""Degrees of latitude and longitude that rasters reach; some have edges half a pixel beyond the poles."""
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
        doubt: Why not, where the raster contradicts itself; else empty.
    """

    def __init__(self, crs: Any, transform: Any, height: int, width: int) -> None:
        self._crs, self._transform = crs, transform
        self._ellipsoid = WGS84
        self._middle = np.array([width / 2]), np.array([height / 2])
        self._pole, self._longitude, self._rim = 0, None, False
        self.method: Method | None = None
        self.doubt = ""
        # Without a transform, a CRS says nothing of pixels.
        if crs is None or transform.is_identity or transform.is_degenerate:
            return
        if crs.is_geographic and not self._in_degrees(height, width):
            self.doubt = "its coordinates are called degrees and cannot be, so areas are not known"
        elif crs.is_geographic:
            self._ellipsoid = _ellipsoid(crs.to_wkt()) or WGS84
            self.method = "ellipsoidal"
        elif crs.is_projected:
            self.method = "planimetric"
            if not has_degrees(crs, *located(transform, *self._middle)):  # its plane is all that is known
                return
            self._longitude = middle_longitude(crs, transform, height, width)
            self._pole = self._pole_near(height, width)
            if self._distortion(height, width) > DISTORTION:
                self.method = "ellipsoidal"
            # The Earth's outline has no hole, so that who goes around a raster within it has all of it.
            self._rim = not np.isfinite(self._angles(*located(transform, *outline(height, width)))[0]).all()

    def _in_degrees(self, height: int, width: int) -> bool:
        """Return whether coordinates of a geographic CRS can be angles: metres are often called degrees by mistake."""
        x, y = located(self._transform, np.array([0.0, width, 0, width]), np.array([0.0, 0, height, height]))
        angle = math.degrees(self._crs.units_factor[1])
        return bool(np.abs(y).max() * angle <= HIGHEST and np.abs(x).max() * angle <= FURTHEST)

    @_BEYOND_EARTH
    def plane(self, columns: Float64, rows: Float64) -> tuple[Float64, Float64]:
        """Return where points of the raster, in pixels from its upper left corner, lie in the plane, in metres.

        Those beyond the Earth lie at infinity.
        """
        x, y = located(self._transform, columns, rows)
        if self.method == "ellipsoidal":
            return self._equal_area(x, y)
        metres: float = self._crs.linear_units_factor[1]
        if self._rim:
            x = np.where(np.isfinite(self._angles(x, y)[0]), x, np.inf)
        return x * metres, y * metres

    @property
    def pixel_side(self) -> float:
        """Side of a square as large as the pixel in the middle, in metres."""
        column, row = (middle.astype(int).item() for middle in self._middle)
        area = float(self.cells(row, 1, column + 1)[0, -1])
        return math.sqrt(area if area > 0 else self._flat)

    @property
    def _flat(self) -> float:
        """Area of a pixel in a projection's own plane, in square metres."""
        a, b, _, d, e, *_ = self._transform
        area: float = abs(a * e - b * d) * self._crs.linear_units_factor[1] ** 2
        return area

    @_BEYOND_EARTH
    def cells(self, top: int, height: int, width: int) -> Float64:
        """Return the area of a pixel in square metres, [height, cells], for rows cut into cells of ``CELL`` pixels.

        Of a cell at the rim of the Earth, or beyond it, it is not known: ``pixels`` has those.
        """
        edges = np.append(np.arange(0, width, CELL), width).astype(np.float64)
        columns, rows = np.meshgrid(edges, np.arange(top, top + height + 1, dtype=np.float64))
        area: Float64 = _quadrilaterals(*self.plane(columns, rows)) / np.diff(edges)
        return np.where(np.isfinite(area), area, np.nan)

    @_BEYOND_EARTH
    def pixels(self, rows: Int64, lefts: Int64, width: int) -> Float64:
        """Return the area of each pixel of cells, [N, CELL], in square metres; what lies beyond the Earth has none.

        Args:
            rows: The cells' rows, [N].
            lefts: Their first columns.
            width: Columns of the raster; what lies beyond them has no area either.
        """
        edges = np.minimum(lefts[:, None, None] + np.arange(CELL + 1), width).astype(np.float64)
        lines = (rows[:, None, None] + np.arange(2)[:, None]).astype(np.float64)
        areas = _quadrilaterals(*self.plane(*np.broadcast_arrays(edges, lines)))[:, 0]
        return np.where(np.isfinite(areas), areas, 0.0)

    def _equal_area(self, x: Float64, y: Float64) -> tuple[Float64, Float64]:
        """Return coordinates of the CRS in an equal-area plane of the ellipsoid, in metres.

        Snyder, Map Projections: A Working Manual, 1987, equations 3-12, 24-23 and 24-25.
        """
        axis, flattening = self._ellipsoid
        longitude, latitude = self._angles(x, y)
        q = _authalic(latitude, flattening)
        if not self._pole:
            return axis * longitude, axis * q / 2
        radius = axis * np.sqrt(np.maximum(_authalic(np.array(math.pi / 2), flattening) - self._pole * q, 0))
        return radius * np.sin(longitude), radius * np.cos(longitude)

    @_BEYOND_EARTH
    def _pole_near(self, height: int, width: int) -> int:
        """Return 1 or -1 where the north or south pole is a point in the raster or no further off than its size."""
        found = 0
        meridians = np.array([0.0, 120.0])
        for pole in (1, -1):
            place = transformed(GEOGRAPHIC, self._crs, meridians, np.full(2, 90.0 * pole))
            columns, rows = located(~self._transform, *place)
            near = (np.abs(columns / width - 0.5) < 1.5) & (np.abs(rows / height - 0.5) < 1.5)
            if near.all() and np.hypot(np.ptp(columns), np.ptp(rows)) < 1:
                found += pole
        return found

    def _angles(self, x: Float64, y: Float64) -> tuple[Float64, Float64]:
        """Return longitude and latitude in radians; longitudes run on across the date line."""
        if self._crs.is_geographic:
            radians: float = self._crs.units_factor[1]
            return x * radians, np.clip(y * radians, -math.pi / 2, math.pi / 2)
        longitude, latitude = (
            np.radians(values.reshape(x.shape)) for values in degrees(self._crs, x.ravel(), y.ravel(), self._longitude)
        )
        return longitude, latitude

    @_BEYOND_EARTH
    def _distortion(self, height: int, width: int) -> float:
        """Return by what share the projection's areas differ from the ellipsoid's, at worst of pixels all over it."""
        tops, lefts = (np.linspace(0, length - 1, SAMPLES).round() for length in (height, width))
        left, top = (middle[..., None, None] for middle in np.meshgrid(lefts, tops))
        corners = np.broadcast_arrays(left + np.arange(2), top + np.arange(2)[:, None])
        true = _quadrilaterals(*self._equal_area(*located(self._transform, *corners)))
        true = true[np.isfinite(true) & (true > 0)]  # the rest is not on the Earth
        return float(np.abs(self._flat / true - 1).max(initial=0.0))


def _quadrilaterals(x: Float64, y: Float64) -> Float64:
    """Return the areas between neighbouring points of a grid, [..., H + 1, W + 1] -> [..., H, W]."""
    # Half the cross product of the diagonals.
    down_x, down_y = x[..., 1:, 1:] - x[..., :-1, :-1], y[..., 1:, 1:] - y[..., :-1, :-1]
    up_x, up_y = x[..., :-1, 1:] - x[..., 1:, :-1], y[..., :-1, 1:] - y[..., 1:, :-1]
    area: Float64 = np.abs(down_x * up_y - down_y * up_x) / 2
    return area


def _authalic(latitude: Float64, flattening: float) -> Float64:
    """Return q of latitudes in radians, to which the area between them and the equator is proportional.

    Snyder, Map Projections: A Working Manual, 1987, equation 3-12.
    """
    squared = flattening * (2 - flattening)
    sine: Float64 = np.sin(latitude)
    if squared == 0:
        return 2 * sine
    eccentricity = math.sqrt(squared)
    q: Float64 = (1 - squared) * (sine / (1 - squared * sine**2) + np.arctanh(eccentricity * sine) / eccentricity)
    return q


def _ellipsoid(wkt: str) -> tuple[float, float] | None:
    """Return semi-major axis and flattening of a CRS, None if it does not say."""
    found = re.search(r'(?:SPHEROID|ELLIPSOID)\["[^"]*",([\d.eE+]+),([\d.eE+]+)', wkt)
    if not found:
        return None
    axis, inverse = float(found[1]), float(found[2])
    return axis, 1 / inverse if inverse else 0.0
