"""How well images of one class are told from all others by its probability, and how low that must be to find them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import bdtr

import pixelproof.labels.thresholds as thresholds
from pixelproof.array_types import Bool, Float64
from pixelproof.evaluation.intervals import share_interval
from pixelproof.evaluation.metrics import from_the_top, ratio
from pixelproof.evaluation.resampling import CERTAINTY
from pixelproof.evaluation.selective import learned_from
from pixelproof.evaluation.threshold import Looked, choosable, looked
from pixelproof.evaluation.units import members_of, one_of_each, subset
from pixelproof.runs import ClassificationScores, Scores

GOALS = (0.8, 0.9, 0.95, 0.99)
"""Parts of a class's images that are to be found."""
DIGITS = 4
"""Digits of a probability from which on images count as found, behind the zeros that it begins with."""


@dataclass(frozen=True)
class Finding:
    """From which probability of a class on an image is to be looked at, so that a part of the class is found.

    Attributes:
        goal: The part of the class's images that is found with a certainty of 95%, 0..1.
        probability: From where on; NaN where the class has too few images to tell.
        share: The part of all images that is looked at then; NaN likewise, as all that follows.
        others: The part of all images of other classes that is looked at then, too.
        precision: The part of the images looked at that belongs to the class.
        low: Lower end of its 95% interval.
        high: Upper end.
    """

    goal: float
    probability: float
    share: float
    others: float
    precision: float
    low: float
    high: float


@dataclass(frozen=True)
class Found:
    """From where on to look so that a part of a class is found, and what that finds on these images.

    Attributes:
        goal: The part, 0..1.
        promised: Whether it is found with a certainty of 95%; on these images alone otherwise.
        trials: Images of the class that count for it, or groups.
        needed: Of how many on it may be promised.
        looked: What it finds here.
    """

    goal: float
    promised: bool
    trials: int
    needed: int
    looked: Looked


def precision_recall(chances: Float64, own: Bool) -> tuple[Float64, Float64]:
    """Return precision and recall from each different probability on, highest first, [T] each.

    Args:
        chances: [N], the probabilities of a class.
        own: bool [N], which images belong to it, at least one.
    """
    found, looked_at, _ = from_the_top(chances, own)
    return found / looked_at, found / found[-1]


def findings(scores: ClassificationScores, index: int, goals: Sequence[float] = GOALS) -> list[Finding]:
    """Return from which probability of a class on images are to be looked at, for each goal.

    None where probabilities are unknown, and of images that the model has learned from.

    The threshold is the r-th lowest probability among the class's N images, with the largest r for which so many of N
    would lie below the goal's own threshold with a chance of 95%: no law of the probabilities is assumed. Of images in
    groups one of each counts for it, as those of a patient are not as many trials: groups count alike, and the
    threshold is none that finds less than the goal of all images here.
    """
    if not _tells(scores):
        return []
    lowest, here = _lowest(scores, index), _here(scores, index)
    return [_finding(scores, index, goal, _surely(lowest, here, goal)) for goal in goals]


def reached(scores: ClassificationScores, index: int, goals: Sequence[float] = GOALS) -> list[Finding]:
    """Return as ``findings`` does, and where that promises nothing, which probability reaches the goal on these images.

    Chosen on the images that it is judged by, it is likely to find less of others. It is none that finds less than what
    is promised of a lower goal.
    """
    if not _tells(scores):
        return []
    lowest, here, found = _lowest(scores, index), _here(scores, index), []
    for goal in goals:
        promised = [_surely(lowest, here, less) for less in GOALS if less <= goal]
        enough = [each for each in (*promised, _reaching(here, goal)) if not math.isnan(each)]
        found.append(_finding(scores, index, goal, min(enough, default=math.nan)))
    return found


def find(scores: Scores, name: str, goal: float) -> Found:
    """Return from which probability on to look so that a part of a class, or of several as one, is found.

    Raises:
        UserError: As of ``choosable``.
    """
    of, index = choosable(scores, name)
    (sure,), (here,) = findings(of, index, (goal,)), reached(of, index, (goal,))
    promised = not math.isnan(sure.probability)
    found = looked(scores, name, (sure if promised else here).probability)
    return Found(goal, promised, len(_lowest(of, index)), needed(goal), found)


def needed(goal: float) -> int:
    """Return how many images of a class it takes to promise that a part of it is found: the lowest may be missed."""
    return math.ceil(math.log(1 - CERTAINTY) / math.log(goal))


def _tells(scores: ClassificationScores) -> bool:
    return scores.probabilities is not None and not learned_from(scores)


def _here(scores: ClassificationScores, index: int) -> Float64:
    """Return the probabilities of the images of a class, lowest first."""
    assert scores.probabilities is not None
    return np.sort(scores.probabilities[scores.truth == index, index].astype(np.float64))


def _lowest(scores: ClassificationScores, index: int) -> Float64:
    """Return the same of those that are independent."""
    if scores.groups is None:
        return _here(scores, index)
    return _here(one_of_each(subset(scores, scores.truth == index)), index)


def _surely(lowest: Float64, here: Float64, goal: float) -> float:
    """Return the threshold that is promised to find the goal, by a class's probabilities, lowest first, or NaN."""
    missed = _missed(len(lowest), goal)
    return min(float(lowest[missed]), _reaching(here, goal)) if missed >= 0 else math.nan


def _reaching(here: Float64, goal: float) -> float:
    """Return the highest threshold that finds the goal of these images; NaN for none."""
    return float(here[len(here) - math.ceil(len(here) * goal - 1e-9)]) if len(here) else math.nan


@lru_cache(4096)  # classes of as many images share it
def _missed(count: int, goal: float) -> int:
    """Return how many of a class's images may lie below a threshold that is promised to find the goal; -1 for none."""
    missed = np.arange(count)
    # Of r = missed + 1 images at least r lie below the goal's threshold with the chance 1 - P(missed or fewer).
    allowed = np.flatnonzero(1 - bdtr(missed, count, 1 - goal) >= CERTAINTY) if count else missed
    return int(allowed[-1]) if len(allowed) else -1


def _finding(scores: ClassificationScores, index: int, goal: float, threshold: float) -> Finding:
    """Return what looking from a threshold on finds; of one that is NaN nothing is known."""
    if math.isnan(threshold):
        return Finding(goal, *[math.nan] * 6)
    assert scores.probabilities is not None
    threshold, members, own = shortened(threshold), members_of(scores), scores.truth == index
    chosen = thresholds.reached(scores.probabilities[:, index], threshold)
    others = float(ratio(chosen[~own].sum(), (~own).sum()))
    low, high = share_interval(own[chosen], None if members is None else members[chosen]).tolist()
    return Finding(goal, threshold, float(chosen.mean()), others, float(own[chosen].mean()), low, high)


def shortened(probability: float) -> float:
    """Return a probability with few digits, rounded down."""
    if probability == 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(probability)) + 1 - DIGITS)
    return min(math.floor(probability / unit) * unit, probability)  # what is floored may be rounded up again
