"""Where things lie: the geography of a land-cover tile, with none of its looks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pixelproof.array_types import Bool, Float32, UInt8
from pixelproof.data.demo.fields import Patchwork, axes, fractal, merge, patchwork

URBAN, AGRICULTURE, RANGELAND, FOREST, WATER, BARREN, UNKNOWN = range(7)
"""Class indices, uint8 [S, S]."""

_WILD = np.array([RANGELAND, FOREST, BARREN], np.uint8)
_LEANING = (1.25, 0.1, 0.1, -0.05)  # how readily farmland and the three wild covers win the ground
_AREA = 256 * 256  # pixels in which the expected numbers of lakes and towns below are meant


class Terrain(NamedTuple):
    """A tile's geography; every plane is [S, S]."""

    cover: UInt8
    """What covers the ground, seen or not."""
    parcels: Patchwork
    """The farmers' fields."""
    blocks: Patchwork
    """The towns' blocks, with streets between them."""
    road: Float32
    """Distance to the middle of the nearest main road in pixels."""
    cloud: Float32
    """How much of the ground a cloud hides, 0..1."""
    border: Bool
    """Where the sensor saw nothing."""

    @property
    def mask(self) -> UInt8:
        """The truth: what covers the ground, and unknown where it cannot be seen."""
        return np.where((self.cloud > 0.5) | self.border, np.uint8(UNKNOWN), self.cover)


def terrain(rng: np.random.Generator, size: int) -> Terrain:
    """Lay out land cover, then woods, water, roads and towns on top of it, in the order nature and people did."""
    district = axes(size, rng.uniform(0, np.pi))[0] + 15 * fractal(rng, size, 90, 2) > rng.uniform(-0.4, 0.4) * size
    parcels = merge(district, patchwork(rng, size, (20, 44), warp=2), patchwork(rng, size, (26, 58), warp=4))
    blocks = patchwork(rng, size, (20, 36), warp=2)
    cover = _land(rng, parcels)
    _plant_hedgerows(rng, cover, parcels)
    _dig_lakes(rng, cover)
    for _ in range(rng.choice(3, p=(0.55, 0.38, 0.07))):
        _run_river(rng, cover)
    road = np.full(cover.shape, np.inf, np.float32)
    for _ in range(rng.choice(3, p=(0.45, 0.45, 0.1))):
        road = np.minimum(road, _build_road(rng, cover))
    _build_towns(rng, cover, blocks, road)
    return Terrain(cover, parcels, blocks, road, *_hide(rng, size))


def _land(rng: np.random.Generator, parcels: Patchwork) -> UInt8:
    """Share the ground among farmland and wild land.

    Farmland ends where a parcel ends, or in places along a natural, curved border. A few parcels lie fallow, are
    planted with trees or dug off.
    """
    size = len(parcels.ids)
    scores = np.stack([fractal(rng, size, 140, 2) + bias for bias in rng.normal(_LEANING, 0.9)])
    wild = _WILD[scores[1:].argmax(axis=0)]
    natural = scores[0] > scores[1:].max(axis=0)
    farmed = np.where(fractal(rng, size, 120, 1.5) > 0.8, natural, parcels.mean(natural) > 0.5)
    plots = np.full(parcels.id_limit, AGRICULTURE, np.uint8)
    odd = rng.random(parcels.id_limit) < rng.uniform(0, 0.08)
    plots[odd] = rng.choice(_WILD, int(odd.sum()))
    return np.where(farmed, plots[parcels.ids], wild)


def _plant_hedgerows(rng: np.random.Generator, cover: UInt8, parcels: Patchwork) -> None:
    """Plant rows of trees, 4 to 8 pixels wide, along one side of some parcels."""
    planted = rng.random(parcels.id_limit) < rng.uniform(0, 0.12)
    width = rng.uniform(4, 8, parcels.id_limit).astype(np.float32)
    row = parcels.v < width[parcels.ids] + 0.8 * fractal(rng, len(cover), 8)
    cover[row & planted[parcels.ids] & (cover == AGRICULTURE)] = FOREST


def _dig_lakes(rng: np.random.Generator, cover: UInt8) -> None:
    """Fill ponds of 10 to 30 pixels and now and then a lake."""
    size = len(cover)
    wobble = 0.2 * fractal(rng, size, 40, 2)
    for _ in range(rng.poisson(1.7 * cover.size / _AREA)):
        radius = rng.uniform(5, 15) if rng.random() < 0.6 else rng.uniform(25, 60)
        distance = _around(rng, size, tuple(rng.uniform(0, size, 2)), rng.uniform(1, 1.8))
        cover[distance < radius * (1 + wobble)] = WATER


