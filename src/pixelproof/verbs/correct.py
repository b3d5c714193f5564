"""``correct``: which labels of a data set are corrected, and more of them, as lists say that a person has written."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from pixelproof.data.layouts import Found
from pixelproof.data.layouts.corrections import put_right
from pixelproof.data.lists import alone_with, by_split, lengthen
from pixelproof.data.patches import corrected_pixels, overridden, read_truth
from pixelproof.data.schemes import find_scheme
from pixelproof.errors import UserError
from pixelproof.progress import track
from pixelproof.runs.corrections_file import FILE, OF_MASKS, Correction, extended, has_regions, load_corrections
from pixelproof.runs.files import AnyPath, Paths, as_paths, read_text


def correct(data: AnyPath, lists: Paths = ()) -> dict[str, Any]:
    """Correct labels of images, or of regions of masks, by ``corrections.csv`` in the data's folder.

    No file is moved or changed.

    Args:
        data: The folder of labelled images.
        lists: Files whose lines are added to those that are there, as the page of ``explain`` saves them.

    Returns:
        ``file``, ``added``, ``corrected``, ``confirmed`` (numbers of lines, of images, and of labels or regions that
        are corrected, or were found right), ``changes`` (those that are corrected by both classes), ``splits``
        (corrected images by split), ``added_to`` (likewise of those that were added), ``images``, the names of all that
        are corrected, and ``part_is_scored``, whether a part of train is set aside for the score, the data having no
        validation split. Of masks also ``pixels``, how many are corrected, and ``overridden``, how many lines lie over
        an earlier one that says another class; the later one counts.

    Raises:
        UserError: A list cannot be read, names what is no image, region or class, or no longer fits the data; or the
            folder is no data set, or cannot be written.
    """
    root = Path(data)
    path, new = root / FILE, list[Correction]()
    with alone_with(root) as found:
        for given in as_paths(lists):
            new += put_right(root, found, load_corrections(given), given)
        if new and found.task == "segmentation":
            _refuse_without_regions(path)
            _try_masks(root, found, {each.name for each in new})
        if new:
            lengthen(path, lambda text: extended(text, new))
    split_of = {sample.image: split for split, own in found.splits.items() for sample in own}
    split_of |= {each.file: each.split for each in found.left_out}
    patched = [sample for sample in found.whole if sample.patches]
    looked = len(found.looked) + sum(len(sample.patches) for sample in patched)
    changed = [file for file, looked in found.looked.items() if looked.change]
    changed += [sample.image for sample in patched if sample.corrected]
    places = {found.place(root, file): split_of[file] for file in changed}
    of_masks = {
        "pixels": sum(corrected_pixels(sample.patches) for sample in patched),
        "overridden": sum(overridden(sample.patches) for sample in patched),
    }
    return {
        "file": str(path),
        "added": len(new),
        "corrected": sum(found.changes.values()),
        "confirmed": looked - sum(found.changes.values()),
        "changes": found.changes,
        "splits": by_split(places.values()),
        "added_to": by_split(places[each.name] for each in new if each.name in places),
        "images": list(places),
        "part_is_scored": "validation" not in found.splits,
        **(of_masks if found.task == "segmentation" else {}),
    }


def _try_masks(root: Path, found: Found, names: Collection[str]) -> None:
    """Read masks, by the paths of their images, with the corrections that they are to have.

    Raises:
        UserError: Nobody says what masks mean, or one cannot be read so.
    """
    scheme = find_scheme(root, found)
    samples = [sample for sample in found.whole if found.place(root, sample.image) in names]
    for sample in track(samples, "trying corrections", len(samples)):
        read_truth(sample, scheme)


def _refuse_without_regions(path: Path) -> None:
    """Refuse to add to a list whose own header has no place for regions, which would be lost."""
    if path.is_file() and not has_regions(read_text(path)):
        raise UserError(f"{path} has no column region", f"let its first line be {','.join(OF_MASKS)}")
