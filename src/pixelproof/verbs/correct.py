"""``correct``: which labels of a data set are corrected, and more of them, as lists say that a person has written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pixelproof.data.layouts.corrections import put_right
from pixelproof.data.lists import alone_with, by_split, lengthen
from pixelproof.runs.corrections_file import FILE, Correction, extended, load_corrections
from pixelproof.runs.files import AnyPath, Paths, as_paths


def correct(data: AnyPath, lists: Paths = ()) -> dict[str, Any]:
    """Correct labels of a data set of classified images, by ``corrections.csv`` in its folder; no file is moved.

    Args:
        data: The folder of labelled images.
        lists: Files whose lines are added to those that are there, as the page of ``explain`` saves them.

    Returns:
        ``file``, ``added``, ``corrected``, ``confirmed`` (numbers of images; labels that were found right are
        confirmed), ``changes`` (images by both classes), ``splits`` (corrected images by split), ``added_to`` (likewise
        of those that were added), ``images``, the names of all that are corrected, and ``part_is_scored``, whether a
        part of train is set aside for the score, the data having no validation split.

    Raises:
        UserError: A list cannot be read, names what is no image or class, or no longer fits the data; or the folder is
            no data set, has masks, or cannot be written.
    """
    root = Path(data)
    path, new = root / FILE, list[Correction]()
    with alone_with(root) as found:
        for given in as_paths(lists):
            new += put_right(root, found, load_corrections(given), given)
        if new:
            lengthen(path, lambda text: extended(text, new))
    split_of = {sample.image: split for split, own in found.splits.items() for sample in own}
    split_of |= {each.file: each.split for each in found.left_out}
    changed = [file for file, looked in found.looked.items() if looked.change]
    places = {found.place(root, file): split_of[file] for file in changed}
    return {
        "file": str(path),
        "added": len(new),
        "corrected": len(changed),
        "confirmed": len(found.looked) - len(changed),
        "changes": found.changes,
        "splits": by_split(places.values()),
        "added_to": by_split(places[each.name] for each in new if each.name in places),
        "images": list(places),
        "part_is_scored": "validation" not in found.splits,
    }
