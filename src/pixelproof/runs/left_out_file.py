"""``leave_out.csv``: which images of a data set are left out, and why; for a person to look through and edit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import pixelproof.runs.listed as listed
from pixelproof.numbers import first_of
from pixelproof.runs.files import write_text

FILE = "leave_out.csv"
COLUMNS = (listed.FILENAME, "reason", "note")
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
    return [
        Entry(cells.get(listed.FILENAME, ""), cells.get("reason", ""), cells.get("note", ""), line=number)
        for number, cells in listed.read_lines(path, COLUMNS)
    ]


def save_list(path: Path, entries: Iterable[Entry]) -> None:
    """Write a list, atomically."""
    write_text(path, extended("", entries))


def extended(text: str, entries: Iterable[Entry]) -> str:
    """Return the text of a list with further lines, in the columns and with the separators that it has."""
    return listed.extended(text, COLUMNS, (listed.Line(_cells(entry), entry.sure) for entry in entries))


def counts_of(reasons: Iterable[str]) -> dict[str, int]:
    """Return how many images are left out for each reason, the most frequent first."""
    return dict(Counter(reason or UNSAID for reason in reasons).most_common())


def in_words(counts: Mapping[str, int]) -> str:
    """Return reasons with their numbers.

    >>> in_words({"duplicate": 1200, "unreadable": 1})
    '1,200 duplicate, 1 unreadable'
    """
    return first_of([f"{count:,} {reason}" for reason, count in counts.items()], _SAID)


def _cells(entry: Entry) -> dict[str, str]:
    reason, note = listed.as_words(entry.reason), listed.as_words(entry.note)
    return {listed.FILENAME: listed.as_name(entry.name), "reason": reason, "note": note}
