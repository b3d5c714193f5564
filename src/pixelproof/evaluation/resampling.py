"""The bootstrap and the jackknife: what a figure might have been on other images of the same kind.

The jackknife tells it from what leaving out each image would change, or changes at first (Efron 1982). Beside the
bootstrap it needs no draws, and of few images its intervals of a mean IoU hold the truth more often: they are not
pulled down where resampled figures are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, stdtrit

from pixelproof.array_types import Float64, Int64
from pixelproof.evaluation.metrics import ratio
from pixelproof.randomness import generator

Values = npt.NDArray[np.number]
Statistic = Callable[[Float64], Float64]
"""From sums of values [..., *C] to figures [..., S], NaN where undefined."""
Counts = Float64
"""Whole counts by unit, [N, *C]."""
CERTAINTY = 0.95
"""Of intervals and promises."""
MINIMUM = 2
"""Units below which nothing varies, so that an interval would be invented."""
ROUNDING = 1e-24
"""Variance of a share below which it is that of rounding."""
SEED = 0
"""Of the resamples of a study, which has equal ones whenever it is conducted."""
_CELLS = 4_000_000  # numbers held at once, 32 MB


def resample(values: Values, statistic: Statistic, replicates: int, seed: int, *purpose: str) -> Float64:
    """Return figures of the sums over units that are drawn again with replacement.

    Args:
        values: [N, *C], what each of N units, such as images, contributes; sums of whole numbers are exact.
        statistic: What to compute from sums [..., *C].
        replicates: R, how often N units are drawn.
        seed: Decides the draws, together with ``purpose``.
        purpose: What the draws are for.

    Returns:
        float64 [R, S]. Needs memory for R figures, not for R x N draws.
    """
    count, rng = len(values), generator(seed, "bootstrap", *purpose)
    figures = []
    for rows in blocks(replicates, values):
        drawn = rng.integers(0, count, (rows, count)) + count * np.arange(rows)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)
        figures.append(statistic(weigh(weights, values)))
    return np.concatenate(figures)


def weigh(weights: Float64, values: Values) -> Float64:
    """Return the sums [R, *C] of values [N, *C] under each row of weights [R, N]."""
    flat = values.reshape(len(values), -1).astype(np.float64)
    return (weights @ flat).reshape(len(weights), *values.shape[1:])


def blocks(replicates: int, values: Values) -> Iterator[int]:
    """Yield how many replicates to make at a time until all are made."""
    size = max(1, _CELLS // max(len(values), values[0].size))
    for start in range(0, replicates, size):
        yield min(size, replicates - start)


def by_unit(counts: npt.NDArray[Any], groups: Int64 | None) -> Counts:
    """Return counts [N, *C] of images summed over each group, float64 [G, *C].

    Args:
        counts: Counts by image.
        groups: int64 [N], the group of each image, 0 to G-1; None if every image stands for itself.
    """
    counts = counts.astype(np.float64)
    if groups is None:
        return counts
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    sums: Counts = np.add.reduceat(counts[order], starts, axis=0)
    return sums


def left_out(units: Counts, statistic: Statistic) -> Float64:
    """Return by how much leaving out each of N units changes each figure, [N, S]; 0 where it leaves none.

    Args:
        units: float64 [N, *C], counts by unit.
        statistic: What to compute from sums of counts [R, *C].
    """
    total = units.sum(axis=0)
    return np.nan_to_num(statistic(total - units) - statistic(total[None]))


def effective(influence: Float64, shown: Int64 | Float64) -> Float64:
    """Return the effective number of units behind each figure, as fewer than they seem may decide it.

    The variance of a figure is about the sum of d^2 over the units, with d what leaving a unit out changes. Where a
    few units make up most of it, it is known no better than from those few: its degrees of freedom by Satterthwaite's
    matching of moments (1946) are 3 (sum d^2)^2 / sum d^4, which is N for normal d.

    Args:
        influence: float64 [N, S], d of each unit and figure.
        shown: [S], how many units inform each figure at all.

    Returns:
        float64 [S], at most ``shown``; NaN where that is below ``MINIMUM``.
    """
    squares = influence**2
    fourth = (squares**2).sum(axis=0)
    known = shown.astype(np.float64)
    np.divide(3 * squares.sum(axis=0) ** 2, fourth, out=known, where=fourth > 0)
    return np.where(shown < MINIMUM, np.nan, np.minimum(known, shown))


def reach_of(influence: Float64, shown: npt.ArrayLike) -> Float64:
    """Return how far Student's 95% interval of a figure goes to each side, [*S]; NaN where too few units inform it.

    Args:
        influence: float64 [N, *S], what leaving each unit out changes.
        shown: int64 [*S], how many units inform each figure at all.
    """
    variance = (influence**2).sum(axis=0) * ratio(len(influence), len(influence) - 1)
    freedom = effective(influence, np.broadcast_to(shown, variance.shape)) - 1
    reach: Float64 = stdtrit(freedom, (1 + CERTAINTY) / 2) * np.sqrt(variance)
    return reach


def ends_of(value: npt.ArrayLike, influence: Float64, shown: npt.ArrayLike) -> Float64:
    """Return the ends of the 95% intervals of shares, [2, *S]; NaN where nothing varies.

    Student's interval of the share's logit, so that no end leaves 0..1.

    Args:
        value: float64 [*S], 0..1.
        influence: float64 [N, *S], of each unit.
        shown: int64 [*S], how many units inform each figure at all.
    """
    value, varies = np.asarray(value), (influence**2).sum(axis=0) > ROUNDING
    known = np.where(varies & (value > 0) & (value < 1), value, np.nan)
    reach = reach_of(influence, shown) / (known * (1 - known))
    ends: Float64 = expit(logit(known) + np.stack([-reach, reach]))
    return ends
