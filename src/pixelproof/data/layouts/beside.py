"""What ``labels.csv`` is worth beside another layout: more than names of files, less than folders."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain
from pathlib import Path, PurePosixPath

from pixelproof.data.label_table import header, holds_labels, read_table
from pixelproof.data.layouts.found import Found
from pixelproof.data.layouts.groups import add_groups_of, groups_in, ids_by_image, images_by_name
from pixelproof.data.layouts.tables import LABELS, label_table
from pixelproof.errors import UserError
from pixelproof.numbers import first_of


def beside_table(root: Path, readings: list[Found], known: Collection[str] = ()) -> list[Found]:
    """Return the readings of a folder and, where it may be what is meant, that by its ``labels.csv``.

    A table without any other reading is the reading. Names such as ``<class>_<index>.png`` may be those of parts or of
    cameras as well: a table that names all these images is certain, one that says otherwise of some is a second
    reading. Beside folders and masks it may say anything; that it is not read is noted where it says something else.
    Of classes that are ``known`` of other folders, it may name a single one.

    Raises:
        UserError: The table names images by whose names classes would be told, and cannot be read.
    """
    path = root / LABELS
    if not path.is_file() or not holds_labels(path):
        return readings
    if not readings:
        return _read(root, known=known)
    for reading in readings:
        try:
            said = _said(root, reading)
        except UserError:
            if reading.by_name:
                raise
            continue
        whole, same = len(said) == len(reading.class_of), _says_the_same(reading, said)
        if reading.by_name and said and (whole or not same):
            readings = [*readings, *_read(root, certain=whole)]
        elif said and not same:
            reading.passed_over.append(path)
    return readings


def require_read(root: Path, reading: Found) -> None:
    """Refuse a ``labels.csv`` that says nothing of images whose names alone would tell their classes.

    Raises:
        UserError: It cannot be read, has other columns, or names none of the images.
    """
    path = root / LABELS
    if not reading.by_name or not path.is_file():
        return
    remedy = f"or rename or remove {LABELS}, if the images' names tell their classes"
    if not holds_labels(path):
        problem = f"{path} has no columns for file name and label (its columns: {first_of(header(path), 5)})"
        raise UserError(problem, f"call two of them 'filename' and 'label', {remedy}")
    if not _said(root, reading):
        image, name = min(reading.class_of), next(iter(read_table(path)))
        problem = f"{path} names none of the images, such as {image.relative_to(root).as_posix()}, but '{name}'"
        raise UserError(problem, f"correct the names in it, {remedy}")


def add_groups_beside(root: Path, found: Found) -> None:
    """Note the groups that a column of ``labels.csv`` names beside another layout, unless they are known already.

    Where it cannot be read, or does not name all images, it is noted why they are not.
    """
    path = root / LABELS
    known = found.tables or any(sample.group for samples in found.splits.values() for sample in samples)
    if found.layout == LABELS or known or not path.is_file():
        return
    try:
        if groups_in(path):
            add_groups_of(path, found)
    except UserError as error:
        found.ungrouped = f"{path} may say which images belong together, and is not read for it: {error.problem}"


def _read(root: Path, certain: bool = False, known: Collection[str] = ()) -> list[Found]:
    """Return the reading by the table, if there is one."""
    table = label_table(root, known)
    if table is None:
        return []
    table.certain = certain
    return [table]


def _said(root: Path, reading: Found) -> dict[Path, str]:
    """Return what the table says of the images of a reading, which it may name by paths of another machine."""
    known = images_by_name(root, ids_by_image(chain(*reading.splits.values())))
    lines = ((PurePosixPath(name.replace("\\", "/")), label) for name, label in read_table(root / LABELS).items())
    return {image: label for name, label in lines for image in known.get(name.as_posix(), known.get(name.name, ()))}


def _says_the_same(reading: Found, said: dict[Path, str]) -> bool:
    """Return whether a table divides images into the classes of a reading, whatever it calls them."""
    pairs = {(reading.class_of.get(image), label) for image, label in said.items()}
    return len(pairs) == len({own for own, _ in pairs}) == len({label for _, label in pairs})
