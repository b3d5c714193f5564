"""Lists in a data set's folder that commands add lines to: what ``leave-out`` and ``correct`` have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pixelproof.data.layouts import Found, find_layout
from pixelproof.data.layouts.folders_file import FILE as FOLDERS
from pixelproof.errors import UserError
from pixelproof.runs.atomic import require_writable
from pixelproof.runs.files import read_text, write_text
from pixelproof.runs.locks import alone_in

PATIENCE = 60.0
"""Seconds to wait for another process that adds to a list."""


@contextmanager
def alone_with(root: Path) -> Iterator[Found]:
    """Read a data set while no other process adds to a list of it: of two at once, one would lose what is added.

    Raises:
        UserError: The folder is no data set, or a list in it is wrong.
    """
    with alone_in(root, PATIENCE):
        yield find_layout(root)


def lengthen(path: Path, extend: Callable[[str], str]) -> None:
    """Write a list anew from its text, empty where there is none.

    Raises:
        UserError: The folder may not be written to; said with what serves in its place.
    """
    try:
        require_writable(path)
    except UserError as error:
        remedy = f"name {path.parent} in a {FOLDERS} in a folder of your own, and give that as DATA from then on"
        raise UserError(error.problem, remedy) from None
    write_text(path, extend(read_text(path) if path.is_file() else ""))


def by_split(splits: Iterable[str]) -> dict[str, int]:
    """Return how many images are of each split, of those that are of one."""
    return dict(Counter(filter(None, splits)))
