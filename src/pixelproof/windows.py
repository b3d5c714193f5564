"""Rectangles of pixels, and the tiles that cover an image."""

from __future__ import annotations

from typing import NamedTuple


class Window(NamedTuple):
    """A rectangle of pixels."""

    top: int
    left: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index arrays of the whole image."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


class Tile(NamedTuple):
    """A piece of an image: what the network sees, and the part of its answer that is kept."""

    seen: Window
    kept: Window

    @property
    def inside(self) -> tuple[slice, slice]:
        """Rows and columns of ``kept``, to index arrays of what is ``seen``."""
        moved = self.kept._replace(top=self.kept.top - self.seen.top, left=self.kept.left - self.seen.left)
        return moved.slices
