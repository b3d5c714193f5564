"""Marks of an image that stay with what it shows, wherever a tile is cut out of a scene: hashes of small windows.

Which windows are taken depends on their own pixels alone, and of these the smallest hashes are kept (Broder 1997). So
two tiles that share pixels share about as large a part of their marks.
"""

from __future__ import annotations

from functools import cache, reduce
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pixelproof import randomness
from pixelproof.array_types import Int64, UInt8

_SIDE = 8  # of a window
_EVERY = 256  # pixels of which one begins a window, as its value and its neighbours' have it
_MOST = 2048  # windows that are hashed, of a strip
_KEPT = 32
_STRIP = 1024  # rows that are looked at at once
_LEAST_SIDE = 64  # pixels; nobody cuts smaller tiles

Hashes = npt.NDArray[np.uint64]
Packed = npt.NDArray[np.uint32]


class Marks(NamedTuple):
    """At most 32 marks of an image.

    Attributes:
        hashes: Of the windows, [M], each another one.
        places: Row and column at which each begins, int64 [M, 2].
    """

    hashes: Hashes
    places: Int64


NONE = Marks(np.zeros(0, np.uint64), np.zeros((0, 2), np.int64))


def marks_of(pixels: UInt8) -> Marks:
    """Return the marks of an image, uint8 [H, W, C]; none where it is small, or of one colour."""
    if min(pixels.shape[:2]) < _LEAST_SIDE:
        return NONE
    tops = range(0, len(pixels) - _SIDE + 1, _STRIP)
    strips = [_windows(_packed(pixels[top : top + _STRIP + _SIDE - 1]), top) for top in tops]
    hashes, places = (np.concatenate(parts) for parts in zip(*strips, strict=True))
    found, first, count = np.unique(hashes, return_index=True, return_counts=True)
    alone = np.flatnonzero(count == 1)[:_KEPT]  # what is there twice tells no place
    return Marks(found[alone], places[first[alone]])


def _packed(pixels: UInt8) -> Packed:
    """Return a number for the colour of each pixel, [H, W]."""
    channels = np.moveaxis(pixels, 2, 0)
    return reduce(lambda sum_, channel: sum_ * np.uint32(257) + channel, channels[1:], channels[0].astype(np.uint32))


def _windows(strip: Packed, top: int) -> Marks:
    """Return the hashes of windows of a strip of packed colours, and where in the image they begin."""
    height, width = strip.shape[0] - _SIDE + 1, strip.shape[1] - _SIDE + 1
    here, right, below = strip[:height, :width], strip[:height, 1 : width + 1], strip[1 : height + 1, :width]
    mixed = here * np.uint32(0x9E3779B1) ^ right * np.uint32(0x85EBCA6B) ^ below * np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(0x2C1B3C6D)
    begins = (mixed < (1 << 32) // _EVERY) & (here != right) & (here != below)  # of one colour, all would begin
    rows, columns = np.nonzero(begins)
    if len(rows) > _MOST:
        smallest = np.argpartition(mixed[rows, columns], _MOST)[:_MOST]
        rows, columns = rows[smallest], columns[smallest]
    window = np.arange(_SIDE)
    cells = strip[rows[:, None, None] + window[:, None], columns[:, None, None] + window].reshape(-1, _SIDE**2)
    return Marks((cells * _weights()).sum(axis=1, dtype=np.uint64), np.stack([rows + top, columns], axis=1))


@cache
def _weights() -> Hashes:
    return randomness.generator(0, "marks").integers(0, 1 << 64, _SIDE**2, np.uint64) | np.uint64(1)
