"""A map as polygons, strip by strip, so that memory holds a strip and the polygons that cross its lower edge.

Outlines follow the pixels' edges; areas that only touch at a corner are two polygons. What crosses from one strip into
the next is kept until it ends, and then joined. Coordinates are columns and rows, whole numbers, so joining is exact.

Outlines are simplified together with their neighbours', so that no gap and no overlap appears between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pixelproof.array_types import Int32, Int64, Unsigned
from pixelproof.deploy.geo import rasterio, shapely

Shapes = npt.NDArray[np.object_]
Area = tuple[int, list[Any]]
"""A value, and the pieces of one connected area that has it."""


class _Open(NamedTuple):
    """Areas that reach the last row seen."""

    row: Unsigned
    """The values of that row, [W]."""
    area: Int64
    """Which of ``areas`` each of its pixels belongs to, [W]."""
    areas: list[Area]


def polygons(strips: Iterable[tuple[int, Unsigned]], tolerance: float = 0.0) -> Iterator[tuple[int, Any]]:
    """Yield the value and the outline of every connected area of one value.

    Args:
        strips: The map from top to bottom: the first row of each strip and its values, [h, W].
        tolerance: Corners whose triangle with their neighbours has an area of less than the square of this many pixels
            are taken away; 0 keeps every outline as it is.

    Yields:
        Values, and shapely polygons in columns and rows from the upper left corner.
    """
    open_: _Open | None = None
    for top, values in strips:
        labels, of_label = _components(values)
        outlines = _outlines(labels, len(of_label), top)
        if tolerance:
            outlines = _simplified(outlines, tolerance)
        areas, open_ = _advance(open_, values, labels, zip(of_label.tolist(), outlines, strict=True))
        yield from map(_joined, areas)
    yield from map(_joined, open_.areas if open_ else [])


def _components(values: Unsigned) -> tuple[Int32, Unsigned]:
    """Return a number for each connected area, [h, W] from 0 on, and the value of each, [N]."""
    labels = np.empty(values.shape, np.int32)
    of_label: list[int] = []
    for value in np.unique(values).tolist():
        inside = values == value
        found, count = label(inside)
        labels[inside] = found[inside] + (len(of_label) - 1)
        of_label += [value] * count
    return labels, np.array(of_label, values.dtype)


def _outlines(labels: Int32, count: int, top: int) -> Shapes:
    """Return the outline of each connected area, [N]."""
    outlines = np.empty(count, object)
    place = rasterio.Affine.translation(0, top)
    for outline, number in rasterio.features.shapes(labels, connectivity=4, transform=place):
        outlines[int(number)] = shapely.Polygon(outline["coordinates"][0], outline["coordinates"][1:])
    return outlines


def _simplified(outlines: Shapes, tolerance: float) -> Shapes:
    """Return outlines with fewer corners; the border of the strip stays, so that strips still fit each other."""
    # Neighbours must share every corner, also where only one of them turns: so each pixel's edge becomes one.
    corners = shapely.transform(shapely.segmentize(outlines, 1.0), np.round)
    simpler: Shapes = shapely.coverage_simplify(corners, tolerance, simplify_boundary=False)
    return simpler


def _advance(
    open_: _Open | None, values: Unsigned, labels: Int32, found: Iterable[tuple[int, Any]]
) -> tuple[Iterable[Area], _Open]:
    """Add the areas of a strip to those that are open; return the areas that have ended, and those now open."""
    new: list[Area] = [(value, [outline]) for value, outline in found]
    earlier = open_.areas if open_ else []
    groups = _groups(open_, values[0], labels[0], len(new))
    areas: dict[int, Area] = {}
    for group, (value, parts) in zip(groups.tolist(), [*earlier, *new], strict=True):
        areas.setdefault(group, (value, []))[1].extend(parts)
    lasting, place = np.unique(groups[len(earlier) + labels[-1]], return_inverse=True)
    still_open = [areas.pop(group) for group in lasting.tolist()]
    return areas.values(), _Open(values[-1], place, still_open)


def _groups(open_: _Open | None, row: Unsigned, labels: Int32, count: int) -> Int64:
    """Return which areas are one: a group number for each open area, then for each of the ``count`` new ones."""
    if open_ is None:
        return np.arange(count)
    above = len(open_.areas)
    same = open_.row == row
    pairs = np.unique(np.stack([open_.area[same], above + labels[same]]), axis=1)
    links = coo_array((np.ones(pairs.shape[1], np.int8), tuple(pairs)), shape=(above + count, above + count))
    groups: Int64 = connected_components(links, directed=False)[1].astype(np.int64)
    return groups


def _joined(area: Area) -> tuple[int, Any]:
    """Return an area's value and its pieces as one polygon, without corners on straight lines."""
    value, parts = area
    whole = shapely.union_all(parts) if len(parts) > 1 else parts[0]
    return value, shapely.simplify(whole, 0)
