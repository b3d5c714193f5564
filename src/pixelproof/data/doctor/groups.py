"""Patients and scenes in two splits, where a table or a pattern says which images belong together."""

from __future__ import annotations

from collections.abc import Iterator

from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.grouping import shared
from pixelproof.runs.diagnosis_file import Severity


def groups_across_splits(survey: Survey) -> Iterator[Finding]:
    """Groups that a split shares with train, or with one by which thresholds are chosen."""
    for leak in shared(survey.found.splits):
        paths = [sample.image for sample in leak.images]
        fix = "move all images of a group into one split, or put all into one folder and let training divide them"
        severity: Severity = "error" if leak.other == "train" else "warning"
        yield survey.finding("group-across-splits", severity, paths, str(leak), fix)
