"""From which probability of a class on an image is to be looked at, as users write it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Bool
from pixelproof.errors import UserError
from pixelproof.labels.scheme import LabelScheme
from pixelproof.schema import nearest

Threshold = tuple[str, float]
"""A class and the probability of it from which on images are looked at."""


def read_thresholds(texts: Sequence[str], scheme: LabelScheme) -> list[Threshold]:
    """Return the thresholds that texts such as ``crack=0.2`` name.

    Raises:
        UserError: The classes are those of masks, there is no such class, or no such probability.
    """
    if texts and scheme.task != "classification":
        raise UserError("--threshold is for classifiers, and these classes are of masks", "leave it out")
    return [_read(text, list(scheme.names)) for text in texts]


def _read(text: str, names: list[str]) -> Threshold:
    name, _, number = text.rpartition("=")
    try:
        probability = float(number)
    except ValueError:
        probability = float("nan")
    if not name or not 0 <= probability <= 1:
        problem = f"--threshold '{text}' is not a class and a probability of 0 to 1"
        raise UserError(problem, f"write such as --threshold '{names[0]}=0.2'")
    if name not in names:
        raise UserError(f"--threshold '{text}': there is no class '{name}'", nearest(name, names))
    return name, probability


def reached(probabilities: npt.NDArray[np.floating], probability: float) -> Bool:
    """Return where probabilities of a class, floating [N], are as high as a threshold's, bool [N].

    Both are rounded to float32, as which score files keep probabilities, so that a threshold chosen by these is kept.
    """
    found: Bool = probabilities.astype(np.float32) >= np.float32(probability)
    return found


def reaching(chances: npt.NDArray[np.floating], scheme: LabelScheme, thresholds: Sequence[Threshold]) -> list[str]:
    """Return the classes whose probability, of those of all classes [K], is as high as its threshold's."""
    return [name for name, least in thresholds if reached(chances[scheme.names.index(name)], least)]
