"""Which images are trained on, which choose the checkpoint, and which give the score: three parts that never mix."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from pixelproof.config import DataConfig
from pixelproof.data.folder import DataFolder, Sample
from pixelproof.data.layouts.listing import folders_below, folders_in, images_in, split_name
from pixelproof.errors import UserError
from pixelproof.progress import say
from pixelproof.randomness import derive

Samples = tuple[Sample, ...]


def carve(samples: Samples, fraction: float, seed: int, purpose: str) -> tuple[Samples, Samples]:
    """Split ``samples`` into (rest, part), the part holding about ``fraction`` of every class.

    Membership depends on the seed, the purpose and the samples' ids alone, not on their order. At least one image of
    each class stays in the rest; a class of one image gives none away.
    """
    groups: dict[int | None, list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.label].append(sample)
    part: set[str] = set()
    for group in groups.values():
        ranked = sorted(group, key=lambda s: derive(seed, purpose, s.id))
        count = round(len(group) * fraction) or (1 if fraction and len(groups) == 1 else 0)
        part |= {sample.id for sample in ranked[: min(count, len(group) - 1)]}
    return tuple(s for s in samples if s.id not in part), tuple(s for s in samples if s.id in part)


def arrange(data: DataFolder, config: DataConfig) -> dict[str, Samples]:
    """Return the samples of ``train``, ``selection``, ``validation`` and, where the data has one, ``test``, as limited.

    Raises:
        UserError: There are no training images, or too few to set some aside.
    """
    return limited(divide(data, config), config)


def divide(data: DataFolder, config: DataConfig) -> dict[str, Samples]:
    """Return all samples of ``train``, ``selection``, ``validation`` and, where the data has one, ``test``.

    A data set without a validation split has one carved out of train; the selection part always comes out of train,
    so that a checkpoint is never chosen on the images that give the score.

    Raises:
        UserError: There are no training images, or too few to set some aside.
    """
    train = data.split("train")
    parts = {name: samples for name, samples in data.splits.items() if name != "train"}
    if "validation" not in parts:
        train, parts["validation"] = carve(train, config.validation, config.split_seed, "validation")
    train, parts["selection"] = carve(train, config.selection, config.split_seed, "selection")
    parts["train"] = train
    if not train or not parts["validation"]:
        raise UserError(f"{data.root} has too few images to set some aside for validation", "add images or a split")
    if data.task == "classification":
        _check_classes(data, parts)
    return parts


def note_unscored(data: DataFolder, config: DataConfig) -> None:
    """Point out what validation lacks, once a command: images of a class, or masks, where train gives it some.

    Raises:
        UserError: As ``divide`` does.
    """
    if data.task == "segmentation" and "validation" not in data.splits and (folder := _unused_validation(data.root)):
        say(f"note: {folder} holds no images with masks beside them, so a part of train is set aside for validation")
    if data.task == "classification" and (unscored := _missing(data, divide(data, config)["validation"])):
        say(f"note: no validation image of class {', '.join(unscored)}: accuracy there will be undefined")


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
