"""Paired resampling: the one place for weights, intervals and p-values of two models measured on the same units.

A *unit* is what was drawn independently: an image, or all images of one scene. Its counts add up over units, and a
statistic is a function of the sums, so ten thousand resamples are one product of a matrix of weights with the counts.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, stdtr, stdtrit

from pixelproof.array_types import Float64, Int64
from pixelproof.evaluation import resampling
from pixelproof.evaluation.metrics import ratio
from pixelproof.evaluation.resampling import CERTAINTY, MINIMUM, ROUNDING, Counts, Statistic, effective, left_out
from pixelproof.randomness import generator

RESAMPLES = 10_000
SIGNIFICANCE = 0.05
ROUGH = 20  # units; below it intervals are rough

_SAME = 1e-12  # two differences closer than this are equal but for rounding


def bootstrap(a: Counts, b: Counts, statistic: Statistic, seed: int) -> Float64:
    """Return the difference b - a in resamples of the units, both models weighted alike.

    Args:
        a: float64 [N, *C], whole counts of the first model by unit.
        b: float64 [N, *C], the second's on the same units.
        statistic: What to compute from sums of counts.
        seed: Seed of the resamples.

    Returns:
        float64 [RESAMPLES, S]; NaN where a figure is undefined in a resample.
    """
    return resample(np.stack([a, b], axis=1), lambda sums: statistic(sums[:, 1]) - statistic(sums[:, 0]), seed)


def resample(units: Counts, statistic: Statistic, seed: int) -> Float64:
    """Return figures [RESAMPLES, S] of the sums over units [N, *C] drawn again; see ``evaluation.resampling``."""
    return resampling.resample(units, statistic, RESAMPLES, seed)


def permutation_p(a: Counts, b: Counts, statistic: Statistic, seed: int) -> Float64:
    """Return two-sided p-values of the difference b - a, [S]; see ``exchanged_p``. Arguments as in ``bootstrap``."""
    return exchanged_p(a, b, lambda sums: statistic(sums[:, 1]) - statistic(sums[:, 0]), seed)


def exchanged_p(a: Counts, b: Counts, gain: Statistic, seed: int) -> Float64:
    """Return two-sided p-values under the hypothesis that the models may be exchanged on every unit.

    Each permutation swaps the two models on a random half of the units. The outcome observed counts as one of them, so
    that no p-value is 0 (Phipson and Smyth 2010).

    Args:
        a: float64 [N, *C], whole counts of the first model by unit.
        b: float64 [N, *C], the second's on the same units.
        gain: From sums of counts of both [R, 2, *C] to figures [R, S] that change their sign when the two swap places.
        seed: Seed of the permutations.

    Returns:
        float64 [S], NaN where the observed figure is undefined.
    """
    rng, total_a, total_b = generator(seed, "permutation"), a.sum(axis=0), b.sum(axis=0)
    observed = np.abs(gain(np.stack([total_a, total_b])[None])[0])
    extreme = np.ones(observed.shape)
    for rows in resampling.blocks(RESAMPLES, a):
        moved = resampling.weigh(rng.integers(0, 2, (rows, len(a))).astype(np.float64), b - a)
        found = np.abs(gain(np.stack([total_a + moved, total_b - moved], axis=1)))
        extreme += (~(found < observed - _SAME)).sum(axis=0)  # an undefined outcome speaks for no difference
    p = np.maximum(extreme / (RESAMPLES + 1), 2.0 ** (1 - len(a)))  # what was observed, and its mirror image, of 2^N
    return np.where(np.isnan(observed), np.nan, np.minimum(p, 1))


def interval(resampled: Float64, support: Float64) -> tuple[Float64, Float64]:
    """Return the bounds of the expanded percentile interval (Hesterberg 2015).

    The plain percentile interval is too narrow for few units. Its levels move outwards as if a normal quantile were
    replaced by Student's and the variance divided by n - 1 instead of n.

    Args:
        resampled: float64 [R, S] from ``bootstrap``.
        support: float64 [S] from ``effective_units``; NaN for no interval.

    Returns:
        float64 [S] twice, NaN where the support is, and where the figure is the same in every resample: models that
        are equal on all units do not show how much others would differ, nor do those that differ alike. Resamples in
        which a figure is undefined are left out.
    """
    bounds = np.full((2, resampled.shape[1]), np.nan)
    for place, units in enumerate(support):
        values = resampled[:, place]
        values = values[~np.isnan(values)]
        if units >= MINIMUM and len(values) and np.ptp(values) > _SAME:
            quantile = stdtrit(units - 1, (1 + CERTAINTY) / 2) * np.sqrt(units / (units - 1))
            level = float(ndtr(-quantile))
            bounds[:, place] = np.quantile(values, [level, 1 - level])
    return bounds[0], bounds[1]


def student(value: Float64, variance: Float64, support: Float64) -> tuple[Float64, Float64, Float64]:
    """Return Student's intervals of differences of shares and their two-sided p-values, [S] three times.

    Args:
        value: float64 [S], the differences.
        variance: float64 [S], the sum over the units of what leaving each out changes, squared.
        support: float64 [S], the effective number of units; NaN for no interval.

    Returns:
        NaN where the support is, and where nothing varies, which does not show how much others would differ.
    """
    spread = np.sqrt(np.where(variance > ROUNDING, variance * ratio(support, support - 1), np.nan))
    reach = stdtrit(support - 1, (1 + CERTAINTY) / 2) * spread
    p = 2 * stdtr(support - 1, -np.abs(value) / spread)
    return np.maximum(value - reach, -1), np.minimum(value + reach, 1), p


def variance(resampled: Float64) -> float:
    """Return the variance of a figure in resamples, [R]; NaN where it is defined in fewer than two."""
    known = resampled[~np.isnan(resampled)]
    return float(known.var()) if len(known) > 1 else float("nan")


def effective_units(a: Counts, b: Counts, statistic: Statistic, shown: Int64) -> Float64:
    """Return ``support`` of the difference b - a of a statistic of each model's counts."""
    return support(np.stack([a, b], axis=1), lambda sums: statistic(sums[:, 1]) - statistic(sums[:, 0]), shown)


def support(units: Counts, statistic: Statistic, shown: Int64) -> Float64:
    """Return the effective number of units behind each figure, as fewer than they seem may decide it.

    Args:
        units: float64 [N, *C], counts by unit.
        statistic: What to compute from sums of counts [R, *C].
        shown: int64 [S], how many units inform each figure at all.

    Returns:
        float64 [S], at most ``shown``; NaN where that is below ``MINIMUM``.
    """
    return effective(left_out(units, statistic), shown)


def holm(p: Float64) -> Float64:
    """Return p-values adjusted by Holm's method (1979) over those that are not NaN."""
    adjusted = np.full(len(p), np.nan)
    order = [int(place) for place in np.argsort(p) if not np.isnan(p[place])]
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * float(p[place])))
        adjusted[place] = highest
    return adjusted
