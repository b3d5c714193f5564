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

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from pixelproof.array_types import Float64, Int64
from pixelproof.evaluation.metrics import mean_defined, ratio
from pixelproof.progress import track
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
        weights: float64 [N], how much of its class a point stands for, beside the others of the class.
    """

    shares: Float64
    drawn: Int64
    truth: Int64
    weights: Float64


@dataclass(frozen=True)
class Estimates:
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
    measures: dict[str, Estimates]
    gains: dict[str, Estimates]


class Margins(NamedTuple):
    """Shares of the area, [..., K] each: what is mapped as a class, what truly is the class, and what is both."""

    mapped: Float64
    true: Float64
    right: Float64

    @classmethod
    def of(cls, matrix: Float64) -> Margins:
        """Return those of an error matrix, [K, K]."""
        return cls(matrix.sum(axis=1), matrix.sum(axis=0), np.diagonal(matrix))

    @property
    def iou(self) -> Float64:
        """Intersection over union of each class; NaN of one that is neither mapped nor there."""
        return ratio(self.right, self.mapped + self.true - self.right)


OF_CLASSES: dict[str, Callable[[Margins], Float64]] = {
    "mapped": lambda area: area.mapped,
    "true": lambda area: area.true,
    "users": lambda area: ratio(area.right, area.mapped),
    "producers": lambda area: ratio(area.right, area.true),
    "iou": lambda area: area.iou,
}
"""Each class's share of the mapped and of the true area, user's accuracy (precision), producer's accuracy (recall) and
IoU, [..., K]."""


def assess(sample: PointSample, mapped: Int64 | None = None, seed: int = 0, left_out: Sequence[int] = ()) -> Assessment:
    """Return how good a map is.

    Args:
        sample: At least one point in each class that has area.
        mapped: int64 [N], the class at each point of another map; by default the one that the points were drawn from.
        seed: Of the intervals.
        left_out: Classes whose ground is not in the sample: of these nothing can be right in it, so they have neither
            producer's accuracy nor IoU, and no part in the mean.
    """
    own = Margins.of(_matrix(sample, sample.drawn))
    matrix = _matrix(sample, sample.drawn if mapped is None else mapped)
    found, (draws, own_draws) = Margins.of(matrix), _draws(sample, mapped, seed)
    measures = {name: _estimate(measure(found), measure(draws)) for name, measure in OF_CLASSES.items()}
    for name in ("producers", "iou"):
        for each in vars(measures[name]).values():
            each[list(left_out)] = np.nan
    whole = {name: (measure(found), measure(draws)) for name, measure in _whole(found, left_out).items()}
    measures |= {name: _estimate(*pair) for name, pair in whole.items()}
    gains = {
        name: _estimate(measure(found) - measure(own), measure(draws) - measure(own_draws))
        for name, measure in _whole(own, left_out).items()
    }
    return Assessment(matrix, measures, gains)


def _whole(found: Margins, left_out: Sequence[int]) -> dict[str, Callable[[Margins], Float64]]:
    """Return the measures of a whole map; mean IoU is that of the classes that ``found`` maps or has."""
    known = np.isfinite(found.iou)
    known[list(left_out)] = False
    return {
        "overall": lambda area: area.right.sum(axis=-1),
        "miou": lambda area: mean_defined(np.where(known, area.iou, np.nan)),
    }


def _estimate(value: Float64, draws: Float64) -> Estimates:
    with np.errstate(invalid="ignore"):
        low, high = np.quantile(draws, ENDS, axis=0)
    # Where all points are right the estimate is the very end of what may be.
    low, high = np.fmin(low, value), np.fmax(high, value)
    known = np.isfinite(value)
    return Estimates(np.asarray(value), np.where(known, low, np.nan), np.where(known, high, np.nan))


def _matrix(sample: PointSample, mapped: Int64) -> Float64:
    """Return the estimated error matrix, [K, K]: each point stands for its part of the class it was drawn from."""
    matrix = np.zeros((len(sample.shares),) * 2)
    weight = np.bincount(sample.drawn, sample.weights, minlength=len(sample.shares))
    part = ratio(sample.shares, weight, undefined=0.0)[sample.drawn] * sample.weights
    np.add.at(matrix, (mapped, sample.truth), part)
    return matrix


def _draws(sample: PointSample, mapped: Int64 | None, seed: int) -> tuple[Margins, Margins]:
    """Return areas as they may be, [DRAWS, K] each, of the map in question and of the one drawn from."""
    rng, classes = generator(seed, "assessment"), len(sample.shares)
    rows, columns, right = np.zeros((3, DRAWS, classes))
    own_right = np.zeros((DRAWS, classes))
    strata = np.flatnonzero(sample.shares).tolist()
    for stratum in track(strata, "intervals", len(strata), "classes"):
        here = np.flatnonzero(sample.drawn == stratum)
        seen = (sample.drawn if mapped is None else mapped)[here] * classes + sample.truth[here]
        cells = _possible(stratum, classes, seen, mapped is not None)
        belief = np.where(cells == stratum * (classes + 1), RIGHT, WRONG / max(len(cells) - 1, 1))
        weights = sample.weights[here] * len(here) / sample.weights[here].sum()
        counts = np.bincount(np.searchsorted(cells, seen), weights, minlength=len(cells))
        parts = rng.standard_gamma(counts + belief, (DRAWS, len(cells)))
        parts *= sample.shares[stratum] / parts.sum(axis=1, keepdims=True)
        row, column = np.divmod(cells, classes)
        rows += parts @ _places(row, classes)
        columns += parts @ _places(column, classes)
        right += (parts * (row == column)) @ _places(row, classes)
        own_right[:, stratum] = (parts * (column == stratum)).sum(axis=1)
    own = Margins(np.broadcast_to(sample.shares, rows.shape), columns, own_right)
    return Margins(rows, columns, right), own


def _places(classes: Int64, count: int) -> csr_array:
    """Return the matrix, [C, K], by which columns that belong to classes, [C], are added up for each."""
    return csr_array((np.ones(len(classes)), (np.arange(len(classes)), classes)), shape=(len(classes), count))


def _possible(stratum: int, classes: int, seen: Int64, other: bool) -> Int64:
    """Return which cells (row * K + column) of an error matrix points of a class can fall into, ascending.

    In another map it may be any. Believed in are those that were seen, and that a map is right, or both agree; no more,
    because what is believed of many would weigh more than the points.
    """
    every = np.arange(classes)
    own = stratum * classes + every
    return np.unique(np.concatenate([own, every * (classes + 1), every * classes + stratum, seen])) if other else own
