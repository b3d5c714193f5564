"""The two building blocks of the landscape: noise in two dimensions, and patchworks of crooked rectangles."""

from __future__ import annotations

import math
from functools import lru_cache, reduce
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft

from pixelproof.array_types import Bool, Float32

Index = npt.NDArray[np.intp]


def fractal(rng: np.random.Generator, size: int, scale: float, smoothness: float = 1.0) -> Float32:
    """Return noise of mean 0 and variance 1, [size, size], with a power-law spectrum.

    Args:
        rng: Where the noise comes from.
        size: Side in pixels.
        scale: Size of the largest features in pixels.
        smoothness: How fast finer detail fades; the contour lines are ragged at 0.8 and smooth at 2.
    """
    amplitude = _amplitude(size, scale, smoothness)
    highest = amplitude.shape[1]
    drawn = rng.standard_normal((*amplitude.shape, 2), np.float32).view(np.complex64)[..., 0] * amplitude
    spectrum = np.zeros((size, size // 2 + 1), np.complex64)
    spectrum[:highest, :highest], spectrum[-highest:, :highest] = drawn[:highest], drawn[highest:]
    plane: Float32 = fft.irfft2(spectrum, s=(size, size), overwrite_x=True)
    plane /= plane.std()
    return plane


@lru_cache(maxsize=64)
def _amplitude(size: int, scale: float, smoothness: float) -> Float32:
    """Return the amplitude of the frequencies that matter, [2k, k]: 0..k-1 and -k..-1 down, 0..k-1 across."""
    power = -(0.5 + smoothness)
    faded = np.sqrt(1e-3 ** (1 / power) - 1) / scale  # where the amplitude has fallen to a thousandth
    highest = min((size - 1) // 2, math.ceil(faded * size))
    rows, columns = np.arange(-highest, highest)[:, None], np.arange(highest)[None]
    squares = np.roll(rows**2 + columns**2, highest, axis=0)
    amplitude: Float32 = ((1 + squares * (scale / size) ** 2) ** power).astype(np.float32)
    amplitude[0, 0] = 0  # so that the mean is 0
    return amplitude


def axes(size: int, angle: float) -> tuple[Float32, Float32]:
    """Return the coordinates (u, v) of every pixel in axes turned by ``angle`` radians about the middle, in pixels."""
    along = np.arange(size, dtype=np.float32) - np.float32((size - 1) / 2)
    x, y = along[None], along[:, None]
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return cos * x + sin * y, cos * y - sin * x


class Patchwork(NamedTuple):
    """Crooked rectangles that tile the plane; every part is [S, S].

    ``u`` and ``v`` are the distances in pixels from the lower edges of the patch, ``width`` and ``height`` its extents.
    """

    ids: Index
    u: Float32
    v: Float32
    width: Float32
    height: Float32

    @property
    def margin(self) -> Float32:
        """Distance to the nearest edge of the patch in pixels."""
        sides = (self.u, self.width - self.u, self.v, self.height - self.v)
        return reduce(np.minimum, sides)

    @property
    def id_limit(self) -> int:
        """The first number above every id: how many rows a table with a row for each patch needs."""
        return int(self.ids.max()) + 1

    def mean(self, values: Float32 | Bool) -> Float32:
        """Return the mean of ``values`` [S, S] over each pixel's patch."""
        ids = self.ids.ravel()
        means: Float32 = (np.bincount(ids, values.ravel()) / np.bincount(ids).clip(1)).astype(np.float32)
        return means[self.ids]

    def split(self, pitch: float) -> Patchwork:
        """Divide every patch into equal cells, at most 8 x 8, whose sides are as near to ``pitch`` pixels as fits."""
        columns = np.rint(self.width / pitch).clip(1, 8)
        rows = np.rint(self.height / pitch).clip(1, 8)
        width, height = self.width / columns, self.height / rows
        column, row = self.u // width, self.v // height
        ids = self.ids * 64 + column.astype(np.intp) % 8 * 8 + row.astype(np.intp) % 8
        return Patchwork(ids, self.u - column * width, self.v - row * height, width, height)


def patchwork(rng: np.random.Generator, size: int, sides: tuple[float, float], warp: float = 0.0) -> Patchwork:
    """Return patches in rows of random direction, width and offset.

    Args:
        rng: Where the choices come from.
        size: Side of the tile in pixels.
        sides: Smallest and largest side of a patch in pixels.
        warp: How far the edges bend, in pixels.
    """
    u, v = axes(size, rng.uniform(0, np.pi))
    if warp:
        u, v = u + warp * fractal(rng, size, 60, 2), v + warp * fractal(rng, size, 60, 2)
    reach = size + 4 * warp + sides[1]
    row, v_in, height = _slice(rng, v, reach, sides)
    shift = rng.uniform(0, sides[1], int(row.max()) + 1).astype(np.float32)
    column, u_in, width = _slice(rng, u + shift[row], reach + sides[1], (sides[0], 1.6 * sides[1]))
    return Patchwork(row * (int(column.max()) + 1) + column, u_in, v_in, width, height)


def merge(where: Bool, one: Patchwork, other: Patchwork) -> Patchwork:
    """Return ``one`` where the flag is set and ``other`` elsewhere, with ids that do not collide."""
    ids = np.where(where, one.ids, other.ids + one.id_limit)
    return Patchwork(ids, *(np.where(where, a, b) for a, b in zip(one[1:], other[1:], strict=True)))


def _slice(
    rng: np.random.Generator, position: Float32, reach: float, sides: tuple[float, float]
) -> tuple[Index, Float32, Float32]:
    """Cut the line -reach..reach into pieces; return piece number, distance from its start, and its length."""
    steps = rng.uniform(*sides, int(2 * reach / sides[0]) + 2)
    cuts = (np.cumsum(steps) - reach - sides[1]).astype(np.float32)
    piece = np.searchsorted(cuts, position, side="right").clip(1, len(cuts) - 1)
    start = cuts[piece - 1]
    return piece, position - start, cuts[piece] - start
