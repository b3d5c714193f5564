"""A folder of points whose truth a person looks up: ``design.json``, how they were drawn, and ``points.csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from pixelproof.errors import UserError
from pixelproof.labels import VOID, Color
from pixelproof.runs.fields import Count
from pixelproof.runs.files import read_text, write_text
from pixelproof.runs.records import read_record, write_record
from pixelproof.schema import Strict, nearest

DESIGN = "design.json"
POINTS = "points.csv"
PAGE = "label.html"
COLUMNS = ("point", "x", "y", "longitude", "latitude", "column", "row", "truth")
UNCLEAR = "?"
"""The truth of a point of which nobody can tell what is there."""


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


class Design(Strict):
    """How points were drawn: at random within each class, so that each pixel's chance is known."""

    version: Literal[1] = 1
    map: str
    """The map's file name."""
    crs: str | None
    transform: tuple[float, float, float, float, float, float] | None
    """From columns and rows to coordinates, as an affine matrix row by row; None where the map lies nowhere."""
    areas: Literal["planimetric", "ellipsoidal"] | None
    """How the classes' areas were measured."""
    seed: int
    classes: tuple[MappedClass, ...] = Field(min_length=1, max_length=VOID)
    points: tuple[DrawnPoint, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Design:
        if len(set(self.names)) < len(self.names):
            raise ValueError("two classes have the same name")
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
    """Return the class of each point that a table says: its place, None where nobody has looked, or nobody can tell.

    Semicolons or tabs may stand in the place of commas, as some spreadsheets write them, and ids in that of names.

    Raises:
        UserError: It cannot be read, or names a point or class that is not there, or a point twice.
    """
    rows = _rows(path)
    heads = [cell.strip().lower() for cell in rows[0]] if rows else []
    if not {"point", "truth"} <= set(heads):
        raise UserError(f"{path} has no columns 'point' and 'truth'", f"keep those of {POINTS}")
    number, truth = heads.index("point"), heads.index("truth")
    known = {str(k): k for k in range(1, len(design.points) + 1)}
    found: dict[int, int | None] = {}
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        cells = [cell.strip() for cell in row] + [""] * (len(heads) - len(row))  # empty ones at the end are left out
        if (point := known.get(cells[number])) is None:
            raise UserError(f"{path}, line {line}: there is no point '{cells[number]}'", f"keep the lines of {POINTS}")
        if point in found:
            raise UserError(f"{path}, line {line}: point {point} stands twice", "remove one of the lines")
        found[point] = _class_of(path, line, cells[truth], design)
    return [found.get(point) for point in known.values()]


def count_unclear(path: Path) -> int:
    """Return of how many points a table says that nobody can tell."""
    rows = _rows(path)
    truth = [cell.strip().lower() for cell in rows[0]].index("truth")
    return sum(len(row) > truth and row[truth].strip() == UNCLEAR for row in rows[1:])


def _class_of(path: Path, line: int, text: str, design: Design) -> int | None:
    if text in ("", UNCLEAR):
        return None
    names = {str(each.id): place for place, each in enumerate(design.classes)}
    names |= {name: place for place, name in enumerate(design.names)}
    if text not in names:
        raise UserError(f"{path}, line {line}: there is no class '{text}'", nearest(text, design.names))
    return names[text]


def _rows(path: Path) -> list[list[str]]:
    text = read_text(path)
    marks = {mark: text.partition("\n")[0].count(mark) for mark in ",;\t"}
    try:
        return list(csv.reader(io.StringIO(text), delimiter=max(marks, key=lambda mark: marks[mark])))
    except csv.Error as error:
        raise UserError(f"{path} cannot be read as CSV: {error}", "correct it") from None
