"""Turned and shifted images, and where each pixel of a mask that goes along comes from: pure functions.

Of an image the mirror image lies beyond the border. Of a mask nothing does: there is no truth there.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from pixelproof.array_types import Float64, Int64, UInt8
from pixelproof.data.stressing import rounded

OUTSIDE = -1
"""The place of a pixel that comes from beyond the border."""
ROWS = 128
"""Rows of a map that are turned at a time, so that memory is bounded."""
EQUAL = 9
"""Digits to which places and weights are told apart, so that rounding decides nothing."""
Generator = np.random.Generator
Places = Callable[[UInt8, float, Generator], Int64]
"""From a map of classes, uint8 [H, W], a strength and a generator to where each pixel of the moved map comes from: flat
places, int64 [H, W], or ``OUTSIDE``."""


def turned(image: UInt8, degrees: float, rng: Generator) -> UInt8:
    """Return an image, uint8 [H, W, C], turned about its middle, left or right, with its mirror image outside."""
    from scipy.ndimage import rotate  # here, because it takes long to import

    return rounded(rotate(image.astype(np.float32), _angle(degrees, rng), reshape=False, order=1, mode="reflect"))


def shifted(image: UInt8, percent: float, rng: Generator) -> UInt8:
    """Return an image shifted by so much of its shorter side, in whole pixels and a random direction, mirrored."""
    height, width = image.shape[:2]
    down, right = _offset((height, width), percent, rng)
    margin = max(abs(down), abs(right))
    around = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric")
    return np.ascontiguousarray(around[margin + down :, margin + right :][:height, :width])


def turned_from(classes: UInt8, degrees: float, rng: Generator) -> Int64:
    """Return the places of a map, uint8 [H, W], turned as ``turned`` does with the same generator.

    The colour of a turned pixel is a mean of four. Its class is that which has most weight among them, and its place
    that of the heaviest of these; so the borders between classes lie where they lie in the turned image. One that has
    a part of what is beyond the border comes from outside.
    """
    angle, middle = math.radians(_angle(degrees, rng)), (np.array(classes.shape) - 1) / 2
    matrix = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    found = []
    for start in range(0, len(classes), ROWS):
        rows, columns = np.mgrid[start : min(start + ROWS, len(classes)), : classes.shape[1]]
        at = np.tensordot(matrix, np.stack([rows, columns]) - middle[:, None, None], 1) + middle[:, None, None]
        found.append(_heaviest(classes, at.round(EQUAL)))
    return np.concatenate(found)


def shifted_from(classes: UInt8, percent: float, rng: Generator) -> Int64:
    """Return the places of a map, uint8 [H, W], shifted as ``shifted`` does with the same generator."""
    height, width = classes.shape
    down, right = _offset((height, width), percent, rng)
    rows, columns = np.mgrid[down : down + height, right : right + width]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    return np.where(inside, rows * width + columns, OUTSIDE)


def _heaviest(classes: UInt8, at: Float64) -> Int64:
    """Return, of points [2, R, W] of a map, the flat place of the heaviest pixel of the heaviest class around each."""
    (top, left), limits = np.floor(at).astype(np.int64), np.array(classes.shape)[:, None, None]
    down, right = at[0] - top, at[1] - left
    corners = [(top + y, left + x) for y in (0, 1) for x in (0, 1)]
    weights = np.stack([(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right])
    places = [np.clip(np.stack(each), 0, limits - 1) for each in corners]
    outside = [np.any(place != np.stack(each), axis=0) for place, each in zip(places, corners, strict=True)]
    around = np.stack([classes[row, column] for row, column in places])
    votes = np.stack([(weights * (around == each)).sum(axis=0) for each in around]).round(EQUAL)
    heaviest = np.where(votes == votes.max(axis=0), weights, OUTSIDE).argmax(axis=0)
    flat = np.stack([row * classes.shape[1] + column for row, column in places])
    beyond = (np.stack(outside) & (weights > 0)).any(axis=0)
    return np.where(beyond, OUTSIDE, np.take_along_axis(flat, heaviest[None], axis=0)[0])


def _angle(degrees: float, rng: Generator) -> float:
    return degrees if rng.random() < 0.5 else -degrees


def _offset(shape: tuple[int, int], percent: float, rng: Generator) -> tuple[int, int]:
    """Return by how many whole pixels an image is shifted, down and to the right."""
    distance, angle = percent / 100 * min(shape), rng.uniform(0, 2 * math.pi)
    return round(distance * math.sin(angle)), round(distance * math.cos(angle))
