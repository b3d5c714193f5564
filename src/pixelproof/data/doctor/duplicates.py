"""Images that are there twice: under two labels, in two splits, or for no reason."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path

from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.folder import Sample
from pixelproof.numbers import counted
from pixelproof.runs.diagnosis_file import Severity
from pixelproof.runs.learned import MANY

Group = list[Sample]
LISTED = "doctor --out DIR lists them in DIR/leave_out.csv"
SPREAD = (
    "without a validation split, copies are spread over train and the part set aside, whose score rewards learning by "
    "heart"
)


def conflicting_labels(survey: Survey) -> Iterator[Finding]:
    """Identical images with different labels."""
    groups = [group for group in survey.identical if conflict(survey, group)]
    if groups:
        message = (
            f"{counted(len(groups), 'group')} of identical images with different labels ({_words(survey, groups)}): "
            "at least one label of each is wrong"
        )
        fix = f"look at them, and leave out those whose label is wrong; {LISTED}"
        yield survey.finding("conflicting-labels", "error", _paths(groups), message, fix)


def duplicates_across_splits(survey: Survey) -> Iterator[Finding]:
    """Identical images in two splits."""
    splits = survey.splits
    groups = [g for g in survey.identical if len({splits[s.image] for s in g}) > 1]
    if groups:
        message = (
            f"{counted(len(groups), 'group')} of identical images in different splits ({_words(survey, groups)}): "
            "the score rewards learning by heart"
        )
        yield survey.finding(
            "duplicate-across-splits", "error", _paths(groups), message, f"leave those of train out; {LISTED}"
        )


def duplicates_within_split(survey: Survey) -> Iterator[Finding]:
    """Identical images in one split, with one label."""
    splits = survey.splits
    groups = [g for g in survey.identical if len({splits[s.image] for s in g}) == 1 and not conflict(survey, g)]
    divided = [g for g in groups if survey.carved and splits[g[0].image] == "train"]
    if divided:
        message = f"{counted(len(divided), 'group')} of identical images in train ({_words(survey, divided)}): {SPREAD}"
        paths = _paths(divided)
        many = len(paths) > MANY * len(survey.found.splits["train"])
        severity: Severity = "error" if many else "warning"
        yield survey.finding("duplicate-in-train", severity, paths, message, f"leave all but one out; {LISTED}")
    if counted_twice := [g for g in groups if g not in divided]:
        message = (
            f"{counted(len(counted_twice), 'group')} of identical images ({_words(survey, counted_twice)}): "
            "they count twice"
        )
        yield survey.finding("duplicate", "warning", _paths(counted_twice), message, f"leave all but one out; {LISTED}")


def conflict(survey: Survey, group: Group) -> bool:
    """Return whether identical images have different labels."""
    return len({_label(survey, sample) for sample in group} - {None}) > 1


def _label(survey: Survey, sample: Sample) -> Hashable:
    if sample.mask is None:
        return survey.found.class_of[sample.image]
    mask = survey.masks.get(sample.mask)
    return survey.truths.get(sample.mask) or (mask.digest if mask else None)


def _words(survey: Survey, groups: list[Group]) -> str:
    shown = [" = ".join(survey.name(sample.image) for sample in group[:3]) for group in groups[:3]]
    return ", ".join(shown) + (" and more" if len(groups) > 3 else "")


def _paths(groups: list[Group]) -> list[Path]:
    return [sample.image for group in groups for sample in group]
