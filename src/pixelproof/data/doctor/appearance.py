"""Classes that brightness, colour or sharpness of a whole image tells, as light and cameras leave them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.config import COLORS
from pixelproof.data.doctor.classes import images_of_classes
from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.looks import ImageLook
from pixelproof.data.doctor.tally import Reading
from pixelproof.numbers import first_of, share

FIGURES = ("brightness", "contrast", "sharpness", "redness", "greenness", "blueness")
_TOLD = 0.95
"""Balanced accuracy from which a class counts as told. Of the 50 classes of photographs that the reference study uses,
and of all pairs of them, none reaches it: 0.80 is the most of a class, and 0.92 of a pair."""
_ENOUGH = 20
"""Images of a class, and of all others, or groups of them: of fewer, one of six figures may tell a class by chance."""
_FOLDS = 5


def told_by_appearance(reading: Reading) -> Iterator[Finding]:
    """Classes that a threshold of a single figure of the whole image tells from all others."""
    classes = images_of_classes(reading)
    paths = [path for looks in classes.values() for path in looks]
    figures = np.array([_figures(look) for looks in classes.values() for look in looks.values()])
    truth = np.repeat(np.arange(len(classes)), [len(looks) for looks in classes.values()])
    scenes = _scenes(reading, paths)
    told: list[tuple[float, str, str]] = []
    for place, name in enumerate(classes):
        if len(classes) == 2 and place == 1 and told:
            break  # the same once more
        accuracy, figure = max((_accuracy(x, truth == place, scenes), k) for k, x in enumerate(figures.T))
        if accuracy >= _TOLD:
            told.append((accuracy, name, FIGURES[figure]))
    if told:
        told.sort(reverse=True)
        words = [f"{name} by its {figure} ({share(accuracy, 0)} right)" for accuracy, name, figure in told]
        message = (
            f"one figure of the whole image tells a class from all others: {first_of(words, 4)}, by a threshold found "
            "on other images, both sides counting alike: where light, camera or focus differed between classes, a "
            "model learns that"
        )
        fix = "nothing, if the class looks so wherever it is; else take images of all classes in the same way"
        files = [path for _, name, _ in told for path in classes[name]]
        yield reading.survey.finding("class-by-appearance", "note", files, message, fix)


def _figures(look: ImageLook) -> list[float]:
    """Return the ``FIGURES`` of an image; colours as shares, of RGB alone."""
    pixels = look.size[0] * look.size[1]
    mean, square = look.sums / pixels, look.squares / pixels
    shares = (mean / max(mean.sum(), 1)).tolist() if len(mean) == COLORS else [0.0] * COLORS
    return [mean.mean(), np.sqrt((square - mean**2).clip(min=0)).mean(), look.sharpness, *shares]


def _scenes(reading: Reading, paths: list[Path]) -> Int64:
    """Return a number for the group of each image, int64 [N]: images of one are alike, and are tried together."""
    scene = {sample.image: (sample.group is None, sample.scene) for sample in reading.survey.samples}
    scene |= {path: (True, str(path)) for path, (alone, _) in scene.items() if alone}
    numbers: dict[tuple[bool, str], int] = {}
    return np.array([numbers.setdefault(scene[path], len(numbers)) for path in paths], np.int64)


def _accuracy(x: Float64, own: Bool, scenes: Int64) -> float:
    """Return the balanced accuracy of a threshold on ``x`` [N] for a class, cross-validated; 0 where it is too low."""
    few = min(len(np.unique(scenes[own])), len(np.unique(scenes[~own]))) < _ENOUGH
    if few or _balanced(_on_its_side(x, own, x), own) < _TOLD:
        return 0.0
    said, folds = np.empty(len(x), bool), scenes % _FOLDS
    for fold in range(_FOLDS):
        rest = folds != fold
        said[~rest] = _on_its_side(x[rest], own[rest], x[~rest])
    return _balanced(said, own)


def _on_its_side(x: Float64, own: Bool, asked: Float64) -> Bool:
    """Return which of other images [M] lie on the side of a class by the best threshold between it and all else [N]."""
    order = np.argsort(x, kind="stable")
    values, mine = x[order], own[order]
    apart = np.cumsum(mine) / mine.sum() - np.cumsum(~mine) / (~mine).sum()
    apart[:-1][values[1:] == values[:-1]] = 0  # no threshold lies between equal values
    best = int(np.abs(apart).argmax())
    threshold = values[best : best + 2].mean()
    same_side: Bool = (asked <= threshold) == (apart[best] > 0)
    return same_side


def _balanced(said: Bool, own: Bool) -> float:
    return float(said[own].mean() + (~said[~own]).mean()) / 2
