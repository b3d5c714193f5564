"""Patients and scenes in two splits, or under two labels, where a table or a pattern says which images are of one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pixelproof.data.doctor.classes import images_of_classes
from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.doctor.tally import Reading
from pixelproof.data.grouping import SAID, shared
from pixelproof.numbers import counted
from pixelproof.runs.diagnosis_file import Severity

_NOTED, _WARNED = 0.5, 0.25
"""Share of the groups of several images below which those with different labels are a note, and a warning."""


def groups_across_splits(survey: Survey) -> Iterator[Finding]:
    """Groups that a split shares with train, or with one by which thresholds are chosen."""
    for leak in shared(survey.found.splits):
        paths = [sample.image for sample in leak.images]
        fix = "move all images of a group into one split, or put all into one folder and let training divide them"
        severity: Severity = "error" if leak.other == "train" else "warning"
        yield survey.finding("group-across-splits", severity, paths, str(leak), fix)


class _Mixed(NamedTuple):
    """A group whose images have different labels."""

    name: str
    labels: dict[Path, str]
    """The label of each image."""

    @property
    def counts(self) -> list[tuple[str, int]]:
        """How many images have each label, the most frequent first."""
        return Counter(sorted(self.labels.values())).most_common()

    def told_apart(self) -> tuple[list[Path], list[Path]]:
        """Return the images that have another label than most, and those that have the label of most."""
        usual = self.counts[0][0]
        others = [path for path, label in self.labels.items() if label != usual]
        return others, [path for path, label in self.labels.items() if label == usual]

    def __str__(self) -> str:
        return f"{self.name}: {', '.join(f'{n} {label}' for label, n in reversed(self.counts))}"


def labels_differ_in_group(reading: Reading) -> Iterator[Finding]:
    """Images that have another label than the others of their group, where groups mostly have one."""
    groups = _labelled_groups(reading)
    mixed = [_Mixed(name, labels) for name, labels in groups.items() if len(set(labels.values())) > 1]
    if not mixed or len(mixed) >= _NOTED * len(groups):  # else labels are no property of groups
        return
    mixed.sort(key=lambda group: -group.counts[0][1] / len(group.labels))
    said = "; ".join(map(str, mixed[:SAID])) + ("; and more" if len(mixed) > SAID else "")
    has = "has" if len(mixed) == 1 else "have"
    message = (
        f"{len(mixed):,} of {counted(len(groups), 'group')} of several images {has} images with different labels "
        f"({said}): in all others they agree, so that a label may be wrong"
    )
    fix = "look at them, of each group the rarer label first; nothing, if a group may have several labels"
    severity: Severity = "warning" if len(mixed) < _WARNED * len(groups) else "note"
    paths = [path for others, usual in (group.told_apart() for group in mixed) for path in (*others, usual[0])]
    yield reading.survey.finding("labels-differ-in-group", severity, paths, message, fix)


def _labelled_groups(reading: Reading) -> dict[str, dict[Path, str]]:
    """Return the class of each image by group, for groups of several images."""
    called = {path: name for name, looks in images_of_classes(reading).items() for path in looks}
    groups: dict[str, dict[Path, str]] = defaultdict(dict)
    for sample in reading.survey.samples:
        if sample.group and sample.image in called:
            groups[sample.group][sample.image] = called[sample.image]
    return {name: labels for name, labels in groups.items() if len(labels) > 1}
