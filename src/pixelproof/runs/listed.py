"""Lists of images that a person looks through and edits, as CSV: a line that begins with # is not heeded."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pixelproof.errors import printable
from pixelproof.runs.files import delimiter_of, read_text, rows_in

FILENAME = "filename"
COMMENT = "#"


class Line(NamedTuple):
    """A line to write.

    Attributes:
        cells: What stands in it, by column.
        sure: False for one that is a comment until a person takes its # away.
    """

    cells: Mapping[str, str]
    sure: bool = True


def read_lines(path: Path, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Return the lines of a list with their numbers; comments are none, nor a header, which may stand again.

    Args:
        path: The file.
        columns: What stands in it in this order where it has no header; ``FILENAME`` among them.

    Raises:
        UserError: It is missing, unreadable or no CSV.
    """
    rows = rows_in(_without_comments(read_text(path)), path, strict=True)
    names = _columns([cells for _, cells in rows], columns)
    return [
        (number, dict(zip(names, map(str.strip, cells), strict=False)))
        for number, cells in rows
        if not _is_header(cells)
    ]


def extended(text: str, columns: Sequence[str], lines: Iterable[Line]) -> str:
    """Return the text of a list with further lines, in the columns and with the separators that it has."""
    said = _without_comments(text)
    rows = list(csv.reader(io.StringIO(said), delimiter=delimiter_of(said)))
    header = not any(map(_is_header, rows)) and not any(map(any, rows))
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter_of(said) if any(map(any, rows)) else ",", lineterminator="\n")
    if header:
        writer.writerow(columns)
    for cells, sure in lines:
        if not sure and any("\n" in cell for cell in cells.values()):  # a comment ends with its line
            continue
        if any(printable(cell) != cell for cell in cells.values()):  # which no file could hold; it has to be renamed
            continue
        written.write("" if sure else f"{COMMENT} ")
        writer.writerow([cells.get(name, "") for name in _columns(rows, columns)])
    return text + ("\n" if text and not text.endswith("\n") else "") + written.getvalue()


def columns_in(text: str, columns: Sequence[str]) -> list[str]:
    """Return the names of the columns that the text of a list has; as they are given where it has no header."""
    said = _without_comments(text)
    return _columns(list(csv.reader(io.StringIO(said), delimiter=delimiter_of(said))), columns)


def as_name(name: str) -> str:
    """Return a file's name as a list has it, where it could be taken for a comment or lose its first letter."""
    return f"./{name}" if name.startswith((COMMENT, " ")) else name


def as_words(text: str) -> str:
    """Return what a person may read on one line."""
    return " ".join(printable(text).split())


def _without_comments(text: str) -> str:
    """Return a text with an empty line in the place of each comment, so that lines keep their numbers."""
    return "\n".join("" if line.lstrip().startswith(COMMENT) else line for line in text.split("\n"))


def _columns(rows: Sequence[Sequence[str]], columns: Sequence[str]) -> list[str]:
    """Return the names of the columns as the header has them, or in their own order where there is none."""
    return [cell.strip().lower() for cell in next(filter(_is_header, rows), columns)]


def _is_header(cells: Sequence[str]) -> bool:
    return FILENAME in [cell.strip().lower() for cell in cells]
