"""From geography to photograph: surfaces, trees, sunlight, clouds, haze and the sensor."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

import pixelproof.data.demo.textures as textures
from pixelproof.array_types import Float32, UInt8
from pixelproof.data.demo.fields import fractal
from pixelproof.data.demo.terrain import AGRICULTURE, BARREN, FOREST, RANGELAND, WATER, Terrain

_LEAVES = np.array((0.20, 0.28, 0.12), np.float32)
_HAZE = np.array((0.62, 0.66, 0.70), np.float32)


def photograph(rng: np.random.Generator, land: Terrain) -> UInt8:
    """Return the picture of a tile, uint8 [S, S, 3], as a satellite takes it."""
    picture, height = _surface(rng, land)
    lit = picture * _sunlight(height)[..., None]
    seen = _through_air(rng, lit, land.cloud)
    return _sense(rng, np.where(land.border[..., None], np.float32(0), seen))


def _surface(rng: np.random.Generator, land: Terrain) -> tuple[Float32, Float32]:
    """Return the colours of everything on the ground, evenly lit, and its height above ground in pixels."""
    cover, size = land.cover, len(land.cover)
    picture, height = textures.town(rng, land)
    surfaces = {
        AGRICULTURE: textures.farmland(rng, land.parcels),
        RANGELAND: textures.rangeland(rng, size),
        FOREST: textures.forest_floor(rng, size),
        WATER: textures.water(rng, cover),
        BARREN: textures.barren(rng, size),
    }
    for label, surface in surfaces.items():
        np.copyto(picture, surface, where=(cover == label)[..., None])
    crown, tone = textures.crowns(rng, cover, (height == 0) & (land.road > 4))
    leaves = (_LEAVES * rng.normal(1, 0.06, 3)).astype(np.float32)
    over = crown > np.maximum(height, 0.3)
    picture[over] = tone[over][:, None] * leaves
    return picture, np.maximum(height, crown)


def _sunlight(height: Float32) -> Float32:
    """Return the light on every pixel, about 1, with the sun in the north-west at some 25 degrees above the horizon."""
    padded = np.pad(height, 4, mode="edge")
    size = len(height)
    towards_sun = [padded[4 - k : 4 - k + size, 4 - k : 4 - k + size] for k in range(1, 5)]
    slope = height - towards_sun[0]
    blocked = np.max([h - 0.55 * k for k, h in enumerate(towards_sun, 1)], axis=0) - height
    light: Float32 = (1 + 0.18 * slope.clip(-1.5, 1.5)) * (1 - 0.5 * blocked.clip(0, 1))
    return light


def _through_air(rng: np.random.Generator, picture: Float32, cloud: Float32) -> Float32:
    """Return the picture under uneven sunlight, haze and clouds."""
    uneven, patchy, fluffy = (fractal(rng, len(picture), scale, 1.5)[..., None] for scale in (120, 120, 20))
    tint = rng.normal(1, 0.03, 3).astype(np.float32)
    sunlit = picture * (rng.uniform(0.85, 1.15) * (1 + 0.05 * uneven) * tint)
    haze = (rng.uniform(0.02, 0.2) * (1 + 0.3 * patchy)).clip(0, 0.4)
    hazy = sunlit + haze * (_HAZE - sunlit)
    clouded: Float32 = hazy + cloud[..., None] * (0.86 + 0.05 * fluffy - hazy)
    return clouded


def _sense(rng: np.random.Generator, picture: Float32) -> UInt8:
    """Return the picture blurred by the optics, with the sensor's noise, as bytes."""
    blurred = ndimage.gaussian_filter(picture, (0.7, 0.7, 0))
    noisy = blurred + rng.uniform(0.008, 0.02) * rng.standard_normal(picture.shape, np.float32)
    levels: UInt8 = np.rint(255 * noisy.clip(0, 1)).astype(np.uint8)
    return levels
