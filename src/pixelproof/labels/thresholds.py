"""From which probability of a class on an image is to be looked at, as users write it.

Several classes are one as ``scratch+dent``: its probability is the sum of theirs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Bool, Float32
from pixelproof.errors import UserError
from pixelproof.labels.scheme import LabelScheme
from pixelproof.schema import nearest

Threshold = tuple[str, float]
"""A class, or several as one, and the probability of it from which on images are looked at."""


def read_thresholds(texts: Sequence[str], scheme: LabelScheme) -> list[Threshold]:
    """Return the thresholds that texts such as ``crack=0.2`` or ``scratch+dent=0.3`` name.

    Raises:
        UserError: The classes are those of masks, there is no such class, or no such probability.
    """
    if texts and scheme.task != "classification":
        raise UserError("--threshold is for classifiers, and these classes are of masks", "leave it out")
    return [_read(text, scheme) for text in texts]


def _read(text: str, scheme: LabelScheme) -> Threshold:
    name, _, number = text.rpartition("=")
    try:
        probability = float(number)
    except ValueError:
        probability = float("nan")
    if not name or not 0 <= probability <= 1:
        problem = f"--threshold '{text}' is not a class and a probability of 0 to 1"
        raise UserError(problem, f"write such as --threshold '{scheme.names[0]}=0.2'")
    classes_of(name, scheme, f"--threshold '{text}': ")
    return name, probability


def classes_of(name: str, scheme: LabelScheme, where: str = "") -> list[str]:
    """Return the class of a name, or the classes of one such as ``scratch+dent``.

    Args:
        name: A class's own name is that class, whether it holds a ``+`` or not.
        scheme: The classes.
        where: What an error begins with.

    Raises:
        UserError: A class is unknown or named twice, or every class is named.
    """
    if (found := _parted(name, scheme.names)) is None:
        unknown = next(part for part in name.split("+") if part not in scheme.names)
        raise UserError(f"{where}there is no class '{unknown}'", nearest(unknown, list(scheme.names)))
    if twice := next((each for each in found if found.count(each) > 1), None):
        raise UserError(f"{where}class '{twice}' is named twice", "name it once")
    if len(found) == len(scheme.names):
        raise UserError(f"{where}these are all classes, so that every image is one of them", "leave one out at least")
    return found


def _parted(name: str, names: Sequence[str]) -> list[str] | None:
    """Return the classes whose names with a ``+`` between are ``name``, the longest of them first; None for none."""
    if name in names:
        return [name]
    for first in sorted(names, key=len, reverse=True):
        if name.startswith(f"{first}+") and (others := _parted(name[len(first) + 1 :], names)):
            return [first, *others]
    return None


def reached(probabilities: npt.NDArray[np.floating], probability: float) -> Bool:
    """Return where probabilities of a class, floating [N], are as high as a threshold's, bool [N].

    Both are rounded to float32, as which score files keep probabilities, so that a threshold chosen by these is kept.
    """
    found: Bool = probabilities.astype(np.float32) >= np.float32(probability)
    return found


def reaching(chances: npt.NDArray[np.floating], scheme: LabelScheme, thresholds: Sequence[Threshold]) -> list[str]:
    """Return the classes whose probability, of those of all classes [K], is as high as its threshold's."""
    return [name for name, least in thresholds if reached(_chance(chances, scheme, name), least)]


def _chance(chances: npt.NDArray[np.floating], scheme: LabelScheme, name: str) -> Float32:
    """Return the probability of a class, or of several as one, as score files with these merged keep it."""
    places = [scheme.names.index(each) for each in classes_of(name, scheme)]
    chance: Float32 = chances[places].astype(np.float32).sum(dtype=np.float64).clip(max=1).astype(np.float32)
    return chance
