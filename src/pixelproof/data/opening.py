"""Open a data set: its layout, its label contract, its samples, or one sentence saying why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path

from pixelproof.data.folder import DataFolder, Sample
from pixelproof.data.layouts import (
    IMAGE_SUFFIXES,
    Found,
    class_index,
    find_layout,
    note_other_images,
    unread_in,
)
from pixelproof.data.schemes import check_task, find_scheme
from pixelproof.errors import UserError, require_utf8
from pixelproof.labels import LabelScheme
from pixelproof.numbers import counted
from pixelproof.progress import say, say_once
from pixelproof.runs import LABELS_FILE
from pixelproof.runs.corrections_file import FILE as CORRECTIONS
from pixelproof.runs.corrections_file import changes_in_words
from pixelproof.runs.left_out_file import FILE as LEAVE_OUT
from pixelproof.runs.left_out_file import counts_of, in_words


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
    for sentence in found.notes:
        say_once(f"note: {sentence}")
    if found.ungrouped:
        say_once(f"note: {found.ungrouped}")
    if found.left_out:
        reasons = in_words(counts_of(each.reason for each in found.left_out))
        say_once(f"note: {counted(len(found.left_out), 'image')} of {root} left out, as {LEAVE_OUT} says: {reasons}")
    if found.changes:
        corrected = counted(sum(found.changes.values()), found.unit_corrected)
        say_once(f"note: {corrected} of {root} corrected, as {CORRECTIONS} says: {changes_in_words(found.changes)}")
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
    roots = (*found.folders.values(), root)
    above = {p for folder in folders for p in folder.parents if any(p.is_relative_to(each) for each in roots)}
    note_other_images(root, [*others, *(path for folder in above - folders.keys() for path in unread_in(folder))])


def label(root: Path, found: Found, scheme: LabelScheme) -> DataFolder:
    """Put a reading of a folder and a label contract together."""
    check_task(root, found, scheme.task)
    splits, left_out = {name: tuple(samples) for name, samples in found.splits.items()}, tuple(found.left_out)
    if found.task == "classification":
        class_of = found.class_of | {each.file: each.called for each in left_out}
        index = class_index(scheme, class_of.values())

        def classified(sample: Sample) -> Sample:
            looked = found.looked.get(sample.image)
            was = None if looked is None else index[looked.was]
            return replace(_classified(root, sample, class_of[sample.image], index), was=was)

        splits = {name: tuple(map(classified, samples)) for name, samples in splits.items()}
        left_out = tuple(replace(each, sample=each.sample and classified(each.sample)) for each in left_out)
    return DataFolder(root, found.layout, scheme, splits, left_out, found.folders)


def _classified(root: Path, sample: Sample, called: str, index: Mapping[str, int]) -> Sample:
    """Give a sample its class index, matching what its class is called against class names or ids."""
    if called not in index:
        raise UserError(f"{sample.image} is of class '{called}', which {root / LABELS_FILE} does not name", "add it")
    return replace(sample, label=index[called])
