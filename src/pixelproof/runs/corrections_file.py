"""``corrections.csv``: labels of images that a person has put right, or has looked at and found right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import pixelproof.runs.listed as listed
from pixelproof.errors import UserError
from pixelproof.numbers import first_of

FILE = "corrections.csv"
COLUMNS = (listed.FILENAME, "label", "was", "reason")
_SAID = 5


class Correction(NamedTuple):
    """A line of the file.

    Attributes:
        name: The image, by its path in the data's folder, its id or its name.
        label: Its class, by name or as the data call it.
        was: The class that the data give, likewise; where it is the same, a person has found it right. Empty is any.
        reason: Why, in words.
        line: Its number in the file; 0 for one that is in none yet.
    """

    name: str
    label: str
    was: str = ""
    reason: str = ""
    line: int = 0


def load_corrections(path: Path) -> list[Correction]:
    """Read a file of corrections; lines that begin with # are comments.

    Raises:
        UserError: It is missing, unreadable or no CSV, or a line says no class.
    """
    entries = []
    for number, cells in listed.read_lines(path, COLUMNS):
        name, label = cells.get(listed.FILENAME, ""), cells.get("label", "")
        if not label:
            problem = f"line {number} of {path} says no class for '{name}'"
            raise UserError(problem, f"its columns are {','.join(COLUMNS)}: write one into label, or remove the line")
        entries.append(Correction(name, label, cells.get("was", ""), cells.get("reason", ""), number))
    return entries


def extended(text: str, entries: Iterable[Correction]) -> str:
    """Return the text of such a file with further lines, in the columns and with the separators that it has."""
    return listed.extended(text, COLUMNS, (listed.Line(_cells(entry)) for entry in entries))


def changes_in_words(changes: Mapping[str, int]) -> str:
    """Return pairs of classes with how many labels were corrected so.

    >>> changes_in_words({"3 to 8": 1200, "cat to dog": 1})
    '3 to 8 (1,200), cat to dog (1)'
    """
    return first_of([f"{change} ({count:,})" for change, count in changes.items()], _SAID)


def _cells(entry: Correction) -> dict[str, str]:
    reason = listed.as_words(entry.reason)
    return {listed.FILENAME: listed.as_name(entry.name), "label": entry.label, "was": entry.was, "reason": reason}
