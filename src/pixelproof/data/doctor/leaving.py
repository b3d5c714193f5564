"""Which images to leave out, as far as their files tell; what a person has to decide stands there as a comment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pixelproof.data.doctor.duplicates import Group, conflict
from pixelproof.data.doctor.near import twins
from pixelproof.data.doctor.sizes import blank
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.folder import Sample
from pixelproof.data.grouping import shared
from pixelproof.runs.left_out_file import Entry

_LEARNED_FIRST = ("train", "selection", "validation", "test")
"""In which order splits give images away: scores stay what they are where train can do so."""


def to_leave_out(survey: Survey) -> list[Entry]:
    """Return what may be left out, each image once, by its path in the data's folder: what is sure first."""
    entries: dict[str, Entry] = {}
    for entry in sorted(_proposed(survey), key=lambda each: not each.sure):
        entries.setdefault(entry.name, entry)
    return list(entries.values())


def _proposed(survey: Survey) -> Iterator[Entry]:
    for sample in survey.samples:
        files = [file for file in (sample.image, sample.mask) if file in survey.broken]
        if files:
            why = survey.relative(survey.broken[files[0]].problem).removeprefix(f"{survey.name(sample.image)} ")
            yield _entry(survey, sample.image, "unreadable", why)
    for file in survey.found.unpaired:
        yield _entry(survey, file, "unpaired", "it has no partner")
    for group in survey.identical:
        yield from _of_copies(survey, group)
    for file in blank(survey):  # of a scene, a tile may be nothing but nodata
        yield _entry(survey, file, "blank-image", "one colour throughout", survey.found.task == "classification")
    for _, scored, learned in sorted(twins(survey), key=lambda pair: -pair[0]):
        note = f"nearly as {survey.name(scored)} in {survey.splits[scored]}"
        yield _entry(survey, learned, "near-duplicate", note, sure=False)
    for leak in shared(survey.found.splits):
        for sample in survey.found.splits[leak.other]:
            if sample.group in leak.groups:
                note = f"{sample.group} has images in {leak.split}, too"
                yield _entry(survey, sample.image, "group-across-splits", note, sure=False)


def _of_copies(survey: Survey, group: Group) -> Iterator[Entry]:
    """Yield all of some identical images but one, of the split that is to stay as it is.

    Copies that count twice in a score, and labels of which one is wrong, are for a person to decide.
    """
    ranked = sorted(group, key=lambda sample: -_rank(survey, sample))
    stays = survey.splits[ranked[0].image]
    kept = [sample for sample in ranked if survey.splits[sample.image] == stays]
    for sample in ranked[len(kept) :]:
        split, other = survey.splits[sample.image], " with another label" * conflict(survey, [sample, kept[0]])
        changed = "" if split == "train" else f"; this changes {split}, whose scores are then others"
        note = f"same pixels as {survey.name(kept[0].image)} in {stays}{other}{changed}"
        yield _entry(survey, sample.image, "duplicate-across-splits", note)
    differ = conflict(survey, kept)
    for sample in kept if differ else kept[1:]:
        twin = max((each for each in kept if each is not sample), key=lambda each: conflict(survey, [sample, each]))
        reason = "conflicting-labels" if differ else "duplicate"
        note = f"same pixels as {survey.name(twin.image)}"
        note += f" with another label{_labels(survey, sample, twin)}: leave out the wrong one" if differ else ""
        yield _entry(survey, sample.image, reason, note, sure=not differ and stays == "train")


def _labels(survey: Survey, sample: Sample, other: Sample) -> str:
    """Return the classes of two images in words; nothing of masks."""
    called = survey.found.class_of
    return f" ({called[sample.image]} here, {called[other.image]} there)" if called else ""


def _rank(survey: Survey, sample: Sample) -> int:
    split = survey.splits[sample.image]
    return _LEARNED_FIRST.index(split) if split in _LEARNED_FIRST else len(_LEARNED_FIRST)


def _entry(survey: Survey, file: Path, reason: str, note: str, sure: bool = True) -> Entry:
    return Entry(survey.place(file), reason, note, sure)
