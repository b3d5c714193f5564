"""Files beside a page, each folder with an index that says what is in them and by which stale ones are found."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.runs.files import file_name, read_rows, write_bytes, write_text

INDEX = "index.csv"
LONGEST = 180
"""Bytes of a file's name without its ending; file systems take 255, and more is put before it while it is written."""
_OURS = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True)
class Beside:
    """A file to be written beside a page.

    Attributes:
        words: What its name is made of: part, model and kind; empty ones are left out.
        ending: Of its name, without the dot.
        data: Its bytes.
        says: What is in it, in a sentence.
    """

    words: tuple[str, ...]
    ending: str
    data: bytes
    says: str = ""


def stem(words: Iterable[str]) -> str:
    """Return the name of a file, without its ending, that is about what ``words`` name.

    >>> stem(("land", "timm:resnet18", "", "loss"))
    'land-timm-resnet18-loss'
    """
    name = "-".join(file_name(word) for word in words if word).lstrip(".-")
    return name.encode()[:LONGEST].decode("utf-8", "ignore")


def named(files: Iterable[Beside]) -> dict[str, Beside]:
    """Return files by their names, of which no two are alike, even where upper and lower case are one."""
    found: dict[str, Beside] = {}
    taken = {INDEX}
    for file in files:
        first = name = f"{stem(file.words)}.{file.ending}"
        number = 1
        while name.lower() in taken:
            number += 1
            name = f"{first.removesuffix(f'.{file.ending}')}-{number}.{file.ending}"
        taken.add(name.lower())
        found[name] = file
    return found


def put_beside(folder: Path, files: Mapping[str, Beside], stale: Collection[str] = ()) -> None:
    """Write files and their index to a folder, and remove those of the index that was there and are no more.

    What is in no index, and not among ``stale``, belongs to the user and is never removed.

    Raises:
        UserError: One cannot be written.
    """
    for name in _listed(folder / INDEX).union(stale) - set(files):
        (folder / name).unlink(missing_ok=True)
    for name, file in files.items():
        write_bytes(folder / name, file.data)
    if files or (folder / INDEX).exists():
        rows = [("file", "content"), *((name, file.says) for name, file in files.items())]
        write_text(folder / INDEX, as_csv(rows))


def as_csv(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of cells as the text of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _listed(index: Path) -> set[str]:
    """Return the names of files in an index; none where there is no index, or it is not one of ours any more."""
    rows: list[tuple[int, list[str]]] = []
    with suppress(UserError):
        rows = read_rows(index) if index.is_file() else []
    return {row[0] for _, row in rows[1:] if _OURS.fullmatch(row[0])}
