"""How good a map is, and how much of each class there truly is, from points whose truth somebody has looked up.

The points are a stratified random sample, some in each class of a map. Estimates are the design's own: Olofsson et al.,
Good practices for estimating area and assessing accuracy of land change, 2014; and Stehman, Estimating area and map
accuracy when the strata are different from the map classes, 2014, where another map is asked about than the one whose
classes the points were drawn from.

Intervals are not the textbook's, which hold for many points: 30 of 30 right would make it sure that all of a class
is. They are quantiles of what the shares in each class of the map may be (Dirichlet), where ``RIGHT`` and ``WRONG``
stand for what is believed before the first point. ``benchmarks/assessment.py`` counts how often both cover the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.evaluation.metrics import mean_defined, ratio
from pixelproof.randomness import generator

DRAWS = 4000
ENDS = (0.025, 0.975)
RIGHT, WRONG = 1.0, 0.4
"""Points of each class of the map that are right and, spread over all other classes, wrong before one is looked at."""


@dataclass(frozen=True)
class PointSample:
    """Points of known truth, drawn at random from each class of a map.

    Attributes:
        shares: float64 [K], of the map's area, of each class; they sum to 1, and a class without area has no points.
        drawn: int64 [N], the class of that map at each point.
        truth: int64 [N], the class that is there.
    """

    shares: Float64
    drawn: Int64
    truth: Int64


@dataclass(frozen=True)
class Estimate:
    """What is estimated, [...] each: NaN where it is undefined; ``low`` and ``high`` are a 95% interval's ends."""

    value: Float64
    low: Float64
    high: Float64


@dataclass(frozen=True)
class Assessment:
    """How good a map is.

    Attributes:
        matrix: float64 [K, K], shares of the area by mapped class (row) and true class; they sum to 1.
        measures: Estimates by the names of ``OF_CLASSES``, of K each; ``overall`` accuracy and ``miou``.
        gains: By how much ``overall`` and ``miou`` exceed those of the map that the points were drawn from.
    """

    matrix: Float64
    measures: dict[str, Estimate]
    gains: dict[str, Estimate]


def _iou(matrix: Float64) -> Float64:
    right = np.diagonal(matrix, axis1=-2, axis2=-1)
    return ratio(right, matrix.sum(-1) + matrix.sum(-2) - right)


def _share_of(right_in: int) -> Callable[[Float64], Float64]:
    return lambda matrix: ratio(np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(right_in))


OF_CLASSES: dict[str, Callable[[Float64], Float64]] = {
    "mapped": lambda matrix: matrix.sum(-1),
    "true": lambda matrix: matrix.sum(-2),
    "users": _share_of(-1),
    "producers": _share_of(-2),
    "iou": _iou,
}
"""Functions of error matrices, [..., K, K] -> [..., K]: each class's share of the mapped and of the true area, user's
accuracy (precision), producer's accuracy (recall) and IoU."""


def assess(sample: PointSample, mapped: Int64 | None = None, seed: int = 0) -> Assessment:
    """Return how good a map is.

    Args:
        sample: At least one point in each class that has area.
        mapped: int64 [N], the class at each point of another map; by default the one that the points were drawn from.
        seed: Of the intervals.
    """
    own = _matrix(sample, sample.drawn)
    matrix = own if mapped is None else _matrix(sample, mapped)
    draws, own_draws = _draws(sample, mapped, seed)
    measures = {name: _estimate(measure(matrix), measure(draws)) for name, measure in OF_CLASSES.items()}
    whole, other = _whole(matrix, draws), _whole(own, own_draws)
    measures |= {name: _estimate(*pair) for name, pair in whole.items()}
    gains = {name: _estimate(value - other[name][0], drawn - other[name][1]) for name, (value, drawn) in whole.items()}
    return Assessment(matrix, measures, gains)


def _whole(matrix: Float64, draws: Float64) -> dict[str, tuple[Float64, Float64]]:
    """Return overall accuracy and mean IoU of a matrix, [K, K], and of what it may be, [DRAWS, K, K]."""
    known = np.isfinite(_iou(matrix))  # a class that nobody has mapped or found is not averaged over
    accuracy = [np.trace(each, axis1=-2, axis2=-1) for each in (matrix, draws)]
    return {
        "overall": (accuracy[0], accuracy[1]),
        "miou": (mean_defined(_iou(matrix)), mean_defined(np.where(known, _iou(draws), np.nan))),
    }


def _estimate(value: Float64, draws: Float64) -> Estimate:
    with np.errstate(invalid="ignore"):
        low, high = np.quantile(draws, ENDS, axis=0)
    # Where all points are right the estimate is the very end of what may be.
    low, high = np.fmin(low, value), np.fmax(high, value)
    known = np.isfinite(value)
    return Estimate(np.asarray(value), np.where(known, low, np.nan), np.where(known, high, np.nan))


def _matrix(sample: PointSample, mapped: Int64) -> Float64:
    """Return the estimated error matrix, [K, K]: each point stands for its part of the class it was drawn from."""
    matrix = np.zeros((len(sample.shares),) * 2)
    points = np.bincount(sample.drawn, minlength=len(sample.shares))
    np.add.at(matrix, (mapped, sample.truth), (sample.shares / np.maximum(points, 1))[sample.drawn])
    return matrix


def _draws(sample: PointSample, mapped: Int64 | None, seed: int) -> tuple[Float64, Float64]:
    """Return error matrices as they may be, [DRAWS, K, K], of the map in question and of the one drawn from."""
    rng, classes = generator(seed, "assessment"), len(sample.shares)
    matrices, own = np.zeros((2, DRAWS, classes, classes))
    for stratum in np.flatnonzero(sample.shares):
        here = sample.drawn == stratum
        rows = sample.drawn[here] if mapped is None else mapped[here]
        seen = rows * classes + sample.truth[here]
        cells = _possible(int(stratum), classes, seen, mapped is not None)
        right = cells == stratum * (classes + 1)
        belief = np.where(right, RIGHT, WRONG / max(len(cells) - 1, 1))
        counts = np.bincount(np.searchsorted(cells, seen), minlength=len(cells))
        parts = rng.standard_gamma(counts + belief, (DRAWS, len(cells)))
        parts *= sample.shares[stratum] / parts.sum(1, keepdims=True)
        matrices.reshape(DRAWS, -1)[:, cells] += parts
        own[:, stratum] = parts @ (cells[:, None] % classes == np.arange(classes))
    return matrices, own


def _possible(stratum: int, classes: int, seen: Int64, other: bool) -> Int64:
    """Return which cells (row * K + column) of an error matrix points of a class can fall into, ascending.

    In another map it may be any. Believed in are those that were seen, and that a map is right, or both agree; no more,
    because what is believed of many would weigh more than the points.
    """
    every = np.arange(classes)
    own = stratum * classes + every
    return np.unique(np.concatenate([own, every * (classes + 1), every * classes + stratum, seen])) if other else own
