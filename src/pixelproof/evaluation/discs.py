"""What lies within a distance of each pixel: exact Euclidean neighbourhoods, all radii in one sweep."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import numpy as np

from pixelproof.array_types import Int64, UInt8
from pixelproof.labels import VOID

FAR = 255
"""The reach of a pixel that has nothing within the largest radius."""


def over_discs(image: UInt8, radii: Sequence[int], combine: np.ufunc, outside: int) -> list[UInt8]:
    """Combine the values within each radius of every pixel.

    Args:
        image: uint8 [H, W].
        radii: Euclidean radii in pixels.
        combine: An operation on two arrays whose order and repetition do not matter: minimum, bitwise or.
        outside: The value beyond the border of the image, neutral to ``combine``.

    Returns:
        uint8 [H, W] for each radius.
    """
    margin = max(radii)
    padded = np.pad(image, margin, constant_values=outside)
    # A disc is a row of pixels for each of its lines. Rows grow by a pixel at each end, and each disc takes the rows it
    # needs when they are that long. Flat, a shift is a slice, and what runs over a line's end falls into the margin.
    flat, width = padded.ravel(), padded.shape[1]
    rows = flat.copy()
    discs = [flat.copy() for _ in radii]
    for half in range(margin + 1):
        if half:
            _combine_shifted(rows, flat, half, combine)
        for radius, disc in zip(radii, discs, strict=True):
            for line in range(radius + 1):
                if isqrt(radius**2 - line**2) == half:
                    _combine_shifted(disc, rows, line * width, combine)
    inside = (slice(margin, margin + image.shape[0]), slice(margin, margin + image.shape[1]))
    return [disc.reshape(padded.shape)[inside] for disc in discs]


def _combine_shifted(target: UInt8, source: UInt8, shift: int, combine: np.ufunc) -> None:
    """Combine into ``target`` what stands ``shift`` places before and after in ``source``."""
    size = len(target) - shift
    combine(target[:size], source[shift:], out=target[:size])
    if shift:
        combine(target[shift:], source[:size], out=target[shift:])


def reach(mask: UInt8, radii: Sequence[int]) -> UInt8:
    """Return the smallest of ascending ``radii`` within which a pixel of another class lies, ``FAR`` where none does.

    Args:
        mask: uint8 [H, W], class indices or ``VOID``; void pixels are no class, and their own reach says nothing.
        radii: Euclidean distances in pixels, below ``FAR``.
    """
    # Another class lies within a disc where not all of it is what its middle is: in bits, of which a byte holds eight
    # classes, or else in the least and in the greatest class. Void has no bit, and is 255 in both orders.
    sweeps: list[tuple[UInt8, np.ufunc, int]]
    if (mask + np.uint8(1)).max() <= 8:
        sweeps = [(np.left_shift(np.uint8(1), mask), np.bitwise_or, 0)]
    else:
        sweeps = [(order, np.minimum, VOID) for order in (mask, np.uint8(VOID - 1) - mask)]
    discs = [over_discs(image, radii, combine, outside) for image, combine, outside in sweeps]
    found = np.full(mask.shape, FAR, np.uint8)
    # Discs lie in each other, so each steps down from the next larger radius.
    steps = np.diff([*radii, FAR]).astype(np.uint8)
    for step, *views in zip(steps, *discs, strict=True):
        others = [view != image for view, (image, _, _) in zip(views, sweeps, strict=True)]
        found -= np.logical_or.reduce(others).view(np.uint8) * step
    return found


def matches(mask: UInt8, other: UInt8, radii: Sequence[int], classes: int) -> Int64:
    """Count the pixels of each class that have one of the same class in another mask within each radius.

    Args:
        mask: uint8 [H, W], class indices, ``VOID`` where there is nothing to match.
        other: uint8 [H, W], likewise.
        radii: Euclidean distances in pixels.
        classes: Number of classes K.

    Returns:
        int64 [R, K].
    """
    counts = np.zeros((len(radii), 256), np.int64)
    for first in range(0, classes, 8):  # a class is a bit of a byte; bits beyond it vanish, and so does void
        own, others = (np.left_shift(np.uint8(1), m - np.uint8(first)) for m in (mask, other))
        places = np.flatnonzero(own)
        if not len(places) or not others.any():
            continue
        bits, labels = own.ravel()[places], mask.ravel()[places]
        for count, disc in zip(counts, over_discs(others, radii, np.bitwise_or, 0), strict=True):
            count += np.bincount(labels[(disc.ravel()[places] & bits) != 0], minlength=256)
    return counts[:, :classes]
