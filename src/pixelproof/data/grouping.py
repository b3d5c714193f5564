"""Which images of a data set belong together, of one patient or scene, and what is doubtful about that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pixelproof.data.folder import DataFolder, Sample
from pixelproof.numbers import counted, first_of
from pixelproof.runs.scenes import TABLE, scene_in

Splits = Mapping[str, Sequence[Sample]]
LEARNED = ("train", "selection")
"""The parts of the data by which weights are found: those that are learned from, and those that choose among them."""
SAID = 3


def grouped(splits: Splits, pattern: str | None) -> dict[str, tuple[Sample, ...]]:
    """Return the samples with the group of each as a pattern finds it in its id; for ``TABLE`` as the data say.

    An image in whose id it finds nothing stands for itself, and for None all do.
    """
    if pattern == TABLE:
        return {name: tuple(samples) for name, samples in splits.items()}
    return {
        name: tuple(replace(sample, group=pattern and scene_in(sample.id, pattern)) for sample in samples)
        for name, samples in splits.items()
    }


def shared(splits: Splits) -> dict[str, dict[str, list[Sample]]]:
    """Return, by split, the groups that train holds images of as well, with those images that are not of train."""
    learned = {sample.group for name in LEARNED for sample in splits.get(name, ()) if sample.group}
    found: dict[str, dict[str, list[Sample]]] = {}
    for name, samples in splits.items():
        both = defaultdict(list)
        for sample in samples if name not in LEARNED else ():
            if sample.group in learned:
                both[sample.group].append(sample)
        if both:
            found[name] = both
    return found


def leak(split: str, both: Mapping[str, Sequence[Sample]]) -> str:
    """Return in words what is wrong with the groups of a split of which train has images as well."""
    images = sum(map(len, both.values()))
    return (
        f"{counted(len(both), 'group')} of {split} ({first_of(sorted(both), SAID)}; {counted(images, 'image')}) "
        "have images in train as well: the score rewards recognising them"
    )


def doubts(data: DataFolder, parts: Splits, pattern: str | None) -> Iterator[str]:
    """Yield what is doubtful about the groups of a data set that is divided into parts."""
    yield from (leak(*each) for each in shared(parts).items())
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
