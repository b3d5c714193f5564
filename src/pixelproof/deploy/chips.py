"""Cut-outs of a scene around points of a map, for a person to see what is there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from pixelproof.array_types import Float64, Int64, UInt8
from pixelproof.deploy.class_map import ClassMap
from pixelproof.deploy.geo import lies, located, transformed
from pixelproof.deploy.raster import Scene
from pixelproof.errors import UserError
from pixelproof.report.label_page import SIDE
from pixelproof.windows import Window

WIDEST = 4096
"""Pixels of the scene that a cut-out may show beside each other."""
CORNERS = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)


def outlines(scene: Scene, source: ClassMap, columns: Int64, rows: Int64) -> Float64:
    """Return the corners of the map's pixels in pixels of the scene, [N, 4, 2], x first; infinite off the Earth.

    Args:
        scene: What is to be seen; it may be finer or coarser than the map, and in another projection.
        source: The map.
        columns: int64 [N], of its pixels.
        rows: Likewise.

    Raises:
        UserError: Nothing says how one lies on the other.
    """
    corners = np.stack([columns, rows], axis=1)[:, None] + CORNERS
    if not (lies(scene) and lies(source)):
        if (scene.height, scene.width) == (source.height, source.width):
            return corners
        problem = f"nothing says how {scene.path} lies on {source.path}, which has another size"
        raise UserError(problem, "give the scene that was mapped, or one with a CRS and a transform, as the map's")
    if scene.crs == source.crs and scene.transform.almost_equals(source.transform):
        return corners
    x, y = located(source.transform, corners[..., 0].ravel(), corners[..., 1].ravel())
    x, y = transformed(source.crs, scene.crs, x, y)
    with np.errstate(invalid="ignore"):  # of what is off the Earth
        return np.stack(located(~scene.transform, x, y), axis=1).reshape(corners.shape)


def chips(scene: Scene, outlined: Float64) -> Iterator[tuple[UInt8, Float64] | None]:
    """Yield for each pixel that is outlined, [N, 4, 2], a cut-out around it and its outline there; None off the scene.

    A cut-out is uint8 [SIDE, SIDE, 3], grey where the scene ends or holds no data; the outline is [4, 2], x first. It
    shows the scene's own pixels, or smaller ones where it would not hold three of the map's.

    Raises:
        UserError: The scene is damaged there.
    """
    for corners in outlined:
        middle = corners.mean(axis=0)
        within = np.isfinite(corners).all() and 0 <= middle[0] < scene.width and 0 <= middle[1] < scene.height
        if not within:
            yield None
            continue
        side = max(SIDE, min(int(3 * np.ptp(corners, axis=0).max()), WIDEST))
        left, top = (np.floor(middle).astype(int) - side // 2).tolist()
        chip = Image.fromarray(_cut(scene, left, top, side)).resize((SIDE, SIDE), Image.Resampling.BOX)
        yield np.asarray(chip), (corners - (left, top)) * SIDE / side


def _cut(scene: Scene, left: int, top: int, side: int) -> UInt8:
    first_row, first_column = max(top, 0), max(left, 0)
    height, width = min(top + side, scene.height) - first_row, min(left + side, scene.width) - first_column
    pixels, valid = scene.read(Window(first_row, first_column, height, width))
    chip = np.full((side, side, 3), 128, np.uint8)
    place = chip[first_row - top :, first_column - left :][:height, :width]
    place[valid] = pixels[valid]
    return chip
