"""Layouts of classification data: where the class of an image is written."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import chain
from pathlib import Path

from pixelproof.data.folder import Sample
from pixelproof.data.layouts.found import Found
from pixelproof.data.layouts.listing import folders_in, images_in, split_folders, split_name
from pixelproof.data.layouts.masks import is_mask_folder
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme
from pixelproof.runs.files import read_object

_CLASS_STEM = re.compile(r"(.+)_(\d+)", re.DOTALL)


def class_folders(root: Path) -> Found | None:
    """``train/<class>/*.jpg`` with other splits beside it, or ``<class>/*.jpg`` with no splits."""
    found = _by_folder(root)
    return found if len(set(found.class_of.values())) > 1 else None


def single_class(root: Path, known: Collection[str]) -> Found | None:
    """The same with images of one class, where that is one of those of folders that are one data set with this one."""
    found = _by_folder(root)
    names = set(found.class_of.values())
    return found if len(names) == 1 and names <= {*known} else None


def _by_folder(root: Path) -> Found:
    found = Found("a folder for each class", "classification", {})
    for split, folder in split_folders(root).items():
        inside = {inner: images_in(inner) for inner in folders_in(folder)}
        found.imageless += [inner for inner, images in inside.items() if not images]
        images = list(chain.from_iterable(inside.values()))
        if images:
            found.splits[split] = [Sample(f"{image.parent.name}/{image.name}", image) for image in images]
            found.class_of |= {image: image.parent.name for image in images}
    return found


def class_prefixes(root: Path) -> Found | None:
    """``<class>_<index>.png`` in split folders; names of numbered classes come from ``id2label.json``."""
    found = Found("<class>_<index> file names", "classification", {}, by_name=True)
    if any(is_mask_folder(folder) for folder in folders_in(root)):
        return None  # video frames such as 0001TP_006690.png beside their masks
    for split, folder in split_folders(root).items():
        images = images_in(folder)
        parts = [_CLASS_STEM.fullmatch(image.stem) for image in images]
        if not all(parts):
            return None
        found.class_of |= {image: part.group(1) for image, part in zip(images, parts, strict=True) if part}
        if images:
            found.splits[split] = [Sample(image.name, image) for image in images]
    return found if len(set(found.class_of.values())) > 1 else None


def why_no_classes(root: Path) -> UserError | None:
    """Return what keeps a folder that is nearly one of these layouts from being it; None where it is like neither."""
    folders = list(split_folders(root).values())
    names = {inner.name for folder in folders for inner in folders_in(folder) if images_in(inner)}
    if len(names) == 1:
        remedy = "add a folder of another class, or the masks of these images"
        what = f"classification needs two classes at least, and all images of {root} are in one folder, '{names.pop()}'"
        return UserError(what, remedy)
    images = [image for folder in folders for image in images_in(folder)]
    odd = [image for image in images if not _CLASS_STEM.fullmatch(image.stem)]
    if odd and 2 * len(odd) < len(images):
        return UserError(f"{odd[0]} is not called <class>_<index>, as other images are", "rename it, or remove it")
    for split, folder in split_folders(root).items():
        beside = [inner for inner in folders_in(root) if split_name(inner) is None and images_in(inner)]
        if folder != root and images_in(folder) and beside:
            problem = f"{folder} is read as the {split} split, and {beside[0]} beside it as no part of the data set"
            return UserError(problem, "if both are classes, move them into a folder 'train'")
    return None


def require_two_classes(found: Found, written: Path) -> None:
    """Refuse a reading by a file that names a single class.

    Raises:
        UserError: It does.
    """
    if len(set(found.class_of.values())) < 2:
        raise UserError(f"{written} names one class, and classification needs two at least", "add images of another")


def class_names(root: Path) -> dict[str, str]:
    """Return names by class number from ``id2label.json`` in ``root``; empty if there is none.

    Raises:
        UserError: The file cannot be read, or is no JSON object.
    """
    path = root / "id2label.json"
    if not path.is_file():
        return {}
    remedy = "write an object of names by class number into it"
    return {str(key): str(name) for key, name in read_object(path, remedy).items()}


def class_index(scheme: LabelScheme, called: Iterable[str]) -> dict[str, int]:
    """Return the index of each class by its id or by its name, whichever the classes of a data set are called by.

    Args:
        scheme: The label contract.
        called: What folders, files or a table call them: all by id or all by name.

    Raises:
        UserError: Both readings fit, and differ.
    """
    called = set(called)
    by_id = {str(value): index for index, c in enumerate(scheme.classes) for value in c.ids}
    by_name = {name: index for index, name in enumerate(scheme.names)}
    both = called & by_id.keys() & by_name.keys()
    word = min((word for word in both if by_id[word] != by_name[word]), default=None)
    if both == called and word is not None:
        named, numbered = scheme.classes[by_id[word]].name, scheme.classes[by_name[word]].id
        raise UserError(
            f"'{word}' is the id of the class named '{named}' and the name of that with id {numbered}, "
            "and all classes can be read as ids and as names",
            "in labels.yaml, give names that are no numbers if ids are meant, and ids that are no names if names are",
        )
    return by_id if len(called & by_id.keys()) > len(called & by_name.keys()) else by_name
