"""Large images in tiles that join without a seam.

A tile is computed with a halo, a margin that is thrown away. Where the halo covers everything a pixel depends on, and
tiles start at multiples of the network's stride, the tiled map equals the map of the whole image.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from torch import nn

from pixelproof.array_types import UInt8
from pixelproof.models import PixelModel, receptive_field
from pixelproof.windows import Tile, Window

Map = TypeVar("Map", bound=npt.NDArray[Any])
LARGE = 2048 * 2048
"""Images of more pixels are computed in tiles."""
BLENDED = 2
"""Pixels beyond a tile that are blended into it where an image is brought to another size."""
TILE = 768
"""Side of a tile, or close to it; with the halo of the FCN family the network sees 960 pixels."""
UNKNOWN_HALO = 256
"""Halo for networks whose receptive field is not known, in pixels as the first layer sees them; there a tiled map may
differ slightly from the whole one."""


def tiles(height: int, width: int, side: int, margin: int) -> list[Tile]:
    """Return the tiles of an image, row by row; what is kept of them covers it once.

    The halo ends at the image's own border, so that the network pads there as it does for the whole image.

    Args:
        height: Of the image, in pixels.
        width: Likewise.
        side: Of what is kept of a tile, a multiple of the network's stride.
        margin: Width of the halo, as ``halo`` gives it.
    """
    return [
        Tile(_window(row - margin, column - margin, side + 2 * margin, height, width), kept)
        for row in range(0, height, side)
        for column in range(0, width, side)
        for kept in [_window(row, column, side, height, width)]
    ]


def predict_tiled(
    image: UInt8, predict: Callable[[UInt8], Map], margin: int, side: int, result: Map | None = None
) -> Map:
    """Return the map of an image, uint8 [H, W, C] -> [H, W, ...], computed tile by tile.

    Args:
        image: The whole image.
        predict: Gives the map of one piece, such as the class of each pixel.
        margin: Width of the halo in pixels, as ``halo`` gives it.
        side: Of a tile without its halo, a multiple of the network's stride.
        result: Where the map is written, such as a file that is larger than memory; by default a new array.
    """
    for tile in tiles(image.shape[0], image.shape[1], side, margin):
        piece = predict(image[tile.seen.slices])[tile.inside]
        if result is None:
            result = cast(Map, np.empty((*image.shape[:2], *piece.shape[2:]), piece.dtype))
        result[tile.kept.slices] = piece
    assert result is not None
    return result


def seam_difference(image: UInt8, predict: Callable[[UInt8], UInt8], margin: int, side: int) -> float:
    """Return the share of pixels whose class depends on whether an image is computed in tiles or as a whole."""
    return float((predict_tiled(image, predict, margin, side) != predict(image)).mean())


def tile_side(model: PixelModel, wanted: int | None = None) -> int:
    """Return the side in pixels of a tile without its halo, a multiple of the network's stride.

    Args:
        model: The network.
        wanted: What it is to be close to; None is ``TILE`` in the largest size that is looked at.
    """
    return max(round((wanted or TILE / _largest(model)) / model.stride), 1) * model.stride


def halo(model: PixelModel) -> int:
    """Return the margin in pixels that covers all a pixel depends on, a multiple of the network's stride.

    A feature of the deepest map sees this much beyond its own cell of ``reduction`` pixels, and tiles begin where cells
    do. Decoders that blend neighbouring cells need one more of them, and so do answers brought to another size. A pixel
    of a smaller size stands for several of the image.
    """
    reach = max(_reach(network, _resizes(model)) for network in model.networks())
    reach = math.ceil((reach + BLENDED * _resizes(model)) / min(model.scales))
    return -(-reach // model.stride) * model.stride


def large(model: PixelModel, height: int, width: int) -> bool:
    """Return whether an image is computed in tiles, for what it takes in the largest size that is looked at."""
    return height * width * _largest(model) ** 2 > LARGE


def seamless(model: PixelModel) -> bool:
    """Return whether a tiled map equals the whole-image map, because all that a pixel depends on is known."""
    return receptive_field(model) is not None


def _largest(model: PixelModel) -> float:
    return max(1.0, *model.scales)


def _resizes(model: PixelModel) -> bool:
    return any(scale != 1 for scale in model.scales)


def _reach(network: PixelModel, resized: bool) -> int:
    """Return how far beyond its own cell a pixel of an answer sees, which may be brought to another size later."""
    field = receptive_field(network)
    if field is None:
        return UNKNOWN_HALO * network.downsample
    return -(-(field - network.reduction) // 2) + network.reduction * (resized or _blends(network))


def _blends(model: PixelModel) -> bool:
    """Return whether anything upsamples by more than copying or spreading each cell over its own pixels."""
    return model.downsample > 1 or any(
        (isinstance(layer, nn.Upsample) and layer.mode != "nearest")
        or (isinstance(layer, nn.ConvTranspose2d) and layer.kernel_size != layer.stride)
        for layer in model.modules()
    )


def _window(top: int, left: int, side: int, height: int, width: int) -> Window:
    """Return the part of a square that lies on the image."""
    bottom, right = min(top + side, height), min(left + side, width)
    top, left = max(top, 0), max(left, 0)
    return Window(top, left, bottom - top, right - left)
