"""``leave_out.csv``: which images of a data set are left out, and why; for a person to look through and edit."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pixelproof.errors import printable
from pixelproof.numbers import first_of
from pixelproof.runs.files import delimiter_of, read_text, rows_in, write_text

FILE = "leave_out.csv"
COLUMNS = ("filename", "reason", "note")
COMMENT = "#"
UNSAID = "without a reason"
_SAID = 5


class Entry(NamedTuple):
    """A line of the list.

    Attributes:
        name: The image, by its path in the data's folder, its id or its name.
        reason: Why it is left out, in a word or two, by which lines are counted.
        note: What else there is to say of it.
        sure: False for a line that is a comment until a person takes its # away.
        line: Its number in the file; 0 for one that is in none yet.
    """

    name: str
    reason: str = ""
    note: str = ""
    sure: bool = True
    line: int = 0


def load_list(path: Path) -> list[Entry]:
    """Read a list; lines that begin with # are comments, and a header may stand again, as in files that were joined.

    Raises:
        UserError: It is missing, unreadable or no CSV.
    """
    rows = rows_in(_without_comments(read_text(path)), path, strict=True)
    columns = _columns([cells for _, cells in rows])
    entries = []
    for number, cells in rows:
        if _is_header(cells):
            continue
        row = dict(zip(columns, map(str.strip, cells), strict=False))
        entries.append(Entry(row.get("filename", ""), row.get("reason", ""), row.get("note", ""), line=number))
    return entries


def save_list(path: Path, entries: Iterable[Entry]) -> None:
    """Write a list, atomically."""
    write_text(path, extended("", entries))


def extended(text: str, entries: Iterable[Entry]) -> str:
    """Return the text of a list with further lines, in the columns and with the separators that it has."""
    said = _without_comments(text)
    rows = list(csv.reader(io.StringIO(said), delimiter=delimiter_of(said)))
    header = not any(map(_is_header, rows)) and not any(map(any, rows))
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter_of(said) if any(map(any, rows)) else ",", lineterminator="\n")
    if header:
        writer.writerow(COLUMNS)
    for entry in entries:
        if printable(entry.name) != entry.name:  # which no file could hold; it has to be renamed
            continue
        if not entry.sure and "\n" in entry.name:  # a comment ends with its line
            continue
        row = _as_row(entry)
        written.write("" if entry.sure else f"{COMMENT} ")
        writer.writerow([row.get(name, "") for name in _columns(rows)])
    return text + ("\n" if text and not text.endswith("\n") else "") + written.getvalue()


def counts_of(reasons: Iterable[str]) -> dict[str, int]:
    """Return how many images are left out for each reason, the most frequent first."""
    return dict(Counter(reason or UNSAID for reason in reasons).most_common())


def in_words(counts: Mapping[str, int]) -> str:
    """Return reasons with their numbers.

    >>> in_words({"duplicate": 1200, "unreadable": 1})
    '1,200 duplicate, 1 unreadable'
    """
    return first_of([f"{count:,} {reason}" for reason, count in counts.items()], _SAID)


def _as_row(entry: Entry) -> dict[str, str]:
    name = f"./{entry.name}" if entry.name.startswith((COMMENT, " ")) else entry.name
    reason, note = (" ".join(printable(text).split()) for text in (entry.reason, entry.note))
    return {"filename": name, "reason": reason, "note": note}


def _without_comments(text: str) -> str:
    """Return a text with an empty line in the place of each comment, so that lines keep their numbers."""
    return "\n".join("" if line.lstrip().startswith(COMMENT) else line for line in text.split("\n"))


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the names of the columns as the header has them, or in their own order where there is none."""
    header = next(filter(_is_header, rows), COLUMNS)
    return [cell.strip().lower() for cell in header]


def _is_header(cells: Sequence[str]) -> bool:
    return COLUMNS[0] in [cell.strip().lower() for cell in cells]
