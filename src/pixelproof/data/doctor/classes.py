"""Checks of how classes are spread over the data set, and of its splits."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from pixelproof.array_types import Bool
from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.looks import ImageLook
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.doctor.tally import Reading
from pixelproof.data.layouts import class_index
from pixelproof.numbers import counted, dimensions, first_of
from pixelproof.runs.diagnosis_file import Severity

_UNEVEN = {"classification": (3, 10), "segmentation": (10, 100)}
"""Ratio of the largest to the smallest class from which it is a note, and a warning."""
_FORMATS: dict[str, Callable[[Path, ImageLook], str]] = {
    "mode": lambda _, look: look.mode,
    "size": lambda _, look: dimensions(look.size),
    "file type": lambda path, _: path.suffix.lower(),
}
_ENOUGH = 5
"""Images of a class that are alike by intention rather than by chance."""
_FEW_TRAINING = 10
_FEW_SCORED = 30


def missing_classes(reading: Reading) -> Iterator[Finding]:
    """Classes that are nowhere, not in train, or in train alone."""
    amounts = {split: values[: len(reading.scheme.classes)] for split, values in reading.amounts.items()}
    if not amounts:
        return
    scored, total = reading.scheme.scored, np.sum(list(amounts.values()), axis=0)
    nowhere = scored & (total == 0)
    if nowhere.any():
        # Training refuses a class of images that it cannot learn; of pixels, many data sets lack some.
        refused = reading.scheme.task == "classification"
        harm = "training would stop" if refused else "no model can learn that, and its score is undefined"
        severity: Severity = "error" if refused else "warning"
        fix = "check their ids, or take them out of labels.yaml"
        yield _about(nowhere, "class-absent", severity, f"{_named(reading, nowhere)} nowhere: {harm}", fix)
    learned = amounts.get("train", 0 * total) > 0
    for split, values in amounts.items():
        missing = scored & (values == 0) & ((total > 0) if split == "train" else learned)
        if not missing.any():
            continue
        if split == "train":
            message = f"{_named(reading, missing)} in other splits and never in train: that cannot be learned"
            yield _about(missing, "class-missing", "error", message, "move some of their images to train")
        else:
            message = f"{_named(reading, missing)} in train and never in {split}: that cannot be scored there"
            yield _about(missing, "class-missing", "warning", message, f"move some of their images to {split}")


def imbalance(reading: Reading) -> Iterator[Finding]:
    """Classes with far more images or pixels than others."""
    if "train" not in reading.amounts:
        return
    values = reading.amounts["train"][: len(reading.scheme.classes)]
    there = np.flatnonzero(reading.scheme.scored & (values > 0))
    if len(there) < 2:
        return
    least, most = there[values[there].argmin()], there[values[there].argmax()]
    ratio = values[most] / values[least]
    noted, warned = _UNEVEN[reading.scheme.task]
    if ratio < noted:
        return
    classified = reading.scheme.task == "classification"
    unit, way = ("images", "sampling=balanced") if classified else ("pixels", "class_weights=corrected")
    names = reading.scheme.names
    message = (
        f"train has {ratio:.0f} times as many {unit} of {names[most]} as of {names[least]}: "
        "rare classes are learned last, and accuracy hides it"
    )
    severity: Severity = "warning" if ratio >= warned else "note"
    yield Finding("imbalance", severity, (), 2, message, f"look at the score of each class; try --set {way}")


def names_alike(survey: Survey) -> Iterator[Finding]:
    """Class names that differ only in case, spaces or dashes."""
    alike: dict[str, dict[str, Path]] = defaultdict(dict)
    for path, name in survey.found.class_of.items():
        alike[re.sub(r"[\s_-]+", "", name.casefold())].setdefault(name, path)
    splits = survey.splits
    for spellings in alike.values():
        if len(spellings) < 2:
            continue
        names = " and ".join(f"'{name}'" for name in spellings)
        apart = len({splits[path] for path in spellings.values()}) > 1
        message = f"{names} count as different classes{', and they stand in different splits' * apart}"
        fix = "rename one of them, if they are the same class"
        yield survey.finding("class-names-alike", "error" if apart else "warning", spellings.values(), message, fix)


def told_by_format(reading: Reading) -> Iterator[Finding]:
    """Classes whose images are all of a size, a mode or a file type that no image of another class has."""
    classes = images_of_classes(reading)
    apart = [(name, kind, value) for kind, read in _FORMATS.items() for name, value in _own(classes, read).items()]
    if apart:
        words = [f"all {len(classes[name]):,} images of {name} have the {kind} {value}" for name, kind, value in apart]
        message = (
            f"{first_of(words, 4)}, which no image of another class has: "
            "a model may tell such a class by its files, and not by what they show"
        )
        fix = "bring the images of all classes to the same size, mode and file type before training"
        paths = [path for name in dict.fromkeys(name for name, *_ in apart) for path in classes[name]]
        yield reading.survey.finding("class-by-format", "warning", paths, message, fix)


def images_of_classes(reading: Reading) -> dict[str, dict[Path, ImageLook]]:
    """Return the images that can be read, by the names of their classes."""
    survey, names = reading.survey, reading.scheme.names
    index = class_index(reading.scheme, survey.found.class_of.values())
    classes: dict[str, dict[Path, ImageLook]] = defaultdict(dict)
    for path, called in survey.found.class_of.items():
        if called in index and path in survey.images:
            classes[names[index[called]]][path] = survey.images[path]
    return classes


def _own(classes: Mapping[str, Mapping[Path, ImageLook]], read: Callable[[Path, ImageLook], str]) -> dict[str, str]:
    """Return what ``read`` gives of all images of a class and of no image of another, for classes of enough images."""
    values = {name: {read(path, look) for path, look in looks.items()} for name, looks in classes.items()}
    spread = Counter(value for held in values.values() for value in held)
    return {
        name: value
        for name, (value, *others) in values.items()
        if not others and spread[value] == 1 and len(values) > 1 and len(classes[name]) >= _ENOUGH
    }


def split_sizes(survey: Survey) -> Iterator[Finding]:
    """Splits that are missing or tiny."""
    counts = {split: len(samples) for split, samples in survey.found.splits.items()}
    if "train" not in counts:
        message = f"there is no train split, only {', '.join(counts)}: there is nothing to learn from"
        yield Finding("no-train-split", "error", (), 1, message, "add a folder 'train'")
    elif counts["train"] < _FEW_TRAINING:
        message = f"train has {counted(counts['train'], 'image')}: a model will learn them by heart"
        yield Finding("few-images", "warning", (), counts["train"], message, "label more images")
    if "validation" not in counts:
        message = "there is no validation split: part of train is set aside for the score, the same for every model"
        what = "list" if survey.found.lists else "folder"
        fix = f"nothing, or add a {what} 'validation' with images of other places or times"
        yield Finding("no-validation-split", "note", (), 1, message, fix)
    for split, count in counts.items():
        if split != "train" and count < _FEW_SCORED:
            message = (
                f"{split} has {counted(count, 'image')}: scores on it are uncertain, and models hard to tell apart"
            )
            yield Finding("few-images", "note", (), count, message, "label more images")


def _about(which: Bool, check: str, severity: Severity, message: str, fix: str) -> Finding:
    return Finding(check, severity, (), int(which.sum()), message, fix)


def _named(reading: Reading, which: Bool) -> str:
    names = [name for name, chosen in zip(reading.scheme.names, which, strict=True) if chosen]
    verb = "occurs" if len(names) == 1 else "occur"
    return f"{first_of(names, 8)} {verb}"
