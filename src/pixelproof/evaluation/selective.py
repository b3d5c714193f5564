"""What is right of the answers that a model is sure of, where a person takes the others.

Selective classification. A promise holds for images of the same kind, with a certainty of its own for each goal.
Selective Classification for Deep Neural Networks, https://arxiv.org/abs/1705.08500
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import bdtrc, betaincinv

from pixelproof.array_types import Float64, Int64
from pixelproof.evaluation.calibration import BINS, REPLICATES, UNIT, temperatures_of
from pixelproof.evaluation.metrics import ratio
from pixelproof.evaluation.resampling import CERTAINTY, MINIMUM, by_unit, resample
from pixelproof.evaluation.units import members_of, one_of_each
from pixelproof.runs import ClassificationScores, Scores
from pixelproof.runs.learned import LEARNED

CONFIDENCES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""From which confidence on a classifier's answers are kept."""
EDGES = (0, *range(BINS // 2 + 1, BINS))
"""Of which bins on those of a segmenter are kept, which are counted by bin alone."""
GOALS = (0.9, 0.95, 0.99)
TRIED = 10
"""Shares of the answers that are tried for a promise, the surest tenth to all."""
Counts = npt.NDArray[np.integer | np.floating] | np.integer | np.floating | int


@dataclass(frozen=True)
class Kept:
    """The answers that are kept, from each of T confidences on.

    Attributes:
        confidence: float64 [T], 0..1, ascending.
        share: float64 [T], the part of all answers that is kept.
        accuracy: float64 [T], the part of these that is right.
        low: float64 [T], lower end of its 95% interval; NaN where it is not known.
        high: float64 [T], upper end.
    """

    confidence: Float64
    share: Float64
    accuracy: Float64
    low: Float64
    high: Float64


@dataclass(frozen=True)
class Promise:
    """From which confidence on answers are right as often as wanted.

    Attributes:
        goal: The accuracy that is wanted, 0..1.
        confidence: The least confidence to keep; NaN where these images are too few, or too many wrong, to promise it.
        share: The part of all answers that is kept then, 1 where the goal is met by all of them.
    """

    goal: float
    confidence: float
    share: float


def learned_from(scores: Scores) -> bool:
    """Return whether a model has learned from any of the images, or was chosen by any, as far as that is known.

    A few are too many: they may be most of those of a class, or of those that it is surest of.
    """
    return scores.source.split in LEARNED or scores.source.learned not in ("", "0")


def kept(scores: Scores) -> Kept | None:
    """Return what is right of the answers from several confidences on; None where confidence is unknown.

    Confidence is the one that ``predict`` writes: at the fitted temperature, where there is one. Answers are images,
    with the exact binomial interval of Clopper and Pearson, or pixels of scored classes, with that of the images drawn
    again, as pixels of one image are alike; images that are of groups, with that of the groups drawn again.
    """
    if scores.calibration is None or not scores.calibration[:, -1, :, 0].any():
        return None
    if isinstance(scores, ClassificationScores) and scores.groups is None:
        return _kept_images(scores)
    if isinstance(scores, ClassificationScores):
        confidence = np.array(CONFIDENCES)
        chosen = _confidence(scores)[:, None] >= confidence
        above = np.stack([chosen, chosen & scores.correct[:, None]], axis=-1).astype(np.int64)
    else:
        confidence, binned = np.array(EDGES) / BINS, scores.calibration[:, -1, :, :2]
        above = np.flip(np.cumsum(np.flip(binned, axis=1), axis=1), axis=1)[:, EDGES]
    return _kept_drawn(confidence, by_unit(above, members_of(scores)))


def promises(scores: Scores) -> list[Promise] | None:
    """Return what can be promised of a classifier's answers with a certainty of 95% for each goal.

    Of images in groups one of each counts, as those of a patient are not as many trials: groups count alike, and where
    less of all images is right than is promised so, nothing is. None where confidence is unknown, of images that the
    model has learned from, and of segmenters, whose pixels are no trials either.
    """
    unknown = scores.calibration is None or temperatures_of(scores)[-1] is None
    if unknown or learned_from(scores) or not isinstance(scores, ClassificationScores):
        return None
    every, scores = scores, one_of_each(scores)
    sure = _confidence(scores)
    thresholds = np.unique(-np.quantile(-sure, np.arange(1, TRIED + 1) / TRIED, method="inverted_cdf"))[::-1]
    chosen = sure >= thresholds[:, None]
    count, hits = chosen.sum(axis=1), (chosen & scores.correct).sum(axis=1)
    found = [_promise(goal, thresholds, count, hits) for goal in GOALS]
    return [each if _holds(each, every) else Promise(each.goal, float("nan"), 0.0) for each in found]


def _holds(promise: Promise, scores: ClassificationScores) -> bool:
    """Return whether as much is right of all images here as is promised: large groups may be the difficult ones."""
    chosen = _confidence(scores) >= promise.confidence  # none where that is NaN
    return bool((chosen & scores.correct).sum() >= promise.goal * chosen.sum())


def _promise(goal: float, thresholds: Float64, count: Int64, hits: Int64) -> Promise:
    """Return the promise of the last of the confidences [T], highest first, from which on the goal is proven."""
    enough = goal**count <= 1 - CERTAINTY  # of fewer answers all may be right by chance
    last = _last_proven(bdtrc(hits[enough] - 1, count[enough], goal))
    if last is None:
        return Promise(goal, float("nan"), 0.0)
    # What was counted as the threshold may lie below it by half a unit.
    return Promise(goal, float(thresholds[enough][last] - 0.5 / UNIT), float(count[enough][last] / count[-1]))


def _last_proven(p: Float64) -> int | None:
    """Return the last of T hypotheses that its p-value [T] refutes; all are refuted in error in 5% of cases at most.

    Each has its part of the 5%, and that of all that were refuted in a row before it (Wiens' fallback procedure).
    """
    last, budget = None, 0.0
    for index, value in enumerate(p):
        budget += (1 - CERTAINTY) / len(p)
        if value <= budget:
            last = index
        else:
            budget = 0.0
    return last


def _confidence(scores: ClassificationScores) -> Float64:
    """Return the confidence of each image, float64 [N]: it alone is counted, so that its bins' sum is its own."""
    assert scores.calibration is not None
    sure: Float64 = scores.calibration[:, -1, :, 2].sum(axis=1) / UNIT
    return sure


def _kept_images(scores: ClassificationScores) -> Kept:
    confidence = np.array(CONFIDENCES)
    chosen = _confidence(scores) >= confidence[:, None]
    count, right = chosen.sum(axis=1), (chosen & scores.correct).sum(axis=1)
    low, high = exact_interval(right, count)
    return _different(count, Kept(confidence, count / len(scores.ids), ratio(right, count), low, high))


def _kept_drawn(confidence: Float64, above: Float64) -> Kept:
    """Return what is kept of answers by image or group, [N, T, 2]: those from each confidence on, the right ones."""
    count, right = np.moveaxis(above.sum(axis=0), -1, 0)
    ends = np.full((2, len(confidence)), np.nan)
    if len(above) >= MINIMUM:
        drawn = resample(above, lambda sums: ratio(sums[..., 1], sums[..., 0]), REPLICATES, 0, "kept")
        known = ~np.isnan(drawn).any(axis=0)  # not every draw has answers of which few images have any
        ends[:, known] = np.quantile(drawn[:, known], ((1 - CERTAINTY) / 2, (1 + CERTAINTY) / 2), axis=0)
        ends[:, ends[0] == ends[1]] = np.nan  # where none of a few images has a wrong answer, drawing shows nothing
    return _different(count, Kept(confidence, count / count[0], ratio(right, count), *ends))


def _different(count: Int64 | Float64, found: Kept) -> Kept:
    """Leave out confidences from which on nothing is kept, or as many answers [T] as from the one before."""
    rows = (count > 0) & (np.diff(count, prepend=-1) != 0)
    return Kept(*(values[rows] for values in vars(found).values()))


def exact_interval(hits: Counts, trials: Counts) -> tuple[Float64, Float64]:
    """Return the ends of the 95% intervals of Clopper and Pearson for hits [T] among independent trials [T].

    Parts of trials are those of figures that vary as so many would (Korn and Graubard 1998).
    """
    return _least(hits, trials), 1 - _least(trials - hits, trials)


def _least(hits: Counts, trials: Counts) -> Float64:
    least: Float64 = betaincinv(np.where(hits > 0, hits, 1), trials - hits + 1, (1 - CERTAINTY) / 2)
    return np.where(hits > 0, least, 0.0)
