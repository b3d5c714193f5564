"""Large images in tiles that join without a seam.

A tile is computed with a halo, a margin that is thrown away. Where the halo covers everything a pixel depends on, and
tiles start at multiples of the network's stride, the tiled map equals the map of the whole image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from pixelproof.models import PixelModel, receptive_field

UInt8 = npt.NDArray[np.uint8]
Map = TypeVar("Map", bound=npt.NDArray[Any])
LARGE = 2048 * 2048
"""Images of more pixels are computed in tiles."""
TILE = 1024
UNKNOWN_HALO = 256
"""Halo for networks whose receptive field is not known; there a tiled map may differ slightly from the whole one."""


def predict_tiled(image: UInt8, predict: Callable[[UInt8], Map], margin: int, tile: int = TILE) -> Map:
    """Return the map of an image, uint8 [H, W, 3] -> [H, W, ...], computed tile by tile.

    Args:
        image: The whole image.
        predict: Gives the map of one piece, such as the class of each pixel.
        margin: Width of the halo in pixels, as ``halo`` gives it.
        tile: Side of a tile without its halo, a multiple of the network's stride.
    """
    height, width = image.shape[:2]
    result: Map | None = None
    for top, left in _corners(height, width, tile):
        up, side = max(top - margin, 0), max(left - margin, 0)
        piece = predict(image[up : top + tile + margin, side : left + tile + margin])
        inner = piece[top - up : top - up + tile, left - side : left - side + tile]
        if result is None:
            result = cast(Map, np.empty((height, width, *inner.shape[2:]), inner.dtype))
        result[top : top + tile, left : left + tile] = inner
    assert result is not None
    return result


def halo(model: PixelModel) -> int:
    """Return the margin in pixels that covers all a pixel depends on, a multiple of the network's stride.

    A coarse cell reaches half a receptive field beyond its own pixels; one stride more covers where in its cell the
    tile's edge lies.
    """
    field = receptive_field(model)
    reach = UNKNOWN_HALO if field is None else field // 2 + model.stride
    return -(-reach // model.stride) * model.stride


def _corners(height: int, width: int, tile: int) -> Iterator[tuple[int, int]]:
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            yield top, left
