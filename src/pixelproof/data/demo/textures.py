"""How each land cover looks from above: soils, furrows, roofs, water and tree crowns, before light and air."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from pixelproof.array_types import Bool, Float32, UInt8
from pixelproof.data.demo.fields import Patchwork, fractal, merge
from pixelproof.data.demo.terrain import AGRICULTURE, BARREN, FOREST, RANGELAND, UNKNOWN, URBAN, WATER, Terrain

"""Red, green and blue, float32 [S, S, 3], 0..1."""


def _colors(*colors: tuple[float, float, float]) -> Float32:
    return np.array(colors, np.float32)


_CROPS = _colors(
    (0.36, 0.44, 0.20), (0.26, 0.37, 0.17), (0.45, 0.48, 0.25), (0.55, 0.51, 0.31),
    (0.62, 0.55, 0.39), (0.47, 0.38, 0.27), (0.38, 0.30, 0.22), (0.50, 0.36, 0.25),
)  # fmt: skip
_ROOFS = _colors((0.58, 0.38, 0.30), (0.66, 0.62, 0.56), (0.80, 0.79, 0.76), (0.44, 0.42, 0.41), (0.50, 0.55, 0.60))
_SANDS = _colors((0.70, 0.62, 0.47), (0.62, 0.56, 0.49), (0.66, 0.50, 0.37), (0.76, 0.72, 0.63))
_WATERS = _colors((0.10, 0.17, 0.23), (0.12, 0.20, 0.19), (0.20, 0.23, 0.19), (0.08, 0.14, 0.22))
_STREETS = _colors((0.47, 0.46, 0.45), (0.57, 0.52, 0.45))
_TREES_PER_PIXEL = np.zeros(UNKNOWN, np.float32)
_TREES_PER_PIXEL[[URBAN, AGRICULTURE, RANGELAND, FOREST, BARREN]] = 0.01, 0.0006, 0.01, 0.045, 0.001
_SHALLOWS = _colors((0.36, 0.35, 0.26))
_GRASS = _colors((0.35, 0.36, 0.22), (0.56, 0.50, 0.35))
_FOREST_FLOOR = _colors((0.12, 0.17, 0.09), (0.20, 0.24, 0.13))
_GARDEN = _colors((0.30, 0.34, 0.20), (0.54, 0.49, 0.38))


def farmland(rng: np.random.Generator, parcels: Patchwork) -> Float32:
    """Return parcels of a few crops in season, each with furrows of its own direction, pitch and depth."""
    rows, ids = parcels.id_limit, parcels.ids
    season = rng.dirichlet(np.full(len(_CROPS), 0.7))
    crop = _CROPS[rng.choice(len(_CROPS), rows, p=season)] * _near_one(rng, 0.07, (rows, 1))
    across = np.where((rng.random(rows) < 0.5)[ids], parcels.u, parcels.v)
    pitch, depth = rng.uniform((2.6, 0), (6, 0.16), (rows, 2)).astype(np.float32).T
    light = 1 + depth[ids] * np.sin(across * (np.float32(2 * np.pi) / pitch)[ids])
    light += 0.04 * fractal(rng, len(ids), 25, 0.5)
    light[parcels.margin < 0.9] *= rng.uniform(0.7, 1.25)  # the tracks between parcels
    ground: Float32 = crop[ids] * light[..., None]
    return ground


def rangeland(rng: np.random.Generator, size: int) -> Float32:
    """Return dry grass mottled olive and tan."""
    return _mottled(rng, size, _GRASS + rng.normal(0, 0.025, 3).astype(np.float32), 16)


def forest_floor(rng: np.random.Generator, size: int) -> Float32:
    """Return the dark ground between trees."""
    return _mottled(rng, size, _FOREST_FLOOR, 12)


def barren(rng: np.random.Generator, size: int) -> Float32:
    """Return sand or rock cut by gullies that the light rakes over."""
    tone = rng.choice(_SANDS) * _near_one(rng, 0.06, 1)
    gullies = -np.abs(fractal(rng, size, 35, 0.8)) * rng.uniform(1, 3)
    slope: Float32 = (gullies - np.roll(gullies, (1, 1), (0, 1))).clip(-1, 1)
    ground: Float32 = _mottled(rng, size, np.stack([0.84 * tone, 1.06 * tone]), 45) * (1 + 0.25 * slope)[..., None]
    return ground


def water(rng: np.random.Generator, cover: UInt8) -> Float32:
    """Return water that lightens and browns towards the shore."""
    deep = rng.choice(_WATERS) * _near_one(rng, 0.08, 1)
    inland = ndimage.gaussian_filter((cover == WATER).astype(np.float32), 5)
    shallow = (2 - 2 * inland - 0.12 * fractal(rng, len(cover), 50)).clip(0, 1)[..., None]
    mixed: Float32 = deep + 0.4 * shallow * (_SHALLOWS - deep)
    return mixed


def town(rng: np.random.Generator, land: Terrain) -> tuple[Float32, Float32]:
    """Return streets, gardens and roofs, and the height of the roofs in pixels, 0 where there is none."""
    picture = _mottled(rng, len(land.cover), _GARDEN, 10)
    street = (land.blocks.margin < 1.8) | (land.road < 3.5)
    picture[street] = rng.choice(_STREETS)
    picture[land.road < 0.6] = 0.66  # the line along the middle
    height = np.zeros(land.cover.shape, np.float32)
    _build(rng, land, ~street, picture, height)
    return picture, height


def _build(rng: np.random.Generator, land: Terrain, free: Bool, picture: Float32, height: Float32) -> None:
    """Draw houses, and halls that fill a block, on most of the plots of a town."""
    halls = rng.random(land.blocks.id_limit) < rng.uniform(0, 0.25)
    plots = merge(halls[land.blocks.ids], land.blocks, land.blocks.split(rng.uniform(7, 11)))
    rows = plots.id_limit
    gap = np.where(rng.random(rows) < rng.uniform(0.65, 0.95), rng.uniform(0.8, 2.2, rows), np.inf)
    roof = free & (land.cover == URBAN) & (land.road > 5) & (plots.margin > gap.astype(np.float32)[plots.ids])
    share = rng.dirichlet(np.ones(len(_ROOFS)))
    color = _ROOFS[rng.choice(len(_ROOFS), rows, p=share)] * _near_one(rng, 0.1, (rows, 1))
    sunny = (plots.u < plots.width / 2)[roof]
    picture[roof] = color[plots.ids[roof]] * np.where(sunny, np.float32(1.08), np.float32(0.9))[:, None]
    height[roof] = 1.6


def crowns(rng: np.random.Generator, cover: UInt8, free: Bool) -> tuple[Float32, Float32]:
    """Scatter trees as densely as each land cover has them.

    Args:
        rng: Where the trees come from.
        cover: Class indices, uint8 [S, S].
        free: False where no tree can stand, such as on roofs.

    Returns:
        Height in pixels above ground, 0 where there is no tree, and the tone of the nearest tree's leaves, about 1.
    """
    stems = (rng.random(cover.shape, np.float32) < _TREES_PER_PIXEL[cover]) & free
    stems[0, 0] = True  # so that there is a nearest tree; it is too small to be seen
    distance, (y, x) = ndimage.distance_transform_edt(~stems, return_indices=True)
    radius = rng.uniform(1.3, 2.6, cover.shape) * np.where(cover == FOREST, 1.6, 1)
    radius[0, 0] = 0.1
    height = 2.2 * (1 - (distance / radius[y, x]) ** 2).clip(0)
    return height.astype(np.float32), _near_one(rng, 0.13, cover.shape)[y, x]


def _mottled(rng: np.random.Generator, size: int, colors: Float32, scale: float) -> Float32:
    """Return ground that changes between two colours, [2, 3], over about ``scale`` pixels and finer."""
    share = (0.5 + 0.3 * fractal(rng, size, scale, 0.4)).clip(0, 1)[..., None]
    mottled: Float32 = colors[0] + share * (colors[1] - colors[0])
    return mottled


def _near_one(rng: np.random.Generator, spread: float, shape: int | tuple[int, ...]) -> Float32:
    return rng.normal(1, spread, shape).astype(np.float32)
