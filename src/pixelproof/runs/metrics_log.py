"""``metrics.csv``: one row an epoch, readable while the run goes on, cut back to the checkpoint on resume."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.runs.files import as_csv, read_text, write_text

EARLIER = ("epoch", "loss", "lr", "score", "images_per_second", "seconds")
"""Epochs done, mean training loss, learning rate, score on the selection part (empty if none), speed, wall time."""
COLUMNS = (*EARLIER, "selection_loss")
"""The same and the mean cross-entropy on the selection part; a log of an earlier version has no such column."""

Row = dict[str, float | None]


class MetricsLog:
    """The rows of a run's ``metrics.csv``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, row: Row) -> None:
        """Add the row of one epoch."""
        self._write([*(self.read() if self.path.exists() else []), row])

    def keep(self, epochs: int) -> None:
        """Drop the rows after ``epochs``, those of work that a resumed run does again."""
        if self.path.exists():
            self._write([row for row in self.read() if (row["epoch"] or 0) <= epochs])

    def read(self) -> list[Row]:
        """Return all rows; an empty cell is None.

        Raises:
            UserError: The file is not a metrics log.
        """
        remedy, text = "restore it or train again", read_text(self.path)
        if not text.endswith("\n"):  # a head that is cut off may be that of an earlier version
            raise UserError(f"{self.path} is cut off", remedy)
        try:
            head, *lines = csv.reader(io.StringIO(text))
        except (csv.Error, ValueError):
            raise UserError(f"{self.path} is not a training log", remedy) from None
        if tuple(head) not in (COLUMNS, EARLIER):
            raise UserError(f"{self.path} has unexpected columns", remedy)
        try:
            return [_row(head, line) for line in lines]
        except ValueError:
            raise UserError(f"{self.path} has a row that is cut off or holds no numbers", remedy) from None

    def _write(self, rows: list[Row]) -> None:
        cells = ([_cell(row.get(column)) for column in COLUMNS] for row in rows)
        write_text(self.path, as_csv([COLUMNS, *cells]))


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.8g}"


def _row(head: list[str], line: list[str]) -> Row:
    row: Row = dict.fromkeys(COLUMNS)
    row |= {key: float(cell) if cell else None for key, cell in zip(head, line, strict=True)}
    if row["epoch"] is None or not math.isfinite(row["epoch"]):
        raise ValueError("a row without an epoch")
    return row
