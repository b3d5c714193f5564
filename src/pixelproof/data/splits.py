"""Which images are trained on, which choose the checkpoint, and which give the score: three parts that never mix."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pixelproof.config import DataConfig
from pixelproof.data.dividing import Samples, carve, fewer, fold, refuse_lone
from pixelproof.data.folder import DataFolder, Sample
from pixelproof.data.grouping import doubts, grouped
from pixelproof.data.layouts.listing import folders_below, folders_in, images_in, split_name
from pixelproof.errors import UserError
from pixelproof.numbers import first_of
from pixelproof.progress import say
from pixelproof.randomness import derive
from pixelproof.runs.learned import LEARNED
from pixelproof.runs.left_out_file import FILE as LEAVE_OUT
from pixelproof.runs.scenes import TABLE, scenes_of

NAMED = 5
"""Classes that a sentence names."""


def arrange(data: DataFolder, config: DataConfig) -> dict[str, Samples]:
    """Return the samples of ``train``, ``selection``, ``validation`` and, where the data has one, ``test``, as limited.

    Raises:
        UserError: There are no training images, or too few to set some aside.
    """
    return limited(divide(data, config), config)


def divide(data: DataFolder, config: DataConfig) -> dict[str, Samples]:
    """Return all samples of ``train``, ``selection``, ``validation`` and, where the data has one, ``test``.

    A data set without a validation split has one carved out of train, or is divided into folds; the selection part
    always comes out of train, so that a checkpoint is never chosen on the images that give the score. Parts are divided
    before images are left out, and by the labels that the data give, so that all others stay where they are.

    Raises:
        UserError: There are no training images, too few to set some aside, or one in whose id ``groups`` finds nothing.
    """
    if config.groups not in (None, TABLE):
        scenes_of((sample.id for sample in data.split("train")), config.groups)  # where each must have one
    left_out = {each.file for each in data.left_out} if config.leave_out == "list" else set[Path]()
    data = data.as_given if config.corrections == "none" else data
    data = replace(data, splits=grouped(data.whole, config.groups), left_out=())
    train = data.split("train")
    parts = {name: samples for name, samples in data.splits.items() if name != "train"}
    if config.place is not None:
        if "validation" in parts:
            problem = f"cv_fold={config.cv_fold} takes validation out of train, and {data.root} brings its own"
            raise UserError(problem, "leave cv_fold out, or put all images into one folder")
        refuse_lone(data, train)
        train, parts["validation"] = fold(train, config.place, config.split_seed)
    elif "validation" not in parts:
        train, parts["validation"] = carve(train, config.validation, config.split_seed, "validation")
    train, parts["selection"] = carve(train, config.selection, config.split_seed, "selection")
    parts["train"] = train
    parts = {name: tuple(sample for sample in own if sample.image not in left_out) for name, own in parts.items()}
    if config.corrections == "scored":
        parts |= {name: tuple(sample.as_given for sample in parts[name]) for name in LEARNED}
    if not parts["train"] or not parts["validation"]:
        problem = f"{data.root} has too few images, or groups of them, to set some aside for validation"
        raise UserError(problem, "add images or a split")
    if data.task == "classification":
        _check_classes(data, parts, bool(left_out))
    return parts


def note_doubts(data: DataFolder, config: DataConfig) -> None:
    """Point out what is doubtful of the parts, once a command: classes and masks that they lack, groups in two.

    Raises:
        UserError: As ``divide`` does.
    """
    if data.task == "segmentation" and "validation" not in data.splits and (folder := _unused_validation(data.root)):
        say(f"note: {folder} holds no images with masks beside them, so a part of train is set aside for validation")
    if data.left_out and config.leave_out == "none":
        say("note: leave_out=none: they are read all the same")
    if config.corrections != "list" and any(sample.corrected for own in data.splits.values() for sample in own):
        whose = "all labels" if config.corrections == "none" else "labels that are learned from"
        say(f"note: corrections={config.corrections}: {whose} are taken as the data give them")
    parts = divide(data, config)
    for sentence in doubts(data, parts, config.groups):
        say(f"warning: {sentence}")
    if data.task == "segmentation":
        return
    # What one fold lacks, the others have.
    if config.place is None and (unscored := _missing(data, parts["validation"])):
        say(f"note: no validation image of class {first_of(unscored, NAMED)}: accuracy there will be undefined")
    if parts["selection"] and (unseen := _missing(data, parts["selection"])):
        without = f"note: the checkpoint is chosen without class {first_of(unseen, NAMED)}"
        say(f"{without}; more images, or selection=..., bring it in")


def _unused_validation(root: Path) -> Path | None:
    """Return a folder that is called validation and yet is none of a data set, if it holds any image."""
    near = [inner for folder in folders_in(root) for inner in (folder, *folders_in(folder))]
    named = (folder for folder in near if split_name(folder) == "validation")
    return next((folder for folder in named if any(map(images_in, folders_below(folder)))), None)


def limited(parts: dict[str, Samples], config: DataConfig) -> dict[str, Samples]:
    """Return at most ``limit`` samples of each part, and of these of train at most ``train_limit``."""
    # A rehearsal should not spend its time on choosing checkpoints.
    most: dict[str, int | None] = dict.fromkeys(parts, config.limit)
    most["selection"] = config.limit and max(2, config.limit // 4)
    kept = {name: limit(samples, most[name], config.split_seed) for name, samples in parts.items()}
    if (part := config.train_limit) is not None:
        images = part if isinstance(part, int) else max(1, round(part * len(kept["train"])))
        kept["train"] = fewer(kept["train"], images, config.train_draw)
    return kept


def _check_classes(data: DataFolder, parts: dict[str, Samples], fewer: bool) -> None:
    """Refuse a class that cannot be learned; ``fewer`` says whether images are left out."""
    if unlearned := _missing(data, parts["train"]):
        but = f" but for those that {LEAVE_OUT} leaves out" if fewer else ""
        raise UserError(
            f"class '{unlearned[0]}' has no image in the split train of {data.root}{but}",
            "add images of it, or remove it from the other splits and from labels.yaml",
        )


def _missing(data: DataFolder, samples: Samples) -> list[str]:
    """Return the names of the classes that none of ``samples`` is of."""
    found = {sample.label for sample in samples}
    return [name for index, name in enumerate(data.scheme.names) if index not in found]


def limit(samples: Sequence[Sample], count: int | None, seed: int) -> Samples:
    """Return at most ``count`` samples, the classes taken in turn so that small samples hold as many as they can."""
    if count is None or len(samples) <= count:
        return tuple(samples)
    turn: dict[int | None, int] = defaultdict(int)
    order = []
    for sample in sorted(samples, key=lambda s: derive(seed, "limit", s.id)):
        order.append((turn[sample.given], sample.id))
        turn[sample.given] += 1
    kept = {sample_id for _, sample_id in sorted(order)[:count]}
    return tuple(s for s in samples if s.id in kept)