def _run_river(rng: np.random.Generator, cover: UInt8) -> None:
    """Wind a river of 5 to 12 pixels, or a great one of 16 to 32, through the tile, with trees or sand on its banks."""
    size = len(cover)
    distance = _line(rng, size, bend=rng.uniform(6, 22))
    width = rng.uniform(5, 12) if rng.random() < 0.65 else rng.uniform(16, 32)
    half = width / 2 * (1 + 0.12 * fractal(rng, size, 40, 2))
    belt = rng.uniform(4, 10) * (0.8 * fractal(rng, size, 100, 2)).clip(-1, 1)
    land = cover != WATER
    cover[land & (distance >= 0) & (distance < half + belt)] = FOREST
    cover[land & (distance < 0) & (-distance < half - belt)] = BARREN
    cover[np.abs(distance) < half] = WATER


def _build_road(rng: np.random.Generator, cover: UInt8) -> Float32:
    """Lay a road 5 to 9 pixels wide, often with a belt of bare verge and one of trees; return the distance to it."""
    distance = _line(rng, len(cover), bend=rng.uniform(0, 4))
    half = rng.uniform(5, 9) / 2
    land = (cover != WATER) & (fractal(rng, len(cover), 80, 2) > -0.5)
    verge, trees = rng.uniform(3, 6, 2) * (rng.random(2) < 0.5)
    cover[land & (distance > 0) & (distance < half + verge)] = BARREN
    cover[land & (distance < 0) & (-distance < half + trees)] = FOREST
    cover[np.abs(distance) < half] = URBAN
    return np.abs(distance)


def _build_towns(rng: np.random.Generator, cover: UInt8, blocks: Patchwork, road: Float32) -> None:
    """Build whole blocks about a few centres, near roads where there are any, from hamlet to city."""
    size = len(cover)
    score = np.full(cover.shape, -1, np.float32)
    for _ in range(rng.poisson(1.6 * cover.size / _AREA)):
        places = rng.integers(0, size, (8, 2))
        nearest = places[road[tuple(places.T)].argmin()]
        radius = np.exp(rng.uniform(np.log(12), np.log(95)))
        distance = _around(rng, size, tuple(nearest), rng.uniform(1, 2))
        score = np.maximum(score, 1 - distance / radius)
    built = blocks.mean(score + 0.25 * fractal(rng, size, 30)) > 0
    cover[built & (cover != WATER)] = URBAN


def _hide(rng: np.random.Generator, size: int) -> tuple[Float32, Bool]:
    """Return the cloud and the unseen part beyond the scene's edge that a few tiles have."""
    cloud, border = np.zeros((size, size), np.float32), np.zeros((size, size), bool)
    if rng.random() < 0.04:
        distance = _around(rng, size, tuple(rng.uniform(0.1, 0.9, 2) * size), 1.5)
        cloud = (1 - distance / rng.uniform(20, 45) + 0.35 * fractal(rng, size, 40)).clip(0, 0.5) * 2
    if rng.random() < 0.04:
        border = axes(size, rng.uniform(0, 2 * np.pi))[0] > rng.uniform(0.35, 0.48) * size
    return cloud, border


def _around(rng: np.random.Generator, size: int, middle: tuple[float, float], stretch: float) -> Float32:
    """Return the distance to ``middle`` (row, column) along the short axis of ellipses stretched in some direction."""
    angle = rng.uniform(0, np.pi)
    u, v = axes(size, angle)
    y, x = (place - (size - 1) / 2 for place in middle)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    distance: Float32 = np.hypot((u - (cos * x + sin * y)) / stretch, v - (cos * y - sin * x))
    return distance


def _line(rng: np.random.Generator, size: int, bend: float) -> Float32:
    """Return the signed distance in pixels to a line across the tile that strays by about ``bend`` pixels."""
    _, v = axes(size, rng.uniform(0, np.pi))
    level = v + rng.uniform(-0.35, 0.35) * size + bend * fractal(rng, size, 60, 2)
    slope = np.hypot(*np.gradient(level))
    distance: Float32 = level / slope.clip(0.5)
    return distance
