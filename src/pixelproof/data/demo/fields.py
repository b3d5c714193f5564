"""The two building blocks of the landscape: noise in two dimensions, and patchworks of crooked rectangles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft

Plane = npt.NDArray[np.float32]
"""One value a pixel, float32 [S, S]."""
Index = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


def fractal(rng: np.random.Generator, size: int, scale: float, smoothness: float = 1.0) -> Plane:
    """Return noise of mean 0 and variance 1, [size, size], with a power-law spectrum.

    Args:
        rng: Where the noise comes from.
        size: Side in pixels.
        scale: Size of the largest features in pixels.
        smoothness: How fast finer detail fades; the contour lines are ragged at 0.8 and smooth at 2.
    """
    rows, columns = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
    fade = (1 + (rows**2 + columns**2) * scale**2) ** -(0.5 + smoothness)
    white = fft.rfft2(rng.standard_normal((size, size), np.float32))
    plane: Plane = fft.irfft2(white * fade.astype(np.float32), s=(size, size))
    return (plane - plane.mean()) / plane.std()


def axes(size: int, angle: float) -> tuple[Plane, Plane]:
    """Return the coordinates (u, v) of every pixel in axes turned by ``angle`` radians about the middle."""
    y, x = np.mgrid[:size, :size].astype(np.float32) - np.float32((size - 1) / 2)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return cos * x + sin * y, cos * y - sin * x


class Patchwork(NamedTuple):
    """Crooked rectangles that tile the plane; every part is [S, S].

    ``u`` and ``v`` are the distances in pixels from the lower edges of the patch, ``width`` and ``height`` its extents.
    """

    ids: Index
    u: Plane
    v: Plane
    width: Plane
    height: Plane

    @property
    def margin(self) -> Plane:
        """Distance to the nearest edge of the patch in pixels."""
        across = np.minimum(self.u, self.width - self.u)
        return np.minimum(across, np.minimum(self.v, self.height - self.v))

    @property
    def count(self) -> int:
        """A number above every id, for tables with one row a patch."""
        return int(self.ids.max()) + 1

    def split(self, pitch: float) -> Patchwork:
        """Divide every patch into equal cells whose sides are as near to ``pitch`` pixels as fits."""
        columns = np.maximum(np.rint(self.width / pitch), 1)
        rows = np.maximum(np.rint(self.height / pitch), 1)
        width, height = self.width / columns, self.height / rows
        column, row = self.u // width, self.v // height
        ids = (self.ids * 1024 + column.astype(np.intp) % 32 * 32 + row.astype(np.intp) % 32).ravel()
        ids = np.unique(ids, return_inverse=True)[1].reshape(self.ids.shape)
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


def merge(where: Flags, one: Patchwork, other: Patchwork) -> Patchwork:
    """Return ``one`` where the flag is set and ``other`` elsewhere, with ids that do not collide."""
    other = other._replace(ids=other.ids + one.count)
    return Patchwork(*(np.where(where, a, b) for a, b in zip(one, other, strict=True)))


def _slice(
    rng: np.random.Generator, position: Plane, reach: float, sides: tuple[float, float]
) -> tuple[Index, Plane, Plane]:
    """Cut the line -reach..reach into pieces; return piece number, distance from its start, and its length."""
    steps = rng.uniform(*sides, int(2 * reach / sides[0]) + 2)
    cuts = (np.cumsum(steps) - reach - sides[1]).astype(np.float32)
    piece = np.searchsorted(cuts, position, side="right").clip(1, len(cuts) - 1)
    start = cuts[piece - 1]
    return piece, position - start, cuts[piece] - start
