"""Layouts that a table writes down: ``labels.csv`` and ``masks.csv``."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path, PurePosixPath

from pixelproof.data.folder import Sample
from pixelproof.data.label_table import header, holds_labels, read_table
from pixelproof.data.layouts.classes import require_two_classes
from pixelproof.data.layouts.found import Found
from pixelproof.data.layouts.groups import groups_in
from pixelproof.data.layouts.listing import IMAGE_SUFFIXES, file_in, images_below, split_name
from pixelproof.errors import UserError
from pixelproof.numbers import first_of

LABELS, MASKS = "labels.csv", "masks.csv"
MASK_COLUMNS = ("mask", "mask_path", "mask_file", "annotation", "segmentation")


def label_table(root: Path, known: Collection[str] = ()) -> Found | None:
    """``labels.csv``: filename, label and perhaps split and group; paths in the folder or in images/.

    Args:
        root: The folder.
        known: Classes of other folders that are one data set with it, of which it may name a single one.

    Raises:
        UserError: It cannot be read, an image is missing or lies elsewhere, or a label or split is none.
    """
    path = root / LABELS
    if not path.is_file() or not holds_labels(path):
        return None
    labels, splits, groups = read_table(path), _splits(path), groups_in(path)
    found = Found(LABELS, "classification", {})
    for name, label in labels.items():
        image = _named(root, path, name, "images")
        if not label or image in found.class_of:
            raise UserError(f"{path}: '{name}' has {'two labels' if label else 'no label'}", "correct the table")
        sample = Sample(PurePosixPath(name).as_posix(), image, group=groups.get(name) or None)
        found.splits.setdefault(_split_of(path, name, splits), []).append(sample)
        found.class_of[image] = label
    if not {*found.class_of.values()} <= {*known}:
        require_two_classes(found, path)
    found.unlisted = sum(file not in found.class_of for file in images_below(root))
    return found


def mask_table(root: Path) -> Found | None:
    """``masks.csv``: filename, mask and perhaps split and group; paths in the folder, in images/ or masks/.

    A sample is called as its image's path without suffix. Images that the table does not name are left out.

    Raises:
        UserError: It cannot be read, an image or mask is missing or lies elsewhere, or a split is none.
    """
    path = root / MASKS
    if not (path.is_file() or path.is_symlink()):
        return None
    masks, splits, groups = read_table(path, MASK_COLUMNS), _splits(path), groups_in(path)
    found, images = Found(MASKS, "segmentation", {}, certain=True, lists=[path]), dict[str, Path]()
    used, drawn = set[Path](), set[Path]()
    for name, mask in masks.items():
        image, sample_id = _named(root, path, name, "images"), PurePosixPath(name).with_suffix("").as_posix()
        if images.setdefault(sample_id, image) != image or image in used:
            raise UserError(f"{path}: '{name}' is the sample of another line, too", "remove a line or rename an image")
        used.add(image)
        if not mask:
            found.unpaired.append(image)
            continue
        if (file := _named(root, path, mask, "masks")) == image:
            raise UserError(f"{path}: '{name}' is its own mask", "name the mask there")
        drawn.add(file)
        sample = Sample(sample_id, image, mask=file, group=groups.get(name) or None)
        found.splits.setdefault(_split_of(path, name, splits), []).append(sample)
    if not found.splits:
        raise UserError(f"{path} names no mask", "write one into each line")
    if both := sorted(used & drawn):
        raise UserError(f"{path}: {both[0]} is an image, and the mask of another", "correct the table")
    found.unlisted = sum(file not in used | drawn for file in images_below(root))
    return found


def unread_tables(root: Path) -> str:
    """Return in words which tables a folder holds that are not read, and how one of labels would be; empty if none."""
    tables = sorted(path.name for path in root.glob("*.csv") if path.is_file())
    if not tables:
        return ""
    columns = ""
    with suppress(UserError):  # what cannot be read has none
        columns = f" (columns {first_of(header(root / tables[0]), 5)})"
    is_not = "is not read" if len(tables) == 1 else "are not read"
    return f"{first_of(tables, 3)}{columns} {is_not}: a table of labels is {LABELS}, with columns filename and label"


def _splits(table: Path) -> dict[str, str]:
    """Return what a table says of splits, by file name; empty if it says nothing."""
    return read_table(table, ("split",)) if "split" in header(table) else {}


def _split_of(table: Path, name: str, splits: dict[str, str]) -> str:
    """Return the split of a file: that of the table, else of a folder in its path, else train."""
    given = [splits[name]] if name in splits else PurePosixPath(name).parts[:-1]
    split = next(filter(None, map(split_name, map(Path, given))), None if name in splits else "train")
    if split is None:
        raise UserError(f"{table}: '{splits[name]}' of '{name}' is no split", "write train, validation or test")
    return split


def _named(root: Path, table: Path, name: str, usual: str) -> Path:
    """Return the file that a table names, which must lie in the folder or in the one that is usual for such files.

    A name may lack its suffix, where one file alone is called so.
    """
    for names in ([name], [name + suffix for suffix in sorted(IMAGE_SUFFIXES)]):
        found = [file for place in (root, root / usual) for each in names if (file := file_in(place, each))]
        if found and (len(found) == 1 or names == [name]):
            return found[0]
    what = usual.removesuffix("s")
    raise UserError(f"{table} names '{name}', and {root} holds no such {what}", "add it, or correct the table")
