"""Try every layout on a folder and keep the one that fits, never a guess."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from pixelproof.data.layouts.beside import add_groups_beside, beside_table, require_read
from pixelproof.data.layouts.classes import class_folders, class_prefixes, single_class, why_no_classes
from pixelproof.data.layouts.corrections import heed_corrections
from pixelproof.data.layouts.folders_file import FILE as FOLDERS
from pixelproof.data.layouts.found import Found
from pixelproof.data.layouts.groups import add_groups
from pixelproof.data.layouts.left_out import leave_out
from pixelproof.data.layouts.listing import IMAGE_SUFFIXES
from pixelproof.data.layouts.lists import pascal_voc
from pixelproof.data.layouts.masks import mask_folders, sat_mask_pairs, tile_folders
from pixelproof.data.layouts.tables import LABELS, mask_table, unread_tables
from pixelproof.data.layouts.united import united_folders
from pixelproof.data.layouts.written import path_patterns
from pixelproof.errors import UserError
from pixelproof.runs import LABELS_FILE, has_classes, named_task, read_labels
from pixelproof.runs.corrections_file import FILE as CORRECTIONS
from pixelproof.runs.left_out_file import FILE as LEAVE_OUT

RECOGNISED = (
    "train/<class>/*.jpg, <class>_<index>.png in split folders, images/ and masks/ with equal names, "
    "NAME_sat.jpg beside NAME_mask.png, labels.csv (filename,label), masks.csv (filename,mask), or as Pascal VOC; "
    "or say in layout.yaml where files lie, or in folders.yaml which folders are one data set"
)
_MISNAMED = {
    "labels.yml": LABELS_FILE,
    "folders.yml": FOLDERS,
    "leave-out.csv": LEAVE_OUT,
    "correction.csv": CORRECTIONS,
}
"""Files that a person means to be read; what the right one is called."""
FINDERS: tuple[Callable[[Path], Found | None], ...] = (
    class_folders,
    class_prefixes,
    mask_folders,
    tile_folders,
    sat_mask_pairs,
)


def find_layout(root: Path, known: Collection[str] = ()) -> Found:
    """Return the one reading of ``root`` that fits; where several do, the one for the task that ``labels.yaml`` names.

    Args:
        root: The folder.
        known: Classes of other folders that are one data set with it, of which it may have a single one.

    Raises:
        UserError: The folder is missing, holds no images, fits no layout or fits more than one, or has a
            ``labels.yml``, ``folders.yml``, ``leave-out.csv`` or ``correction.csv``.
    """
    if not root.is_dir():
        raise UserError(f"{root} is not a folder", "give the folder that holds the images")
    for wrong, right in _MISNAMED.items():
        if (root / wrong).exists() and not (root / right).exists():
            raise UserError(f"{root / wrong} would not be read", f"rename it to {right}")
    written = united_folders(root, find_layout) or path_patterns(root) or mask_table(root) or pascal_voc(root)
    readings = [written] if written else [found for finder in FINDERS if (found := finder(root)) is not None]
    if not written:
        readings = beside_table(root, readings, known)
    if len(readings) > 1:
        readings = _settled(root, readings)
    if len(readings) > 1:
        names = " and as ".join(f"'{r.layout}'" for r in readings)
        raise UserError(f"{root} can be read as {names}", _remedy(root, readings))
    if not readings and (one := single_class(root, known)):
        readings = [one]
    if not readings:
        if not any(path.suffix.lower() in IMAGE_SUFFIXES for path in root.rglob("*")):
            raise UserError(f"{root} holds no images", "give a folder with labelled images")
        reason = why_no_classes(root)
        reason = reason or UserError(f"{root} has no layout that is recognised", f"arrange it as {RECOGNISED}")
        raise UserError(reason.problem, "; ".join(filter(None, (reason.remedy, unread_tables(root)))))
    if readings[0].unclear:
        raise UserError(f"in {root} {readings[0].unclear}", "move those that do not belong to the data set elsewhere")
    require_read(root, readings[0])
    add_groups(root, readings[0])
    add_groups_beside(root, readings[0])
    heed_corrections(root, readings[0])
    leave_out(root, readings[0])
    return readings[0]


def _settled(root: Path, readings: list[Found]) -> list[Found]:
    """Return the readings that ``labels.yaml`` is for, and of those the certain ones if there are any."""
    meant = [r for r in readings if _is_meant(root / LABELS_FILE, r)] or readings
    return [r for r in meant if r.certain] or meant


def _is_meant(labels: Path, reading: Found) -> bool:
    """Return whether ``labels.yaml`` names the reading's task and, where it names classes, one that the reading has."""
    if named_task(labels) != reading.task:
        return False
    if reading.task == "segmentation" or not has_classes(labels):
        return True
    try:
        called = set(reading.class_of.values())
        return any(called & {c.name, *map(str, c.ids)} for c in read_labels(labels).classes)
    except UserError:
        return False  # whoever needs the classes will say so


def _remedy(root: Path, readings: list[Found]) -> str:
    tasks = sorted({r.task for r in readings})
    if any(r.layout == LABELS for r in readings):
        return f"name all images in {LABELS}, or in {LABELS_FILE} the classes that are meant, or move {LABELS} away"
    if len(tasks) == 1:
        return "move one kind of files elsewhere"
    lines = " or ".join(f"'task: {task}'" for task in tasks)
    return f"write {lines} into {root / LABELS_FILE}, or move the folders that do not belong to the data set elsewhere"
