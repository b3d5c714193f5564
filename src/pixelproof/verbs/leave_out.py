"""``leave-out``: which images of a data set are left out, and more of them, as lists say that a person has seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pixelproof.data.layouts.left_out import take_out
from pixelproof.data.lists import alone_with, by_split, lengthen
from pixelproof.runs.files import AnyPath, Paths, as_paths
from pixelproof.runs.left_out_file import FILE, Entry, counts_of, extended, load_list


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
    with alone_with(root) as found:
        before = len(found.left_out)
        for given in as_paths(lists):
            take_out(root, found, load_list(given), given)
        if new := found.left_out[before:]:
            entries = [Entry(found.place(root, each.file), each.reason, each.note) for each in new]
            lengthen(path, lambda text: extended(text, entries))
    return {
        "file": str(path),
        "added": len(new),
        "left_out": len(found.left_out),
        "reasons": counts_of(each.reason for each in found.left_out),
        "splits": by_split(each.split for each in found.left_out),
        "images": [found.place(root, each.file) for each in found.left_out],
    }
