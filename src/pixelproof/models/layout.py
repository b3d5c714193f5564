"""Where the blocks and links of a structure lie in its picture.

Each row is a resolution. A block lies right of all that it takes from, so links run from left to right, turning up or
down just before they arrive.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pixelproof.models.structure import Block, Link, Structure

WIDTH, HEIGHT = 138, 58  # of a block, in pixels
RADIUS = 15  # of a sum
GAP = 26  # between a block and the next, or the turn of a link
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
    """The way of a link: path data, and where and in which direction ("right", "up", "down") it arrives."""

    path: str
    end: tuple[float, float]
    heading: str


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
        self._arrivals = Counter((link.target, self._heading(link)) for link in structure.links)
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
                x = max(x, place.x + place.half_width + GAP + half_width)
        self.places[block.key] = Place(x, y, half_width, half_height)

    def _heading(self, link: Link) -> str:
        source, target = self.places[link.source], self.places[link.target]
        if source.y == target.y:
            return "down" if self._between(source, target) else "right"
        return "up" if source.y > target.y else "down"

    def _between(self, source: Place, target: Place) -> bool:
        return any(place.y == source.y and source.x < place.x < target.x for place in self.places.values())

    def _route(self, link: Link) -> Route:
        source, target = self.places[link.source], self.places[link.target]
        heading = self._heading(link)
        start = source.x + source.half_width
        if heading == "right":
            end = (target.x - target.half_width, target.y)
            return Route(f"M{start:g} {source.y:g}H{end[0]:g}", end, heading)
        end = (target.x + self._offset(link.target, heading), target.y)
        sign = -1 if heading == "up" else 1
        end = (end[0], target.y - sign * target.half_height)
        if source.y == target.y:
            return Route(_arch(source, end), end, heading)
        turn = f"H{end[0] - CORNER:g}q{CORNER} 0 {CORNER} {sign * CORNER}V{end[1]:g}"
        return Route(f"M{start:g} {source.y:g}{turn}", end, heading)

    def _offset(self, target: str, heading: str) -> float:
        """Return how far from the middle the next link arrives at a side that it shares with others."""
        side = (target, heading)
        self._arrived[side] += 1
        return (self._arrived[side] - (self._arrivals[side] + 1) / 2) * SPREAD


def _arch(source: Place, end: tuple[float, float]) -> str:
    """Return a path over the blocks between a block and another one on its row."""
    top = source.y - source.half_height
    over = top - 0.2 * ROW
    return f"M{source.x:g} {top:g}C{source.x + 20:g} {over:g} {end[0] - 20:g} {over:g} {end[0]:g} {end[1]:g}"
