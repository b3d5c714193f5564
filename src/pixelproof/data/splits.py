"""Which images are trained on, which choose the checkpoint, and which give the score: three parts that never mix."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from pixelproof.config import DataConfig
from pixelproof.data.folder import DataFolder, Sample
from pixelproof.data.layouts.listing import folders_below, folders_in, images_in, split_name
from pixelproof.errors import UserError
from pixelproof.progress import say
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


def arrange(data: DataFolder, config: DataConfig) -> dict[str, Samples]:
    """Return the samples of ``train``, ``selection``, ``validation`` and, where the data has one, ``test``, as limited.

    Raises:
        UserError: There are no training images, or too few to set some aside.
    """
    return limited(divide(data, config), config)


def divide(data: DataFolder, config: DataConfig) -> dict[str, Samples]:
    """Return all samples of ``train``, ``selection``, ``validation`` and, where the data has one, ``test``.

    A data set without a validation split has one carved out of train, or is divided into folds; the selection part
    always comes out of train, so that a checkpoint is never chosen on the images that give the score.

    Raises:
        UserError: There are no training images, or too few to set some aside.
    """
    train = data.split("train")
    parts = {name: samples for name, samples in data.splits.items() if name != "train"}
    if config.place is not None:
        if "validation" in parts:
            problem = f"cv_fold={config.cv_fold} takes validation out of train, and {data.root} brings its own"
            raise UserError(problem, "leave cv_fold out, or put all images into one folder")
        _refuse_lone(data, train, config.groups)
        train, parts["validation"] = fold(train, config.place, config.split_seed, config.groups)
    elif "validation" not in parts:
        train, parts["validation"] = carve(train, config.validation, config.split_seed, "validation", config.groups)
    train, parts["selection"] = carve(train, config.selection, config.split_seed, "selection", config.groups)
    parts["train"] = train
    if not train or not parts["validation"]:
        raise UserError(f"{data.root} has too few images to set some aside for validation", "add images or a split")
    if data.task == "classification":
        _check_classes(data, parts)
    return parts


def _refuse_lone(data: DataFolder, samples: Samples, groups: str | None) -> None:
    """Refuse a class that one image or scene has alone: the model that is scored on it could not have learned it."""
    places: dict[int, set[str]] = defaultdict(set)
    for scene, sample in zip(scenes_of([s.id for s in samples], groups), samples, strict=True):
        if sample.label is not None:
            places[sample.label].add(scene)
    lone = next((label for label, scenes in places.items() if len(scenes) == 1), None)
    if lone is not None:
        where = "image" if groups is None else "scene"
        problem = f"class '{data.scheme.names[lone]}' is in one {where} alone, which cannot be learned from and scored"
        raise UserError(problem, "add images of it, or leave cv_fold out")


def note_unscored(data: DataFolder, config: DataConfig) -> None:
    """Point out what validation and selection lack, once a command: images of a class, or masks that train gives.

    Raises:
        UserError: As ``divide`` does.
    """
    if data.task == "segmentation" and "validation" not in data.splits and (folder := _unused_validation(data.root)):
        say(f"note: {folder} holds no images with masks beside them, so a part of train is set aside for validation")
    if data.task == "segmentation":
        return
    parts = divide(data, config)
    if unscored := _missing(data, parts["validation"]):
        say(f"note: no validation image of class {_first(unscored)}: accuracy there will be undefined")
    if parts["selection"] and (unseen := _missing(data, parts["selection"])):
        say(
            f"note: the checkpoint is chosen without class {_first(unseen)}; more images, or selection=..., bring it in"
        )


def _first(names: list[str]) -> str:
    """Return names in a sentence, the first of many."""
    more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _unused_validation(root: Path) -> Path | None:
    """Return a folder that is called validation and yet is none of a data set, if it holds any image."""
    near = [inner for folder in folders_in(root) for inner in (folder, *folders_in(folder))]
    named = (folder for folder in near if split_name(folder) == "validation")
    return next((folder for folder in named if any(map(images_in, folders_below(folder)))), None)


def limited(parts: dict[str, Samples], config: DataConfig) -> dict[str, Samples]:
    """Return at most ``limit`` samples of each part, and at most ``train_limit`` of train."""
    # A rehearsal should not spend its time on choosing checkpoints.
    most: dict[str, int | None] = dict.fromkeys(parts, config.limit)
    most["selection"] = config.limit and max(2, config.limit // 4)
    most["train"] = min((n for n in (config.limit, config.train_limit) if n is not None), default=None)
    return {name: limit(samples, most[name], config.split_seed) for name, samples in parts.items()}


def _check_classes(data: DataFolder, parts: dict[str, Samples]) -> None:
    """Refuse a class that cannot be learned."""
    if unlearned := _missing(data, parts["train"]):
        raise UserError(
            f"class '{unlearned[0]}' has no image in the split train of {data.root}",
            "add images of it, or remove it from the other splits and from labels.yaml",
        )


def _missing(data: DataFolder, samples: Samples) -> list[str]:
    """Return the names of the classes that none of ``samples`` is of."""
    found = {sample.label for sample in samples}
    return [name for index, name in enumerate(data.scheme.names) if index not in found]


def limit(samples: Samples, count: int | None, seed: int) -> Samples:
    """Return at most ``count`` samples, the classes taken in turn so that small samples hold as many as they can."""
    if count is None or len(samples) <= count:
        return samples
    turn: dict[int | None, int] = defaultdict(int)
    order = []
    for sample in sorted(samples, key=lambda s: derive(seed, "limit", s.id)):
        order.append((turn[sample.label], sample.id))
        turn[sample.label] += 1
    kept = {sample_id for _, sample_id in sorted(order)[:count]}
    return tuple(s for s in samples if s.id in kept)
