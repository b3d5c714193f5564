"""A folder of points whose truth a person looks up: ``design.json``, how they were drawn, and ``points.csv``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from pixelproof.errors import UserError
from pixelproof.labels import VOID, Color
from pixelproof.runs.fields import Count
from pixelproof.runs.files import read_rows, write_text
from pixelproof.runs.records import read_record, write_record
from pixelproof.schema import Strict, nearest

DESIGN = "design.json"
POINTS = "points.csv"
PAGE = "label.html"
COLUMNS = ("point", "x", "y", "longitude", "latitude", "column", "row", "truth")
UNCLEAR = "?"
"""The truth of a point of which nobody can tell what is there."""
NOBODY = -1
"""The same among places of classes."""
LONGEST = 60
"""Characters of a cell that a message shows."""


class MappedClass(Strict):
    """One class of the map that points were drawn from."""

    name: str = Field(min_length=1)
    id: Count
    color: Color
    pixels: Count
    area: float = Field(ge=0)
    """In square metres, or in pixels where the map does not say how large these are."""


class DrawnPoint(Strict):
    """The middle of a pixel."""

    mapped: int = Field(ge=0, lt=VOID)
    """Place among the classes of the one that the map has there."""
    column: Count
    row: Count
    weight: float = Field(gt=0)
    """How much of its class it stands for, beside the others: its area by its chance to be drawn."""


class Design(Strict):
    """How points were drawn: at random within each class, so that each pixel's chance is known."""

    version: Literal[1] = 1
    map: str
    """The map's file name."""
    height: int = Field(ge=1)
    """In pixels."""
    width: int = Field(ge=1)
    """Likewise."""
    crs: str | None
    """As WKT; None where the map lies nowhere."""
    transform: tuple[float, float, float, float, float, float] | None
    """From columns and rows to coordinates, as an affine matrix row by row; None where the map lies nowhere."""
    areas: Literal["planimetric", "ellipsoidal"] | None
    """How the classes' areas were measured."""
    seed: int
    classes: tuple[MappedClass, ...] = Field(min_length=1, max_length=VOID)
    points: tuple[DrawnPoint, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Design:
        if (self.crs is None) != (self.transform is None):
            raise ValueError("a CRS needs a transform, and a transform a CRS")
        if not math.isfinite(sum(each.area for each in self.classes)):
            raise ValueError("the classes' areas are too large")
        known: dict[str, int] = {UNCLEAR: -1}
        for place, each in enumerate(self.classes):
            for word in (each.name, str(each.id)):
                if known.setdefault(word, place) != place:
                    raise ValueError(f"the class '{each.name}' is called as another one or its id; give --labels")
        if max(point.mapped for point in self.points) >= len(self.classes):
            raise ValueError("a point lies in a class that is not there")
        if any(not self.classes[point.mapped].area for point in self.points):
            raise ValueError("a point lies in a class without area")
        return self

    @property
    def names(self) -> list[str]:
        """Of the classes."""
        return [each.name for each in self.classes]


def save_points(folder: Path, design: Design, lines: Sequence[str]) -> None:
    """Write how points were drawn, and the table that a person fills; ``lines`` are its own without the truth."""
    write_record(folder / DESIGN, design)
    write_text(folder / POINTS, "".join(f"{line}\n" for line in (",".join(COLUMNS), *(f"{each}," for each in lines))))


def load_design(folder: Path) -> Design:
    """Read how points were drawn.

    Raises:
        UserError: It is missing, or contradicts itself.
    """
    if not (folder / DESIGN).is_file():
        raise UserError(f"{folder} holds no points with their {DESIGN}", "draw some with 'pixelproof sample MAP'")
    return read_record(folder / DESIGN, Design, "record of points", "draw the points again")


def load_truth(path: Path, design: Design) -> list[int | None]:
    """Return the class of each point that a table says: its place, ``NOBODY`` knows, or None: not looked up yet.

    Ids may stand in the place of names.

    Raises:
        UserError: It cannot be read, or names a point or class that is not there, or a point twice.
    """
    (_, first), *rows = read_rows(path) or [(0, [])]
    heads = [cell.strip().lower() for cell in first]
    if not {"point", "truth"} <= set(heads):
        raise UserError(f"{path} has no columns 'point' and 'truth'", f"keep those of {POINTS}")
    number, truth = heads.index("point"), heads.index("truth")
    known = {str(k): k for k in range(1, len(design.points) + 1)}
    found: dict[int, int | None] = {}
    for line, row in rows:
        # Names are in one line of text; empty cells at the end are left out by some programs.
        cells = [" ".join(cell.split()) for cell in row] + [""] * (len(heads) - len(row))
        if (point := known.get(_whole(cells[number]))) is None:
            problem = f"{path}, line {line}: there is no point '{_short(cells[number])}'"
            raise UserError(problem, f"keep the lines of {POINTS}")
        if point in found:
            raise UserError(f"{path}, line {line}: point {point} stands twice", "remove one of the lines")
        found[point] = _class_of(path, line, cells[truth], design)
    return [found.get(point) for point in known.values()]


def _class_of(path: Path, line: int, text: str, design: Design) -> int | None:
    if text == "":
        return None
    places = {UNCLEAR: NOBODY} | {str(each.id): place for place, each in enumerate(design.classes)}
    places |= {name: place for place, name in enumerate(design.names)}
    for word in (text, _whole(text)):
        if word in places:
            return places[word]
    raise UserError(f"{path}, line {line}: there is no class '{_short(text)}'", nearest(text, design.names))


def _whole(text: str) -> str:
    """Return ``2.0``, as some programs write numbers of a column that has gaps, as ``2``."""
    return text.removesuffix(".0")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
