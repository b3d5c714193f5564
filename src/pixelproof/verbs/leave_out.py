"""``leave-out``: which images of a data set are left out, and more of them, as lists say that a person has seen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from pixelproof.data.layouts import find_layout
from pixelproof.data.layouts.folders_file import FILE as FOLDERS
from pixelproof.data.layouts.left_out import take_out
from pixelproof.errors import UserError
from pixelproof.runs.atomic import require_writable
from pixelproof.runs.files import AnyPath, Paths, as_paths, read_text, write_text
from pixelproof.runs.left_out_file import FILE, Entry, counts_of, extended, load_list
from pixelproof.runs.locks import alone_in

PATIENCE = 60.0
"""Seconds to wait for another process that adds to the list."""


def leave_out(data: AnyPath, lists: Paths = ()) -> dict[str, Any]:
    """Leave images out of a data set, by ``leave_out.csv`` in its folder; no file of it is changed or moved.

    Args:
        data: The folder of labelled images.
        lists: Files whose lines are added to those that are there, as ``doctor`` and ``explain`` write them; comments
            are not.

    Returns:
        ``file``, ``added``, ``left_out`` (both numbers of images), ``reasons`` (images by the reason), ``splits`` (by
        the split that they are left out of, where they are of one) and ``images``, the names of all.

    Raises:
        UserError: A list cannot be read, names what is no image, or would leave out all of a class or split; or the
            folder is no data set, or cannot be written.
    """
    root = Path(data)
    path = root / FILE
    with alone_in(root, PATIENCE):  # or of two at once, one would lose what the other has added
        found = find_layout(root)
        before = len(found.left_out)
        for given in as_paths(lists):
            take_out(root, found, load_list(given), given)
        if new := found.left_out[before:]:
            _require_writable(path)
            entries = (Entry(found.place(root, each.file), each.reason, each.note) for each in new)
            write_text(path, extended(read_text(path) if path.is_file() else "", entries))
    return {
        "file": str(path),
        "added": len(new),
        "left_out": len(found.left_out),
        "reasons": counts_of(each.reason for each in found.left_out),
        "splits": dict(Counter(each.split for each in found.left_out if each.split)),
        "images": [found.place(root, each.file) for each in found.left_out],
    }


def _require_writable(path: Path) -> None:
    """Refuse a folder that may not be written to, and say what serves in its place."""
    try:
        require_writable(path)
    except UserError as error:
        remedy = f"name {path.parent} in a {FOLDERS} in a folder of your own, and give that as DATA from then on"
        raise UserError(error.problem, remedy) from None
