"""Samples divided in two: alike in every class, by whole scenes, and by their ids alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from pixelproof.data.folder import DataFolder, Sample
from pixelproof.errors import UserError
from pixelproof.randomness import derive
from pixelproof.runs.scenes import scenes_of

Samples = tuple[Sample, ...]
Counts = Counter[int | None]
"""How many images of each class; a segmenter's have none."""


def carve(
    samples: Samples, fraction: float, seed: int, purpose: str, groups: str | None = None
) -> tuple[Samples, Samples]:
    """Split ``samples`` into (rest, part), the part holding about ``fraction`` of every class, and whole scenes.

    Membership depends on the seed, the purpose and the samples' ids alone, not on their order. Each class stays in the
    rest; a class of one scene gives none away.

    Args:
        samples: The samples.
        fraction: How much of each class the part should hold.
        seed: Decides, with the purpose, which.
        purpose: What the part is for.
        groups: What images of one scene have in common (``scenes_of``); by default each is its own.

    Raises:
        UserError: ``groups`` fits not every id.
    """
    total = Counter(sample.label for sample in samples)
    wanted = {label: min(_share(n, fraction, len(total)), n - 1) for label, n in total.items()}
    scenes = scenes_of([sample.id for sample in samples], groups)
    brought = _brought(samples, scenes)
    chosen = _choose(brought, sorted(brought, key=lambda scene: derive(seed, purpose, scene)), wanted, total)
    return _parted(samples, scenes, chosen)


def fold(samples: Samples, place: tuple[int, int], seed: int, groups: str | None = None) -> tuple[Samples, Samples]:
    """Split ``samples`` into (rest, fold); the folds hold each sample once and about as many of every class.

    Args:
        samples: The samples.
        place: Which fold, counted from 1, and how many there are.
        seed: Decides, with the samples' ids, where each belongs.
        groups: What images of one scene have in common (``scenes_of``); a scene is in one fold.

    Raises:
        UserError: ``groups`` fits not every id, or there are fewer scenes than folds.
    """
    number, count = place
    scenes = scenes_of([sample.id for sample in samples], groups)
    brought = _brought(samples, scenes)
    if len(brought) < count:
        what = "images" if groups is None else f"scenes by groups '{groups}'"
        raise UserError(f"{len(brought)} {what} cannot make {count} folds", "add images, or ask for fewer folds")
    total = Counter(sample.label for sample in samples)
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
    return _parted(samples, scenes, members[number - 1])


def refuse_lone(data: DataFolder, samples: Samples, groups: str | None) -> None:
    """Refuse a class that one image or scene has alone: the model that is scored on it could not have learned it."""
    places: dict[int, set[str]] = defaultdict(set)
    for scene, sample in zip(scenes_of([s.id for s in samples], groups), samples, strict=True):
        if sample.label is not None:
            places[sample.label].add(scene)
    lone = next((label for label, scenes in places.items() if len(scenes) == 1), None)
    if lone is not None:
        where = "image" if groups is None else "scene"
        problem = f"class '{data.scheme.names[lone]}' is in one {where} alone, which cannot be learned from and scored"
        raise UserError(problem, "add images of it, or train without folds")


def _brought(samples: Samples, scenes: Sequence[str]) -> dict[str, Counts]:
    """Return how many images of each class a scene has."""
    brought: dict[str, Counts] = defaultdict(Counter)
    for scene, sample in zip(scenes, samples, strict=True):
        brought[scene][sample.label] += 1
    return brought


def _parted(samples: Samples, scenes: Sequence[str], chosen: set[str]) -> tuple[Samples, Samples]:
    """Return (rest, part), the part holding the samples of the chosen scenes."""
    parts: dict[bool, list[Sample]] = {False: [], True: []}
    for scene, sample in zip(scenes, samples, strict=True):
        parts[scene in chosen].append(sample)
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
    if not chosen and any(wanted.values()):  # every scene is much too large, and one is better than none
        spared = [scene for scene in ranked if all(n < total[k] for k, n in brought[scene].items())]
        chosen = {min(spared, key=lambda scene: brought[scene].total())} if spared else set()
    return chosen


def _share(images: int, fraction: float, classes: int) -> int:
    """Return how many of the images of a class a part should hold; where there are no classes, at least one."""
    return round(images * fraction) or (1 if fraction and classes == 1 else 0)
