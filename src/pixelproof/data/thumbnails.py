"""Small square pictures of images, for pages that show many at once."""

from __future__ import annotations

import numpy as np
from PIL import Image

from pixelproof.array_types import UInt8
from pixelproof.data.reader import as_picture

SIDE, SMALL = 32, 16
"""Pixels a side, and where there are more than ``MANY`` images."""
MANY = 10_000
BACKGROUND = 255


def side_for(images: int) -> int:
    """Return the side of each thumbnail where there are so many, so that a page can carry them all."""
    return SIDE if images <= MANY else SMALL


def thumbnail(image: UInt8, side: int, flat: bool = False) -> UInt8:
    """Return an image, uint8 [H, W, C], within a white square of ``side`` pixels, its proportions kept.

    The colours of one that is ``flat``, such as a mask, are never mixed.
    """
    image = as_picture(image)
    if image.shape[:2] == (side, side):
        return image
    small = Image.fromarray(image)
    scale = side / max(small.size)
    width, height = (max(1, round(length * scale)) for length in small.size)
    small = small.resize((width, height), Image.Resampling.BOX if scale < 1 and not flat else Image.Resampling.NEAREST)
    square = np.full((side, side, 3), BACKGROUND, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = np.asarray(small)
    return square
