"""Labels that a person has put right: taken for those that the data give before anything else sees them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pixelproof.data.folder import Looked
from pixelproof.data.layouts.classes import class_index
from pixelproof.data.layouts.found import Found
from pixelproof.data.layouts.mask_corrections import put_regions_right
from pixelproof.data.layouts.named import each_read, files_named, where
from pixelproof.data.schemes import find_scheme
from pixelproof.errors import UserError
from pixelproof.runs.corrections_file import FILE, Correction, load_corrections
from pixelproof.schema import nearest


class _Classes(NamedTuple):
    """The classes that may be written.

    Attributes:
        called: The index of each by what the data call it.
        words: What they call it.
        meant: Its index by that and by its name; several where one's name is another's id.
    """

    called: Mapping[str, int]
    words: Mapping[int, str]
    meant: Mapping[str, set[int]]


def heed_corrections(root: Path, found: Found) -> None:
    """Give the images of a reading the labels that ``corrections.csv`` in the data's folder has for them.

    Raises:
        UserError: As of ``put_right``, or the file cannot be read.
    """
    if os.path.lexists(path := root / FILE):  # a link that leads nowhere would be passed over in silence
        put_right(root, found, load_corrections(path), path)


def put_right(root: Path, found: Found, entries: Iterable[Correction], path: Path) -> list[Correction]:
    """Correct labels of a reading.

    Args:
        root: The data's folder.
        found: The reading of it, which is changed.
        entries: The corrections.
        path: Where they are written.

    Returns:
        Those of images that nobody had looked at, each with its path in the data and the class that these give.

    Raises:
        UserError: An entry names no image or class, or may mean several, does not fit the label that the data give, or
            contradicts another; or no image of a class would be left. Of masks as of ``put_regions_right``.
    """
    entries = list(entries)
    if found.task == "segmentation":
        return put_regions_right(root, found, entries, path)
    if of_mask := next((entry for entry in entries if entry.region), None):
        problem = f"{where(of_mask, path)} corrects a region of a mask, and the images of {root} are classified"
        raise UserError(problem, "take its region away, or remove the line")
    classes, new = _classes(root, found), list[Correction]()
    called = _all_called(found) | {file: looked.was for file, looked in found.looked.items()}

    def take(entry: Correction, file: Path) -> None:
        looked, earlier = _looked(entry, called[file], classes, path), found.looked.get(file)
        if earlier and earlier.label != looked.label:
            problem = f"{where(entry, path)} says '{looked.label}' of '{entry.name}', and another line"
            raise UserError(f"{problem} '{earlier.label}'", f"remove one of them; {root / FILE} may hold the other")
        if not earlier:
            found.looked[file] = looked
            _call(found, file, looked.label)
            new.append(Correction(found.place(root, file), looked.label, looked.was, looked.reason))

    each_read(zip(entries, files_named(root, found, entries, path), strict=True), take)
    _refuse_lost(found, path)
    return new


def _classes(root: Path, found: Found) -> _Classes:
    """Return the classes that may be written, those of the label contract."""
    scheme = find_scheme(root, found)
    called = class_index(scheme, _all_called(found).values())
    meant: dict[str, set[int]] = {}
    for word, index in [*called.items(), *((name, index) for index, name in enumerate(scheme.names))]:
        meant.setdefault(word.strip(), set()).add(index)  # as cells are read
    return _Classes(called, {index: word for word, index in reversed(called.items())}, meant)


def _looked(entry: Correction, given: str, classes: _Classes, path: Path) -> Looked:
    """Return what an entry says of an image of which the data give a class."""
    index, now = _index(entry.label, classes, entry, path), classes.called.get(given)
    if entry.was not in ("", given) and _index(entry.was, classes, entry, path) != now:
        problem = f"{where(entry, path)} says that '{entry.name}' was '{entry.was}', and the data give '{given}'"
        raise UserError(f"{problem}: the correction no longer fits", "look at the image again, or remove the line")
    return Looked(given, given if index == now else classes.words[index], entry.reason)


def _index(name: str, classes: _Classes, entry: Correction, path: Path) -> int:
    """Return the class that an entry names."""
    meant = classes.meant.get(name, set())
    if not meant:
        problem = f"{where(entry, path)} names the class '{name}' of '{entry.name}', which the data do not have"
        raise UserError(problem, nearest(name, list(classes.meant)))
    if len(meant) > 1:
        problem = f"{where(entry, path)} names the class '{name}', which is the name of one and the id of another"
        raise UserError(problem, "give names that are no ids in labels.yaml")
    return next(iter(meant))


def _all_called(found: Found) -> dict[Path, str]:
    """Return what the class of each image is called, those that are left out among them."""
    return found.class_of | {each.file: each.called for each in found.left_out if each.sample}


def _call(found: Found, file: Path, word: str) -> None:
    """Let the class of an image be called otherwise."""
    if file in found.class_of:
        found.class_of[file] = word
    else:  # it is left out
        found.left_out = [replace(each, called=word) if each.file == file else each for each in found.left_out]


def _refuse_lost(found: Found, path: Path) -> None:
    """Refuse corrections that leave no image of a class, which would then be none."""
    of_data = {each.was for each in found.looked.values()}
    if lost := sorted(of_data - set(_all_called(found).values())):
        raise UserError(f"{path} leaves no image of class '{lost[0]}'", "take lines out of it, or remove that class")
