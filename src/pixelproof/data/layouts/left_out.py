"""Images that a list says to leave out: taken out of a reading before anything else sees it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pixelproof.data.folder import LeftOut, Sample
from pixelproof.data.layouts.found import Found
from pixelproof.data.layouts.named import files_named
from pixelproof.errors import UserError
from pixelproof.runs.left_out_file import FILE, Entry, load_list


def leave_out(root: Path, found: Found) -> None:
    """Take the images out of a reading that ``leave_out.csv`` in the data's folder names.

    Raises:
        UserError: As of ``take_out``, or the list cannot be read.
    """
    if os.path.lexists(path := root / FILE):  # a link that leads nowhere would be passed over in silence
        take_out(root, found, load_list(path), path)


def take_out(root: Path, found: Found, entries: Iterable[Entry], path: Path) -> None:
    """Take images out of a reading; those that are out already stay so.

    Args:
        root: The data's folder.
        found: The reading of it, which is changed.
        entries: The images, by path, id or name, with or without suffix; files without a partner and masks by path.
        path: Where that is written.

    Raises:
        UserError: An entry names no image, or may mean several, or all of a class or split would be left out.
    """
    gone, entries = {each.file for each in found.left_out}, list(entries)
    out: dict[Path, Entry] = {}
    for entry, file in zip(entries, files_named(root, found, entries, path), strict=True):
        if file not in gone:
            out.setdefault(file, entry)
    _heed_doubled(found, out)
    classes = set(found.class_of.values())
    for split, samples in found.splits.items():
        kept = [sample for sample in samples if sample.image not in out]
        if samples and not kept:
            raise UserError(f"{path} leaves out all images of {split}", "take lines out of it, or remove that split")
        taken = (sample for sample in samples if sample.image in out)
        found.left_out += [_sample(found, split, sample, out[sample.image]) for sample in taken]
        found.splits[split] = kept
    found.left_out += [_alone(file, out[file]) for file in found.unpaired if file in out]
    found.unpaired = [file for file in found.unpaired if file not in out]
    if lost := sorted(classes - set(found.class_of.values())):
        raise UserError(
            f"{path} leaves out all images of class '{lost[0]}'", "take lines out of it, or remove that class"
        )


def _sample(found: Found, split: str, sample: Sample, entry: Entry) -> LeftOut:
    return replace(_alone(sample.image, entry), split=split, sample=sample, called=found.class_of.pop(sample.image, ""))


def _alone(file: Path, entry: Entry) -> LeftOut:
    return LeftOut(file, entry.reason, entry.note)


def _heed_doubled(found: Found, out: dict[Path, Entry]) -> None:
    """Let the other one of two files be the sample's where one of them is left out."""
    for first, second in list(found.doubled):
        if first not in out and second not in out:
            continue
        gone, stays = (second, first) if second in out else (first, second)
        found.left_out.append(_alone(gone, out.pop(gone)))
        for split, samples in found.splits.items():
            found.splits[split] = [_instead(sample, gone, stays) for sample in samples]
        found.doubled.remove((first, second))
        found.doubled[:] = [(stays if one == gone else one, other) for one, other in found.doubled]


def _instead(sample: Sample, gone: Path, stays: Path) -> Sample:
    image, mask = (stays if file == gone else file for file in (sample.image, sample.mask))
    return replace(sample, image=image or sample.image, mask=mask)
