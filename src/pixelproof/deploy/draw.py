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
        weights: float64 [N], how much of its class a point stands for: a pixel's area by its chance to be drawn.
    """

    pixels: Int64
    areas: Float64
    mapped: Int64
    columns: Int64
    rows: Int64
    weights: Float64


def draw(source: ClassMap, points: int, least: int, seed: int) -> Drawn:
    """Return points, drawn without replacement, each class's with a chance that grows with a pixel's area.

    Args:
        source: The map.
        points: How many in all.
        least: How many in each class at least; the rest goes to classes by their area.
        seed: Decides, with the map, which.

    Raises:
        UserError: These are too few points for so many classes, or the map cannot be read or holds no data.
    """
    classes, ground = len(source.scheme.ids), source.ground
    count, lowest = Count(classes, ground), [_Lowest(points + 1) for _ in range(classes)]
    for top, index in source.rows("draw points"):
        count.add(top, index)
        # The smallest of exponential numbers, each divided by its pixel's area: Efraimidis and Spirakis 2006.
        areas = _areas(ground, top, index.shape)
        keys = generator(seed, "point", top).standard_exponential(index.shape)
        with np.errstate(divide="ignore"):  # of what lies beyond the Earth
            keys /= areas
        for k in np.unique(index[index != VOID]):
            lowest[k].add(keys, areas, index == k, top)
    pixels = count.pixels[:-1]
    areas = count.square_metres[:-1] if ground.method else pixels.astype(np.float64)
    counts = allocate(np.array([one.held for one in lowest]), areas, points, least)
    if not counts.any():
        raise UserError(f"{source.path} holds no data", "give a map that does")
    mapped = np.repeat(np.arange(classes), counts)
    parts = [one.first(n) for one, n in zip(lowest, counts.tolist(), strict=True)]
    places, weights = (np.concatenate(list(each)) for each in zip(*parts, strict=True))
    order = generator(seed, "order").permutation(len(mapped))
    return Drawn(pixels, areas, mapped[order], places[order, 0], places[order, 1], weights[order])


def allocate(available: Int64, areas: Float64, points: int, least: int) -> Int64:
    """Return how many points each class gets, [K]: some in each that has pixels, and the rest by area.

    Args:
        available: How many there are, [K]; where there are more than ``points``, it does not matter how many.
        areas: float64 [K].
        points: How many are wanted in all.
        least: How many in each class, if there are so many.

    Raises:
        UserError: They are too few for that.
    """
    counts: Int64 = np.minimum(available, least)
    if (rest := points - int(counts.sum())) < 0:
        problem = f"{points} points are too few for {least} in each of {np.count_nonzero(counts)} classes"
        raise UserError(problem, "give more --points or a smaller --least")
    while rest and (room := counts < available).any():
        wanted = rest * np.where(room, areas, 0) / areas[room].sum()
        more = wanted.astype(np.int64)
        more[np.argsort(-(wanted - more), kind="stable")[: rest - int(more.sum())]] += 1
        counts = np.minimum(counts + more * room, available)
        rest = points - int(counts.sum())
    return counts


class _Lowest:
    """The pixels with the smallest keys among all that are shown."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._keys, self._areas, self._places = np.empty(0), np.empty(0), np.empty((0, 2), np.int64)

    @property
    def held(self) -> int:
        """How many pixels are held."""
        return len(self._keys)

    def add(self, keys: Float64, areas: Float64, among: Bool, top: int) -> None:
        """Take those pixels of rows from ``top`` on that are smaller than what is held."""
        limit = self._keys[-1] if len(self._keys) == self._most else np.inf
        rows, columns = np.nonzero(among & (keys < limit))
        held = np.concatenate([self._keys, keys[rows, columns]])
        areas = np.concatenate([self._areas, np.broadcast_to(areas, keys.shape)[rows, columns]])
        places = np.concatenate([self._places, np.stack([columns, rows + top], axis=1)])
        best = np.argsort(held, kind="stable")[: self._most]
        self._keys, self._areas, self._places = held[best], areas[best], places[best]

    def first(self, count: int) -> tuple[Int64, Float64]:
        """Return columns and rows of the smallest, [count, 2], and what each stands for, [count]."""
        areas = self._areas[:count]
        if count == len(self._keys):  # all there are, if they are fewer than could be held
            return self._places[:count], areas
        # Its area by the chance to come before the first that was left out, which makes sums right: Cohen and Kaplan,
        # Summarizing data using bottom-k sketches, 2007.
        return self._places[:count], areas / -np.expm1(-areas * self._keys[count])


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
