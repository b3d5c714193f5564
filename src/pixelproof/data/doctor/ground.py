"""Which footprints overlap on the ground, and by how much.

Footprints in one CRS are compared in its own plane, where those that touch touch exactly. Footprints in different ones
are compared in a plane of longitude and the sine of latitude, in which areas are true; there an edge is taken for the
straight line between its corners.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.data.coordinates import has_degrees, transformed
from pixelproof.data.doctor.places import Footprint
from pixelproof.data.rasters import HOW, rasterio
from pixelproof.errors import UserError

try:
    import shapely
except ModuleNotFoundError as missing:
    raise UserError(f"footprints need {missing.name}, which is not installed", HOW) from missing

LEAST = 0.01
"""Footprints that share less of the smaller one's area only touch."""
MOST = 16
"""Others that are looked at for each footprint, where more overlap it: those that may share most."""
_ROUNDING = 1e-6
_AT_ONCE = 256  # footprints whose neighbours are held in memory
_WIDEST = math.pi / 2  # of longitude; what is wider has a pole in it or beside it

Shapes = npt.NDArray[np.object_]


class Overlaps(NamedTuple):
    """Which of N footprints overlap others.

    Attributes:
        pairs: Indices of one of them, and of the other footprint among those compared with, [P, 2].
        shares: What the two share, of the smaller one's area, [P].
        covered: What all others cover of each footprint's area, [N].
    """

    pairs: Int64
    shares: Float64
    covered: Float64


def overlaps(some: Sequence[Footprint], others: Sequence[Footprint] | None = None) -> Overlaps:
    """Return which of ``some`` footprints overlap ``others``, by more than 1% and more than a row of pixels.

    Args:
        some: The footprints that are asked for.
        others: Those that they are compared with; None compares them among themselves.
    """
    every = [*some, *(others or ())]
    first_other = 0 if others is None else len(some)
    least = np.maximum(LEAST, [each.grain for each in every]) * (1 + _ROUNDING)
    pairs: list[Int64] = [np.zeros((0, 2), np.int64)]
    shares, covered = [np.zeros(0)], np.zeros(len(some))
    for shapes, apart in _planes(every):
        plane = _Plane(shapes, apart, least, first_other)
        rows = np.flatnonzero(~shapely.is_missing(shapes[: len(some)]))
        for start in range(0, len(rows), _AT_ONCE):
            found, share, pieces = plane.shared(plane.near(rows[start : start + _AT_ONCE]))
            owners, area = _united(found[:, 0], pieces)
            covered[owners] = np.maximum(covered[owners], area / shapely.area(shapes[owners]))
            pairs.append(found - np.array([0, first_other]))
            shares.append(share)
    return Overlaps(np.concatenate(pairs), np.concatenate(shares), covered)


class _Plane:
    """M footprints in one plane.

    Args:
        shapes: Their polygons, [M]; None of those that are not in it.
        apart: Only footprints of which these differ are compared, [M]; None compares all.
        least: The share from which on a footprint overlaps another, [M].
        first: The first of those that others are compared with.
    """

    def __init__(self, shapes: Shapes, apart: Int64 | None, least: Float64, first: int) -> None:
        self._shapes, self._apart, self._least, self._first = shapes, apart, least, first
        self._tree = shapely.STRtree(shapes[first:])
        bounds = shapely.bounds(shapes)
        self._low, self._high, self._areas = bounds[:, :2], bounds[:, 2:], shapely.area(shapes)
        self._upright = np.isclose(self._areas, (self._high - self._low).prod(axis=1), rtol=_ROUNDING, atol=0)

    def near(self, rows: Int64) -> Int64:
        """Return pairs of footprints, [P, 2], the first of each out of ``rows``, whose upright boxes overlap enough."""
        place, other = self._tree.query(self._shapes[rows])
        one, other = rows[place], other + self._first
        wanted = one != other if self._apart is None else self._apart[one] != self._apart[other]
        one, other = one[wanted], other[wanted]
        low, high = self._common(one, other)
        share = (high - low).clip(min=0).prod(axis=1) / np.minimum(self._areas[one], self._areas[other])
        enough = share > self._enough(one, other)
        one, other, share = one[enough], other[enough], share[enough]
        order = np.lexsort((-share, one))
        one, other = one[order], other[order]
        first = np.arange(len(one)) - np.searchsorted(one, one) < MOST
        pairs: Int64 = np.stack([one, other], axis=1)[first]
        return pairs

    def shared(self, pairs: Int64) -> tuple[Int64, Float64, Shapes]:
        """Return which of some pairs overlap, [P, 2], by which share, [P], and the polygons in which they do, [P]."""
        one, other = pairs.T
        low, high = self._common(one, other)
        pieces = shapely.box(*low.T, *high.T)
        skew = ~(self._upright[one] & self._upright[other])
        pieces[skew] = shapely.intersection(self._shapes[one[skew]], self._shapes[other[skew]])
        share = shapely.area(pieces) / np.minimum(self._areas[one], self._areas[other])
        enough = share > self._enough(one, other)
        return pairs[enough], share[enough].clip(max=1), pieces[enough]

    def _common(self, one: Int64, other: Int64) -> tuple[Float64, Float64]:
        """Return lower and upper corners, [P, 2] each, of what the upright boxes of pairs share."""
        return np.maximum(self._low[one], self._low[other]), np.minimum(self._high[one], self._high[other])

    def _enough(self, one: Int64, other: Int64) -> Float64:
        return np.maximum(self._least[one], self._least[other])


