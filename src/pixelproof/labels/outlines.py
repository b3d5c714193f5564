"""The outline of a region as a text that people can read, and that says exactly which pixels are inside.

``M12 40h30v22h-30z`` is the rectangle of 30 x 22 pixels at left 12, top 40: a path as SVG writes it, along the edges of
pixels. What an odd number of its lines surrounds is inside, so that holes and parts are further such pieces.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from pixelproof.array_types import Bool, Int64, UInt8

_PIECE = re.compile(r"\s*M\s*(\d{1,7})[\s,]\s*(\d{1,7})((?:\s*[hv]\s*-?\d{1,7})+)\s*z\s*")
_STEP = re.compile(r"([hv])\s*(-?\d+)")
Corners = list[tuple[int, int]]


class Region(NamedTuple):
    """Some pixels of an image.

    Attributes:
        left: The column of its first ones.
        top: The row likewise.
        inside: Which pixels from there on are of it, bool [h, w].
    """

    left: int
    top: int
    inside: Bool

    @property
    def window(self) -> tuple[slice, slice]:
        """The rows and columns of an image that ``inside`` is about."""
        height, width = self.inside.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


class Box(NamedTuple):
    """The columns and rows that an outline spans, in pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def words(self) -> str:
        """Its size and place in words."""
        return f"{self.width:,} x {self.height:,} pixels at left {self.left:,}, top {self.top:,}"


def outline_of(inside: Bool, left: int = 0, top: int = 0) -> str:
    """Return the outline of pixels, bool [h, w], of which the first is in this column and row of its image."""
    padded = np.pad(inside, 1).view(np.uint8)
    turns = padded[:-1, :-1] ^ padded[1:, :-1] ^ padded[:-1, 1:] ^ padded[1:, 1:]  # an odd number of four pixels
    rows, columns = np.nonzero(turns)
    # Along each row, and along each column, corners are the ends of edges in turn.
    across = np.arange(len(rows)) ^ 1
    by_column = np.lexsort((rows, columns))
    down = np.empty_like(across)
    down[by_column] = by_column[np.arange(len(rows)) ^ 1]
    return "".join(_pieces(columns + left, rows + top, across, down))


def _pieces(x: Int64, y: Int64, across: Int64, down: Int64) -> Iterator[str]:
    """Yield each closed line through corners at (x, y), of which two arrays say where edges lead from each."""
    open_ = np.ones(len(x), bool)
    for start in range(len(x)):
        if not open_[start]:
            continue
        steps, at = [f"M{x[start]} {y[start]}"], start
        while True:
            turn = int(across[at])
            steps.append(f"h{x[turn] - x[at]}")
            open_[[at, turn]] = False
            if (then := int(down[turn])) == start:
                break
            steps.append(f"v{y[then] - y[turn]}")
            at = then
        yield f"{''.join(steps)}z"


@lru_cache(maxsize=1024)
def box_of(outline: str) -> Box:
    """Return the box around an outline.

    Raises:
        ValueError: It is none.
    """
    return _box(_corners(outline))


def region_of(outline: str, height: int, width: int) -> Region:
    """Return the pixels inside of an outline in an image of this size.

    Raises:
        ValueError: It is none, goes beyond the image, or there is nothing in it.
    """
    pieces = _corners(outline)
    box = _box(pieces)
    if box.left + box.width > width or box.top + box.height > height:
        raise ValueError(f"{box.words}, it lies outside of {width:,} x {height:,} pixels")
    ends: UInt8 = np.zeros((box.height + 1, box.width + 1), np.uint8)
    for piece in pieces:
        for (x, y), (_, below) in itertools.pairwise([*piece, piece[0]]):
            ends[y - box.top, x - box.left] ^= 1  # where an edge goes down, it begins and ends; others do so twice
            ends[below - box.top, x - box.left] ^= 1
    inside = np.bitwise_xor.accumulate(np.bitwise_xor.accumulate(ends, axis=0), axis=1)[:-1, :-1].view(bool)
    if not inside.any():
        raise ValueError("there is no pixel in it")
    return Region(box.left, box.top, inside)


def _box(pieces: Iterable[Corners]) -> Box:
    corners = [*itertools.chain(*pieces)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def _corners(outline: str) -> list[Corners]:
    """Return the corners of each closed line, as (x, y)."""
    pieces, at = [], 0
    while match := _PIECE.match(outline, at):
        pieces.append(_walked(match))
        at = match.end()
    if at < len(outline) or not pieces:
        raise ValueError(f"it is no outline such as M12 40h30v22h-30z from '{outline[at : at + 20]}' on")
    return pieces


def _walked(match: re.Match[str]) -> Corners:
    x, y = int(match[1]), int(match[2])
    corners = [(x, y)]
    for direction, length in _STEP.findall(match[3]):
        x, y = (x + int(length), y) if direction == "h" else (x, y + int(length))
        corners.append((x, y))
    if min(min(corner) for corner in corners) < 0:
        raise ValueError("it goes beyond the first row or column")
    if x != corners[0][0] and y != corners[0][1]:
        raise ValueError("it does not end beside or above where it begins")
    return corners
