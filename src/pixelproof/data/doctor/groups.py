"""Patients and scenes in two splits, where a table or a pattern says which images belong together."""

from __future__ import annotations

from collections.abc import Iterator

from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.grouping import leak, shared


def groups_across_splits(survey: Survey) -> Iterator[Finding]:
    """Groups that train shares with another split."""
    for split, both in shared(survey.found.splits).items():
        paths = [sample.image for samples in both.values() for sample in samples]
        fix = "move all images of a group into one split, or put all into one folder and let training divide them"
        yield survey.finding("group-across-splits", "error", paths, leak(split, both), fix)
