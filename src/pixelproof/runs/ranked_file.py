"""Ranked lists of images that ask for a person's look, as CSV: ``suspects.csv`` and ``next.csv``."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.runs.files import as_csv, read_text, write_text

COLUMNS = ("id", "split", "given", "suggested", "score", "why", "left", "top", "width", "height")
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Ranked:
    """One image, or a region of one, in a ranked list.

    Attributes:
        id: The sample's id.
        split: Where it lies.
        given: Name of the class it is labelled as; empty without a label.
        suggested: Name of the class it looks like.
        score: 0..1, what the list is ranked by; 1 asks loudest.
        why: What speaks for it, in words.
        box: Left, top, width and height of the region in pixels; None for a whole image.
        outline: Which pixels of it, as ``labels.outlines`` writes it; known when made.
    """

    id: str
    split: str
    given: str
    suggested: str
    score: float
    why: str
    box: Box | None = None
    outline: str = field(default="", compare=False)


def save_ranked(path: Path, rows: Sequence[Ranked]) -> None:
    """Write a ranked list, atomically."""
    cells = (
        (row.id, row.split, row.given, row.suggested, f"{row.score:.4f}", row.why, *(row.box or ("",) * 4))
        for row in rows
    )
    write_text(path, as_csv([COLUMNS, *cells]))


def load_ranked(path: Path) -> list[Ranked]:
    """Read a ranked list.

    Raises:
        UserError: It is missing, has other columns, or a row cannot be read.
    """
    try:
        rows = list(csv.reader(io.StringIO(read_text(path))))
    except csv.Error:
        raise UserError(f"{path} cannot be read as CSV", "explain the run again") from None
    if not rows or tuple(rows[0]) != COLUMNS:
        raise UserError(f"{path} has unexpected columns", "explain the run again")
    return [_row(path, line, cells) for line, cells in enumerate(rows[1:], start=2)]


def _row(path: Path, line: int, cells: list[str]) -> Ranked:
    try:
        *words, score, why, left, top, width, height = cells
        id_, split, given, suggested = words
        box = None if left == "" else (int(left), int(top), int(width), int(height))
        if not 0 <= (value := float(score)) <= 1 or math.isnan(value) or (box and min(box) < 0):
            raise ValueError
    except ValueError:
        raise UserError(f"{path}: line {line} cannot be read", "explain the run again") from None
    return Ranked(id_, split, given, suggested, value, why, box)
