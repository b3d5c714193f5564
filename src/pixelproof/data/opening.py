"""Open a data set: its layout, its label contract, its samples, or one sentence saying why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path

from pixelproof.data.folder import DataFolder, Sample
from pixelproof.data.layouts import (
    IMAGE_SUFFIXES,
    Found,
    class_index,
    class_names,
    find_layout,
    note_other_images,
    unread_in,
)
from pixelproof.data.masks import read_mask_values
from pixelproof.data.spread import spread
from pixelproof.errors import UserError, require_utf8
from pixelproof.labels import LARGEST_ID, PRESETS, Color, LabelScheme, count_colors, matching_presets
from pixelproof.numbers import counted
from pixelproof.progress import say, say_once
from pixelproof.runs import LABELS_FILE, has_classes, named_task, read_labels
from pixelproof.runs.left_out_file import FILE as LEAVE_OUT
from pixelproof.runs.left_out_file import counts_of, in_words
from pixelproof.schema import parse

_MASKS_LOOKED_AT = 40


def open_data(root: Path) -> DataFolder:
    """Open a folder of labelled images.

    Raises:
        UserError: The layout is not clear, links lead nowhere, files are unpaired, or the label contract is missing or
            contradicted.
    """
    found = find_layout(root)
    _heed_unread(root, found)
    if found.unpaired:
        count = len(found.unpaired)
        more = f" (and {count - 1} more)" if count > 1 else ""
        raise UserError(
            f"{found.unpaired[0]}{more} has no partner: every image needs a mask and every mask an image",
            "add the missing file or remove this one; 'pixelproof doctor' lists them all",
        )
    if found.doubled:
        first, second = found.doubled[0]
        raise UserError(f"{first} and {second} belong to one sample", "remove one of them, or rename it")
    for sample in chain.from_iterable(found.splits.values()):
        require_utf8(sample.image)
    if found.unlisted:
        say_once(f"note: {counted(found.unlisted, 'image')} of {root} left out, as no list with labels names them")
    for table in found.passed_over:
        say_once(f"note: {table} labels these images, and its labels are not read: {root} is read as '{found.layout}'")
    if found.ungrouped:
        say_once(f"note: {found.ungrouped}")
    if found.left_out:
        reasons = in_words(counts_of(each.reason for each in found.left_out))
        say_once(f"note: {counted(len(found.left_out), 'image')} of {root} left out, as {LEAVE_OUT} says: {reasons}")
    return label(root, found, find_scheme(root, found))


def _heed_unread(root: Path, found: Found) -> None:
    """Refuse links to images that are gone, and name images that are not read and folders that hold nothing else."""
    samples = list(chain.from_iterable(found.splits.values()))
    files = chain.from_iterable((s.image, s.mask) for s in samples)
    folders = dict.fromkeys([*(file.parent for file in files if file), *found.imageless])
    others: list[Path] = []
    for folder in folders:
        unread = unread_in(folder)
        for path in unread:
            if path.suffix.lower() in IMAGE_SUFFIXES and not path.exists():
                raise UserError(f"{path} is a link to a file that does not exist", "restore it or remove the link")
        if unread and folder in found.imageless:
            kinds = ", ".join(sorted({path.suffix or path.name for path in unread}))
            say(f"note: {folder} is no class, for none of its files is read as an image ({kinds})")
        else:
            others += unread
    above = {parent for folder in folders for parent in folder.parents if parent.is_relative_to(root)}
    note_other_images(root, [*others, *(path for folder in above - folders.keys() for path in unread_in(folder))])


def label(root: Path, found: Found, scheme: LabelScheme) -> DataFolder:
    """Put a reading of a folder and a label contract together."""
    check_task(root, found, scheme.task)
    splits, left_out = {name: tuple(samples) for name, samples in found.splits.items()}, tuple(found.left_out)
    if found.task == "classification":
        class_of = found.class_of | {each.file: each.called for each in left_out}
        index = class_index(scheme, class_of.values())

        def classified(sample: Sample) -> Sample:
            return _classified(root, sample, class_of[sample.image], index)

        splits = {name: tuple(map(classified, samples)) for name, samples in splits.items()}
        left_out = tuple(replace(each, sample=each.sample and classified(each.sample)) for each in left_out)
    return DataFolder(root, found.layout, scheme, splits, left_out)


def find_scheme(root: Path, found: Found) -> LabelScheme:
    """Return the label contract: ``labels.yaml``, else the class names found, else the preset the masks fit.

    Raises:
        UserError: Masks fit no preset or several, or ``labels.yaml`` is for another task.
    """
    if has_classes(root / LABELS_FILE):
        return read_labels(root / LABELS_FILE)
    check_task(root, found, named_task(root / LABELS_FILE))
    if found.task == "classification":
        return scheme_of_classes(root, found)
    masks = [sample.mask for samples in found.splits.values() for sample in samples if sample.mask]
    fitting = matching_presets(observed_colors(masks))
    if len(fitting) == 1:
        return PRESETS[fitting[0]]
    if fitting:
        raise UserError(
            f"the masks in {root} fit the presets {' and '.join(fitting)}",
            f"write 'preset: {fitting[0]}' or another into {root / LABELS_FILE}",
        )
    raise UserError(
        f"{root} has no {LABELS_FILE} that names classes and its masks are of no known data set",
        f"run 'pixelproof doctor {root} --write-labels' for a proposal and correct its names",
    )


def check_task(root: Path, found: Found, task: str | None) -> None:
    """Refuse a ``labels.yaml`` that is for another task than the files are laid out for; None is for any."""
    if task not in (None, found.task):
        raise UserError(
            f"{root / LABELS_FILE} is for {task}, but the files are laid out for {found.task}",
            "correct 'task:' or the layout",
        )


def observed_colors(masks: list[Path]) -> set[Color]:
    """Return the colours in up to 40 masks, evenly spread; empty if any of them is an index mask."""
    colors: set[Color] = set()
    for path in spread(masks, _MASKS_LOOKED_AT):
        rgb = read_mask_values(path)[1]
        if rgb is None:
            return set()
        colors |= set(count_colors(rgb))
    return colors


def in_order(names: Iterable[str]) -> list[str]:
    """Return class names sorted, by value where all are numbers."""
    names = set(names)
    return sorted(names, key=int) if all(name.isdecimal() for name in names) else sorted(names)


def scheme_of_classes(root: Path, found: Found) -> LabelScheme:
    """Return the label contract that class names give, with the names that ``id2label.json`` has for numbers.

    Raises:
        UserError: Two classes have the same name or id, or names are numbers that are also ids of other classes.
    """
    names = class_names(root)
    scheme = scheme_of_keys(found.class_of.values(), names, root / "id2label.json" if names else root)
    class_index(scheme, found.class_of.values())
    return scheme


def scheme_of_keys(keys: Iterable[str], names: Mapping[str, str], where: Path) -> LabelScheme:
    """Return the label contract of classes that are called by number or by name.

    Args:
        keys: What the classes are called; numbers become their ids.
        names: Names by number, where there are any.
        where: Where they were found, for the message.

    Raises:
        UserError: Two classes have the same name or id, or one has no name.
    """
    ordered = in_order(keys)
    numbered = all(key.isdecimal() and int(key) <= LARGEST_ID for key in ordered)
    # What is no id is known by its name alone, so that stays.
    classes: list[dict[str, str | int]] = (
        [{"name": names.get(key, key), "id": int(key)} for key in ordered]
        if numbered
        else [{"name": key, "id": index} for index, key in enumerate(ordered)]
    )
    return parse(LabelScheme, {"task": "classification", "classes": classes}, str(where))


def _classified(root: Path, sample: Sample, called: str, index: Mapping[str, int]) -> Sample:
    """Give a sample its class index, matching what its class is called against class names or ids."""
    if called not in index:
        raise UserError(f"{sample.image} is of class '{called}', which {root / LABELS_FILE} does not name", "add it")
    return replace(sample, label=index[called])
