"""``corrections.csv``: labels that a person has put right, or has looked at and found right.

They are of images, or of regions of their masks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import pixelproof.runs.listed as listed
from pixelproof.errors import UserError
from pixelproof.numbers import first_of

FILE = "corrections.csv"
COLUMNS = (listed.FILENAME, "label", "was", "reason")
OF_MASKS = (*COLUMNS, "region", "fingerprint")
UNTELLABLE = "void"
"""The label of a region of which nobody can tell the class; a class of that name is meant where there is one."""
_SAID = 5


class Correction(NamedTuple):
    """A line of the file.

    Attributes:
        name: The image, by its path in the data's folder, its id or its name.
        label: Its class, by name or as the data call it.
        was: The class that the data give, likewise; where it is the same, a person has found it right. Empty is any.
        reason: Why, in words.
        line: Its number in the file; 0 for one that is in none yet.
        region: The outline of the part of its mask that this is about; empty for a classified image.
        fingerprint: That of the mask file as the person saw it; empty is any.
    """

    name: str
    label: str
    was: str = ""
    reason: str = ""
    line: int = 0
    region: str = ""
    fingerprint: str = ""


def load_corrections(path: Path) -> list[Correction]:
    """Read a file of corrections; lines that begin with # are comments.

    Raises:
        UserError: It is missing, unreadable or no CSV, or a line says no class.
    """
    entries = []
    for number, cells in listed.read_lines(path, OF_MASKS):
        name, label = cells.get(listed.FILENAME, ""), cells.get("label", "")
        if not label:
            problem = f"line {number} of {path} says no class for '{name}'"
            raise UserError(problem, f"its columns are {','.join(COLUMNS)}: write one into label, or remove the line")
        more = (cells.get(column, "") for column in ("region", "fingerprint"))
        entries.append(Correction(name, label, cells.get("was", ""), cells.get("reason", ""), number, *more))
    return entries


def extended(text: str, entries: Iterable[Correction]) -> str:
    """Return the text of such a file with further lines, in the columns and with the separators that it has."""
    entries = list(entries)
    columns = OF_MASKS if any(entry.region for entry in entries) else COLUMNS
    return listed.extended(text, columns, (listed.Line(_cells(entry)) for entry in entries))


def has_regions(text: str) -> bool:
    """Return whether such a file has a place for regions of masks; one without a header has."""
    return "region" in listed.columns_in(text, OF_MASKS)


def changes_in_words(changes: Mapping[str, int]) -> str:
    """Return pairs of classes with how many labels, or regions, were corrected so.

    >>> changes_in_words({"3 to 8": 1200, "cat to dog": 1})
    '3 to 8 (1,200), cat to dog (1)'
    """
    return first_of([f"{change} ({count:,})" for change, count in changes.items()], _SAID)


def _cells(entry: Correction) -> dict[str, str]:
    reason = listed.as_words(entry.reason)
    cells = {listed.FILENAME: listed.as_name(entry.name), "label": entry.label, "was": entry.was, "reason": reason}
    return cells | {"region": entry.region, "fingerprint": entry.fingerprint}
