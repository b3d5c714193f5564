"""What looking at all images from a probability of a class on finds: the test of a threshold on other images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Bool, Int64
from pixelproof.errors import UserError
from pixelproof.evaluation.intervals import share_interval
from pixelproof.evaluation.metrics import ratio
from pixelproof.evaluation.units import members_of
from pixelproof.labels import LabelScheme
from pixelproof.runs import ClassificationScores, Scores
from pixelproof.schema import nearest

Threshold = tuple[str, float]
"""A class and the probability of it from which on images are looked at."""


@dataclass(frozen=True)
class Share:
    """``hits`` of ``of`` images, and the ends of the 95% interval of that share; NaN where it is undefined."""

    hits: int
    of: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Looked:
    """What is found by looking at all images with at least a probability of a class.

    Attributes:
        name: The class.
        probability: From where on.
        shares: ``sensitivity``, also called recall, of the class's images those looked at; ``specificity``, of all
            other images those not looked at; ``precision``, of the images looked at those of the class; ``looked_at``,
            of all images those looked at.
    """

    name: str
    probability: float
    shares: dict[str, Share]


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


def looked(scores: Scores, name: str, probability: float) -> Looked:
    """Return what looking at all images with at least this probability of a class finds.

    Raises:
        UserError: The scores hold no probabilities.
    """
    if not isinstance(scores, ClassificationScores) or scores.probabilities is None:
        problem = f"the scores of {scores.source.name} hold no probabilities, which --threshold asks for"
        raise UserError(problem, "evaluate the run again (tables of labels and older files have none)")
    index, members = scores.scheme.names.index(name), members_of(scores)
    # Probabilities are kept in float32, so that is what the threshold is rounded to as well.
    chosen, own = scores.probabilities[:, index] >= np.float32(probability), scores.truth == index
    shares = {
        "sensitivity": _share(chosen, own, members),
        "specificity": _share(~chosen, ~own, members),
        "precision": _share(own, chosen, members),
        "looked_at": _share(chosen, np.ones_like(own), members),
    }
    return Looked(name, probability, shares)


def _share(hit: Bool, counted: Bool, members: Int64 | None) -> Share:
    """Return the share of the images counted, bool [N], that are hit, bool [N]."""
    right, total = int((hit & counted).sum()), int(counted.sum())
    low, high = share_interval(hit[counted], None if members is None else members[counted])
    return Share(right, total, float(ratio(right, total)), float(low), float(high))
