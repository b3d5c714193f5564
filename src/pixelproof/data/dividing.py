"""Samples divided in two: alike in every class, by whole scenes, and by their ids alone."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from pixelproof.data.folder import DataFolder, Sample
from pixelproof.errors import UserError
from pixelproof.numbers import counted
from pixelproof.randomness import derive

Samples = tuple[Sample, ...]
Counts = Counter[int | None]
"""How many images of each class; a segmenter's have none."""


def carve(samples: Samples, fraction: float, seed: int, purpose: str) -> tuple[Samples, Samples]:
    """Split ``samples`` into (rest, part), the part holding about ``fraction`` of every class, and whole scenes.

    Membership depends on the seed, the purpose and the samples' ids, groups and classes as the data give them, not on
    their order, so that a corrected label moves no image. Each class stays in the rest; one of one scene gives none.

    Args:
        samples: The samples.
        fraction: How much of each class the part should hold.
        seed: Decides, with the purpose, which.
        purpose: What the part is for.
    """
    total = Counter(sample.given for sample in samples)
    wanted = {label: min(_share(n, fraction, len(total)), n - 1) for label, n in total.items()}
    brought = _brought(samples)
    chosen = _choose(brought, sorted(brought, key=lambda scene: derive(seed, purpose, scene)), wanted, total)
    return _parted(samples, chosen)


def fold(samples: Samples, place: tuple[int, int], seed: int) -> tuple[Samples, Samples]:
    """Split ``samples`` into (rest, fold); the folds hold each sample once and about as many of every class.

    Args:
        samples: The samples.
        place: Which fold, counted from 1, and how many there are.
        seed: Decides, with the samples' ids and groups, where each belongs; a scene is in one fold.

    Raises:
        UserError: There are fewer scenes than folds.
    """
    number, count = place
    brought = _brought(samples)
    if len(brought) < count:
        what = counted(len(brought), "group" if any(sample.group for sample in samples) else "image")
        raise UserError(f"{what} cannot make {count} folds", "add images, or ask for fewer folds")
    total = Counter(sample.given for sample in samples)
    folds: list[Counts] = [Counter() for _ in range(count)]
    members: list[set[str]] = [set() for _ in range(count)]
    # The largest first, so that small ones can even out what these leave.
    for scene in sorted(brought, key=lambda scene: (-brought[scene].total(), derive(seed, "fold", scene))):
        has = brought[scene]
        # Each class counts alike, however rare it is.
        crowded = [(sum(held[k] * n / total[k] ** 2 for k, n in has.items()), held.total()) for held in folds]
        least = crowded.index(min(crowded))
        folds[least].update(has)
        members[least].add(scene)
    return _parted(samples, members[number - 1])


def fewer(samples: Samples, most: int, seed: int) -> Samples:
    """Return at most ``most`` samples, but one scene at least: whole scenes, each class by about its share.

    What is drawn for fewer is part of what is drawn for more. Every class comes before any comes twice, as far as
    scenes allow; one of several classes has its turn as one of the rarest of them.

    Args:
        samples: The samples.
        most: How many.
        seed: Decides, with the samples' ids and groups, which come first.
    """
    if len(samples) <= most:
        return samples
    total, brought = Counter(sample.given for sample in samples), _brought(samples)
    passed: Counts = Counter()
    turns = {}
    for scene in sorted(brought, key=lambda scene: derive(seed, "fewer", scene)):
        rarest = min(brought[scene], key=lambda label: (total[label], -1 if label is None else label))
        turns[scene] = passed[rarest] / total[rarest]
        passed[rarest] += brought[scene][rarest]
    order = sorted(brought, key=lambda scene: (turns[scene], derive(seed, "fewer", scene)))
    held = list(itertools.accumulate(brought[scene].total() for scene in order))
    chosen = set(order[: max(1, bisect_right(held, most))])
    return tuple(sample for sample in samples if sample.scene in chosen)


def refuse_lone(data: DataFolder, samples: Samples) -> None:
    """Refuse a class that one image or scene has alone: the model that is scored on it could not have learned it."""
    places: dict[int, set[str]] = defaultdict(set)
    for sample in samples:
        if sample.label is not None:
            places[sample.label].add(sample.scene)
    lone = next((label for label, scenes in places.items() if len(scenes) == 1), None)
    if lone is not None:
        where = "group" if any(sample.group for sample in samples) else "image"
        problem = f"class '{data.scheme.names[lone]}' is in one {where} alone, which cannot be learned from and scored"
        raise UserError(problem, "add images of it, or train without folds")


def _brought(samples: Samples) -> dict[str, Counts]:
    """Return how many images of each class a scene has."""
    brought: dict[str, Counts] = defaultdict(Counter)
    for sample in samples:
        brought[sample.scene][sample.given] += 1
    return brought


def _parted(samples: Samples, chosen: set[str]) -> tuple[Samples, Samples]:
    """Return (rest, part), the part holding the samples of the chosen scenes."""
    parts: dict[bool, list[Sample]] = {False: [], True: []}
    for sample in samples:
        parts[sample.scene in chosen].append(sample)
    return tuple(parts[False]), tuple(parts[True])


def _choose(
    brought: Mapping[str, Counts], ranked: Sequence[str], wanted: Mapping[int | None, int], total: Counts
) -> set[str]:
    """Return the scenes of a part, those that come first in their rank and bring it nearer to what is wanted.

    Args:
        brought: How many images of each class a scene has.
        ranked: The scenes in the order in which they are asked.
        wanted: How many of each class the part should hold.
        total: How many there are.
    """
    held: Counts = Counter()
    chosen = set()
    for scene in ranked:
        has = brought[scene].items()
        nearer = sum(abs(wanted[k] - held[k]) - abs(wanted[k] - held[k] - n) for k, n in has)
        if nearer > 0 and all(held[k] + n < total[k] for k, n in has):  # the rest keeps some of each
            held.update(brought[scene])
            chosen.add(scene)
    # Where every scene of a class is much too large, one is better than none.
    for label in sorted(wanted, key=lambda k: (total[k], -1 if k is None else k)):
        if not wanted[label] or held[label]:
            continue
        spared = [s for s in ranked if brought[s][label] and all(held[k] + n < total[k] for k, n in brought[s].items())]
        if spared:
            chosen.add(least := min(spared, key=lambda scene: brought[scene].total()))
            held.update(brought[least])
    return chosen


def _share(images: int, fraction: float, classes: int) -> int:
    """Return how many of the images of a class a part should hold; where there are no classes, at least one."""
    return round(images * fraction) or (1 if fraction and classes == 1 else 0)
