"""Where the blocks and links of a structure lie in its picture.

Each row is a resolution. A block lies right of all that it takes from, so links run from left to right: down out of a
block's lower side, level or up out of its right side.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pixelproof.models.drawing.structure import Block, Link, Structure

WIDTH, HEIGHT = 138, 58  # of a block, in pixels
RADIUS = 15  # of a sum
GAP = 26  # between a block and the turn of a link, or the next block on another row
ROW_GAP = 44  # between blocks on a row, with space for a turn
ROW = 84  # from one row to the next
SPREAD = 12  # between links that arrive at the same side
CORNER = 10  # radius of a link's turn


@dataclass(frozen=True)
class Place:
    """The centre of a block and half its width and height, in pixels."""

    x: float
    y: float
    half_width: float
    half_height: float


@dataclass(frozen=True)
class Route:
    """The way of a link: path data, and where and at which side of its target it arrives."""

    path: str
    end: tuple[float, float]
    side: str


class Layout:
    """Places of all blocks and routes of all links; x and y start at 0.

    Attributes:
        rows: Strides from top to bottom; None, for what has no resolution, comes last.
        places: By the keys of the blocks.
        routes: In the order of the structure's links.
        width: Of the whole, in pixels.
        height: Likewise.
    """

    def __init__(self, structure: Structure) -> None:
        self.rows = sorted({block.stride for block in structure.blocks}, key=lambda stride: stride or float("inf"))
        self.places: dict[str, Place] = {}
        for block in structure.blocks:
            self._place(block, [self.places[link.source] for link in structure.links if link.target == block.key])
        self._arrived: Counter[tuple[str, str]] = Counter()
        self._arrivals = Counter((link.target, self._side(link)) for link in structure.links)
        self.routes = [self._route(link) for link in structure.links]
        self.width = max(place.x + place.half_width for place in self.places.values())
        self.height = len(self.rows) * ROW

    def row_centre(self, row: int) -> float:
        """Return the y of the middle of a row."""
        return (row + 0.5) * ROW

    def _place(self, block: Block, sources: list[Place]) -> None:
        """Put a block right of its sources and of what is on its row already."""
        half_width, half_height = (RADIUS, RADIUS) if block.kind == "sum" else (WIDTH / 2, HEIGHT / 2)
        y = self.row_centre(self.rows.index(block.stride))
        x = half_width
        for place in sources:
            x = max(x, place.x + place.half_width + GAP)
        for place in self.places.values():
            if place.y == y:
                x = max(x, place.x + place.half_width + ROW_GAP + half_width)
        self.places[block.key] = Place(x, y, half_width, half_height)

    def _side(self, link: Link) -> str:
        """Return the side of its target at which a link arrives."""
        source, target = self.places[link.source], self.places[link.target]
        if source.y > target.y:
            return "bottom"
        between = (place for place in self.places.values() if place.y == source.y and source.x < place.x < target.x)
        return "top" if source.y == target.y and any(between) else "left"

    def _route(self, link: Link) -> Route:
        source, target = self.places[link.source], self.places[link.target]
        side = self._side(link)
        aside = self._aside(link.target, side)
        if side == "bottom":
            end = (target.x + aside, target.y + target.half_height)
            start = f"M{source.x + source.half_width:g} {source.y:g}H{end[0] - CORNER:g}"
            return Route(f"{start}q{CORNER} 0 {CORNER} {-CORNER}V{end[1]:g}", end, side)
        if side == "top":
            end = (target.x + aside, target.y - target.half_height)
            return Route(_arch(source, end), end, side)
        if source.y == target.y:
            end = (target.x - target.half_width, target.y)
            return Route(f"M{source.x + source.half_width:g} {source.y:g}H{end[0]:g}", end, side)
        end = (target.x - target.half_width, target.y + aside)
        start = f"M{source.x:g} {source.y + source.half_height:g}V{end[1] - CORNER:g}"
        return Route(f"{start}q0 {CORNER} {CORNER} {CORNER}H{end[0]:g}", end, side)

    def _aside(self, target: str, side: str) -> float:
        """Return how far from the middle the next link arrives at a side that it shares with others."""
        self._arrived[target, side] += 1
        return (self._arrived[target, side] - (self._arrivals[target, side] + 1) / 2) * SPREAD


def _arch(source: Place, end: tuple[float, float]) -> str:
    """Return a path over the blocks between a block and another one on its row."""
    rise = (ROW / 2 - source.half_height) - 2
    down = f"H{end[0] - rise:g}q{rise:g} 0 {rise:g} {rise:g}"
    return f"M{source.x:g} {end[1]:g}q0 {-rise:g} {rise:g} {-rise:g}{down}"