def _united(owners: Int64, pieces: Shapes) -> tuple[Int64, Float64]:
    """Return each owner of polygons once, and the area of all of its polygons together."""
    unique, index = np.unique(owners, return_inverse=True)
    if not len(unique):
        return unique, np.zeros(0)
    together = shapely.geometrycollections(pieces, indices=index)[:, None]
    try:
        united = shapely.union_all(together, axis=1)
    except shapely.GEOSException:  # edges that nearly meet; on a grid, which takes longer, none do
        united = shapely.union_all(together, axis=1, grid_size=math.sqrt(shapely.area(pieces).min()) * _ROUNDING)
    return unique, shapely.area(united)


def _planes(footprints: Sequence[Footprint]) -> Iterator[tuple[Shapes, Int64 | None]]:
    """Yield footprints in the planes in which they are compared, and what must differ of those that are."""
    corners = np.array([each.corners for each in footprints], np.float64).reshape(-1, 4, 2)
    known = {crs: code for code, crs in enumerate(dict.fromkeys(each.crs for each in footprints))}
    codes = np.array([known[each.crs] for each in footprints], np.int64)
    earth = np.full_like(corners, np.nan)
    for wkt, code in known.items():
        crs = rasterio.crs.CRS.from_wkt(wkt) if wkt else None
        own: Bool = codes == code
        if crs is not None and len(known) > 1:
            earth[own] = _on_earth(crs, corners[own])
        if crs is not None and crs.is_geographic:
            corners[own, :, 0] = _gathered(corners[own, :, 0], 2 * math.pi / crs.units_factor[1])
        yield _polygons(corners, own), None
    there: Bool = np.asarray(np.isfinite(earth).all(axis=(1, 2)))
    if there.any():
        earth[there, :, 0] = _gathered(earth[there, :, 0], 2 * math.pi)
        yield _polygons(earth, there), codes


def _polygons(corners: Float64, there: Bool) -> Shapes:
    """Return polygons, [M], of corners, [M, 4, 2]; None of those that are not there or whose edges cross."""
    shapes = np.full(len(corners), None)
    shapes[there] = shapely.polygons(corners[there])
    shapes[~shapely.is_valid(shapes)] = None
    return shapes


@np.errstate(invalid="ignore")  # of what is beyond the Earth
def _on_earth(crs: rasterio.crs.CRS, corners: Float64) -> Float64:
    """Return corners, [N, 4, 2], as longitude in radians and sine of latitude; not a number where they are unknown."""
    x, y = corners.reshape(-1, 2).T
    if not has_degrees(crs, x[:4], y[:4]):
        return np.full_like(corners, np.nan)
    longitude, latitude = (np.radians(values).reshape(-1, 4) for values in transformed(crs, "EPSG:4326", x, y))
    longitude -= 2 * math.pi * np.round((longitude - longitude[:, :1]) / (2 * math.pi))  # across the date line
    known = (np.isfinite(longitude) & np.isfinite(latitude)).all(axis=1) & (np.ptp(longitude, axis=1) < _WIDEST)
    plane: Float64 = np.where(known[:, None, None], np.stack([longitude, np.sin(latitude)], axis=2), np.nan)
    return plane


def _gathered(x: Float64, turn: float) -> Float64:
    """Return longitudes of corners, [N, 4], by so many whole turns further that footprints lie around one middle."""
    middles = x.mean(axis=1)
    middle = float(np.angle(np.exp(2j * math.pi * middles / turn).mean())) * turn / (2 * math.pi)
    gathered: Float64 = x - turn * np.round((middles - middle) / turn)[:, None]
    return gathered
