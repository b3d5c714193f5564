"""Outlines drawn as masks: a pixel is inside where its middle is."""

from __future__ import annotations

import numpy as np

from pixelproof.array_types import Bool, Float64, Int64


def inside(outline: Float64, height: int, width: int) -> Bool:
    """Return which pixels' middles an outline encloses, [height, width], by the even-odd rule.

    Args:
        outline: [N, 2], x and y of its corners in pixels from the upper left; the last is joined to the first.
        height: In pixels.
        width: Likewise.
    """
    ends = np.stack([outline, np.roll(outline, -1, axis=0)])
    ends = np.take_along_axis(ends, ends[..., 1:].argsort(axis=0), axis=0)  # each edge downwards
    (x, y), (lower_x, lower_y) = ends[0].T, ends[1].T
    first, last = (np.clip(np.ceil(each - 0.5), 0, height).astype(np.int64) for each in (y, lower_y))
    top, bottom = int(first.min()), int(last.max())
    edge = np.repeat(np.arange(len(x)), last - first)
    row = _counted_up(first, last)
    with np.errstate(divide="ignore", invalid="ignore"):  # of level edges, which cross no row's middle
        slope = (lower_x - x) / (lower_y - y)
    crossing = x[edge] + (row + 0.5 - y[edge]) * slope[edge]
    column = np.clip(np.ceil(crossing - 0.5), 0, width).astype(np.int64)
    odd = np.zeros((height, width), np.bool_)
    if not len(row):
        return odd
    left, right = int(column.min()), int(column.max())
    turns = np.zeros((bottom - top, right - left + 1), np.uint8)
    np.add.at(turns, (row - top, column - left), 1)  # from there on it is the other side
    odd[top:bottom, left:right] = turns.cumsum(axis=1, dtype=np.uint8)[:, :-1] % 2
    return odd


def _counted_up(first: Int64, last: Int64) -> Int64:
    """Return ``first, first + 1, ... last - 1`` of each pair, one after the other."""
    lengths = last - first
    starts = np.repeat(lengths.cumsum() - lengths, lengths)
    counted: Int64 = np.repeat(first, lengths) + np.arange(lengths.sum()) - starts
    return counted


def run_lengths(counts: list[int], height: int, width: int) -> Bool:
    """Return a mask, [height, width], from runs of pixels outside and inside by turns, down one column after the other.

    Raises:
        ValueError: They are not as many pixels as the mask has.
    """
    if min(counts, default=0) < 0 or sum(counts) != height * width:
        raise ValueError(f"its runs are {sum(counts):,} pixels of {height * width:,}")
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(width, height).T


def unpacked(text: str) -> list[int]:
    """Return the runs that COCO packs into a text: five bits a character, and from the third on what they differ by.

    Raises:
        ValueError: It ends amid a number, or has other characters.
    """
    counts: list[int] = []
    value = place = 0
    for character in text.encode():
        bits = character - 48
        if not 0 <= bits < 64:
            raise ValueError("its runs are packed in another way")
        value |= (bits & 31) << place
        place += 5
        if bits & 32:
            continue
        value -= (bits & 16) << place - 4 if bits & 16 else 0
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = place = 0
    if place:
        raise ValueError("its runs end amid a number")
    return counts
