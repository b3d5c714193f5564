"""Where things lie: the geography of a land-cover tile, with none of its looks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pixelproof.data.demo.fields import Flags, Patchwork, Plane, axes, fractal, merge, patchwork

URBAN, AGRICULTURE, RANGELAND, FOREST, WATER, BARREN, UNKNOWN = range(7)
_WILD = (RANGELAND, FOREST, BARREN)
_LEANING = (0.35, -0.15, -0.1, -0.3)  # farmland and the three of _WILD: how much of the land each tends to win


class Terrain(NamedTuple):
    """A tile's geography; planes are [S, S] and distances are in pixels."""

    mask: npt.NDArray[np.uint8]
    parcels: Patchwork
    """The farmers' fields."""
    blocks: Patchwork
    """The cities' blocks, with streets between them."""
    road: Plane
    """Distance to the nearest main road's middle."""
    shore: Plane
    """Distance from the middle of the nearest river."""
    cloud: Plane
    """How much of the ground a cloud hides, 0..1."""
    border: Flags
    """Where the sensor saw nothing."""


def terrain(rng: np.random.Generator, size: int) -> Terrain:
    """Lay out land cover, then woods, water, towns and roads on top of it, in the order nature and people did."""
    parcels = merge(
        axes(size, rng.uniform(0, np.pi))[0] + 20 * fractal(rng, size, 90, 2) > rng.uniform(-0.4, 0.4) * size,
        patchwork(rng, size, (12, 34), warp=2),
        patchwork(rng, size, (16, 44), warp=4),
    )
    mask = _land(rng, size, parcels)
    _add_hedgerows(rng, mask, parcels)
    shore = _add_water(rng, mask)
    blocks = patchwork(rng, size, (18, 32), warp=2)
    road = _add_roads(rng, mask)
    _add_towns(rng, mask, blocks, road)
    cloud, border = _hide(rng, mask)
    return Terrain(mask, parcels, blocks, road, shore, cloud, border)


def _land(rng: np.random.Generator, size: int, parcels: Patchwork) -> npt.NDArray[np.uint8]:
    """Share the ground among farmland and wild land.

    Farmland mostly ends where a parcel ends, and elsewhere along a natural, curved border. A few parcels lie fallow,
    are planted with trees or dug off.
    """
    leaning = rng.normal(_LEANING, 0.5)
    scores = np.stack([fractal(rng, size, 70, 1.1) + bias for bias in leaning])
    wild = np.array(_WILD, np.uint8)[scores[1:].argmax(axis=0)]
    natural = scores[0] > scores[1:].max(axis=0)
    share = np.bincount(parcels.ids.ravel(), natural.ravel()) / np.bincount(parcels.ids.ravel()).clip(1)
    farmed = np.where(fractal(rng, size, 90) > 0.8, natural, (share > 0.5)[parcels.ids])
    odd = rng.random(parcels.count) < 0.07
    plots = rng.choice(np.array(_WILD, np.uint8), parcels.count)
    return np.where(farmed, np.where(odd[parcels.ids], plots[parcels.ids], AGRICULTURE), wild).astype(np.uint8)


def _add_hedgerows(rng: np.random.Generator, mask: npt.NDArray[np.uint8], parcels: Patchwork) -> None:
    """Plant rows of trees, 4 to 7 pixels wide, along one side of some parcels."""
    planted = rng.random(parcels.count) < rng.uniform(0.0, 0.3)
    width = rng.uniform(4, 7, parcels.count).astype(np.float32) + 0.8 * fractal(rng, len(mask), 8)
    row = planted[parcels.ids] & (parcels.v < width[parcels.ids] if width.ndim == 1 else parcels.v < width)
    mask[row & (mask == AGRICULTURE)] = FOREST
