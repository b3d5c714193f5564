"""Which images of a data set belong together, of one patient or scene, and what is doubtful about that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

from pixelproof.data.folder import DataFolder, Parts, Sample
from pixelproof.numbers import counted, first_of
from pixelproof.runs.learned import LEARNED
from pixelproof.runs.scenes import TABLE, scene_in

SAID = 3


class Leak(NamedTuple):
    """Groups that are in two splits.

    Attributes:
        split: The split whose score they flatter.
        other: The split that holds images of them as well.
        groups: The images of the former by group.
    """

    split: str
    other: str
    groups: Mapping[str, Sequence[Sample]]

    @property
    def images(self) -> list[Sample]:
        """All of them."""
        return [sample for samples in self.groups.values() for sample in samples]

    def __str__(self) -> str:
        has = "has" if len(self.groups) == 1 else "have"
        named = f"{first_of(sorted(self.groups), SAID)}; {counted(len(self.images), 'image')}"
        harm = "the score rewards recognising them"
        if self.other != "train":
            harm = f"what is chosen on {self.other}, such as a threshold, is tested on the same ones"
        said = f"{counted(len(self.groups), 'group')} of {self.split} ({named}) {has} images in {self.other} as well"
        return f"{said}: {harm}"


def grouped(splits: Parts, pattern: str | None) -> dict[str, tuple[Sample, ...]]:
    """Return the samples with the group of each as a pattern finds it in its id; for ``TABLE`` as the data say.

    An image in whose id it finds nothing stands for itself, and for None all do.
    """
    if pattern == TABLE:
        return {name: tuple(samples) for name, samples in splits.items()}
    return {
        name: tuple(replace(sample, group=pattern and scene_in(sample.id, pattern)) for sample in samples)
        for name, samples in splits.items()
    }


def shared(splits: Parts) -> Iterator[Leak]:
    """Yield which groups each split shares with train, and, of those that are only scored, with one before it."""
    scored = {name: splits[name] for name in sorted(splits, key="test".__eq__) if name not in LEARNED}
    learned = [sample for name in LEARNED for sample in splits.get(name, ())]
    pairs = [(name, "train", learned) for name in scored]
    pairs += [(later, first, list(scored[first])) for first, later in combinations(scored, 2)]
    for split, other, theirs in pairs:
        known = {sample.group for sample in theirs if sample.group}
        both = defaultdict(list)
        for sample in scored[split]:
            if sample.group in known:
                both[sample.group].append(sample)
        if both:
            yield Leak(split, other, both)


def doubts(data: DataFolder, parts: Parts, pattern: str | None) -> Iterator[str]:
    """Yield what is doubtful about the groups of a data set that is divided into parts."""
    yield from map(str, shared(parts))
    if data.task == "segmentation" or pattern in (None, TABLE):
        return
    alone: dict[str, set[str]] = defaultdict(set)
    for sample in (sample for samples in parts.values() for sample in samples):
        folder = f"{sample.id.rpartition('/')[0]}/"
        if sample.group and sample.group.startswith(folder):
            alone[sample.group.removeprefix(folder)].add(sample.group)
    if both := next((sorted(groups) for _, groups in sorted(alone.items()) if len(groups) > 1), None):
        yield (
            f"by groups '{pattern}', '{both[0]}' and '{both[1]}' are two; if they are one, leave the folder out of "
            "what it finds, as '([^/_]+)_' does"
        )
