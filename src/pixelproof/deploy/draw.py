"""Points drawn at random from each class of a map, in one pass over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.deploy.areas import CELL, Ground
from pixelproof.deploy.class_map import ClassMap
from pixelproof.deploy.tally import Count
from pixelproof.errors import UserError
from pixelproof.labels import VOID
from pixelproof.randomness import generator


@dataclass(frozen=True)
class Drawn:
    """What was drawn.

    Attributes:
        pixels: int64 [K], of each class.
        areas: float64 [K], in square metres, or in pixels where the map does not say how large these are.
        mapped: int64 [N], the class of each point, in an order that says nothing of it.
        columns: int64 [N].
        rows: int64 [N].
    """

    pixels: Int64
    areas: Float64
    mapped: Int64
    columns: Int64
    rows: Int64


def draw(source: ClassMap, points: int, least: int, seed: int) -> Drawn:
    """Return points, drawn without replacement, each class's with a chance that grows with a pixel's area.

    Args:
        source: The map.
        points: How many in all.
        least: How many in each class at least; the rest goes to classes by their area.
        seed: Decides, with the map, which.

    Raises:
        UserError: These are too few points for so many classes, or the map cannot be read.
    """
    classes, ground = len(source.scheme.ids), source.ground
    count, lowest = Count(classes, ground), [_Lowest(points) for _ in range(classes)]
    for top, index in source.rows("draw points"):
        count.add(top, index)
        # The smallest of exponential numbers, each divided by its pixel's area: Efraimidis and Spirakis 2006.
        keys = generator(seed, "point", top).standard_exponential(index.shape)
        with np.errstate(divide="ignore"):  # of what lies beyond the Earth
            keys /= _areas(ground, top, index.shape)
        for k in np.unique(index[index != VOID]):
            lowest[k].add(keys, index == k, top)
    pixels = count.pixels[:-1]
    areas = count.square_metres[:-1] if ground.method else pixels.astype(np.float64)
    counts = allocate(pixels * (areas > 0), areas, points, least)
    mapped = np.repeat(np.arange(classes), counts)
    places = np.concatenate([one.places(n) for one, n in zip(lowest, counts, strict=True)])
    order = generator(seed, "order").permutation(len(mapped))
    return Drawn(pixels, areas, mapped[order], places[order, 0], places[order, 1])


def allocate(pixels: Int64, areas: Float64, points: int, least: int) -> Int64:
    """Return how many points each class gets, [K]: some in each that has pixels, and the rest by area.

    Raises:
        UserError: They are too few for that.
    """
    counts: Int64 = np.minimum(pixels, least)
    rest = points - int(counts.sum())
    if rest < 0:
        problem = f"{points} points are too few for {least} in each of {np.count_nonzero(counts)} classes"
        raise UserError(problem, "give more --points or a smaller --least")
    wanted = rest * areas / areas.sum()
    counts = counts + wanted.astype(np.int64)
    behind = np.argsort(-(wanted % 1), kind="stable")[: points - int(counts.sum())]
    counts[behind] += 1
    return np.minimum(counts, pixels)


class _Lowest:
    """The pixels with the smallest keys among all that are shown."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._keys, self._places = np.empty(0), np.empty((0, 2), np.int64)

    def add(self, keys: Float64, among: Bool, top: int) -> None:
        """Take those pixels of rows from ``top`` on that are smaller than what is held."""
        limit = self._keys[-1] if len(self._keys) == self._most else np.inf
        rows, columns = np.nonzero(among & (keys < limit))
        held = np.concatenate([self._keys, keys[rows, columns]])
        places = np.concatenate([self._places, np.stack([columns, rows + top], axis=1)])
        best = np.argsort(held, kind="stable")[: self._most]
        self._keys, self._places = held[best], places[best]

    def places(self, count: int) -> Int64:
        """Return columns and rows of the smallest, [count, 2]."""
        return self._places[:count]


def _areas(ground: Ground, top: int, shape: tuple[int, int]) -> Float64:
    """Return the area of each pixel of rows, [h, W], in square metres, or 1 where it is not known."""
    height, width = shape
    if not ground.method:
        return np.ones((1, 1))
    cells = ground.cells(top, height, width)
    areas: Float64 = np.repeat(cells, CELL, axis=1)[:, :width]
    rows, columns = np.nonzero(np.isnan(cells))
    if len(rows):  # at the rim of the Earth
        for row, left, own in zip(rows, CELL * columns, ground.pixels(top + rows, CELL * columns, width), strict=True):
            areas[row, left : left + CELL] = own[: width - left]
    return areas
