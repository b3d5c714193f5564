"""A table of plain values, and how it becomes a CSV file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pixelproof.report.beside import Beside
from pixelproof.runs.files import as_csv

Cell = str | int | float | bool | None
Row = Mapping[str, Cell]


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        kind: What it holds, in a word.
        says: The same in a sentence.
        rows: Cells by column; those that a row lacks are empty. What is undefined is None or no finite number.
        model: Of which model alone it is; empty where it is of all.
    """

    kind: str
    says: str
    rows: Sequence[Row]
    model: str = ""

    @property
    def columns(self) -> list[str]:
        """All columns that a row has, in the order in which they first occur."""
        return list(dict.fromkeys(column for row in self.rows for column in row))

    def beside(self, part: str) -> Beside:
        """Return the table as a CSV file: UTF-8, numbers to their last digit, nothing where one is undefined."""
        columns = self.columns
        rows = [columns, *([_text(row.get(column)) for column in columns] for row in self.rows)]
        return Beside((part, self.model, self.kind), "csv", as_csv(rows).encode("utf-8"), self.says)


def _text(value: Cell) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else repr(value)
