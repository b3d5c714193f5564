"""How much of a difference between two sets of images is that their classes have other shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.comparison import areas, paired
from pixelproof.comparison.figures import class_figure
from pixelproof.comparison.rows import Rows, plain, rows_of, weighed
from pixelproof.evaluation.metrics import Protocol, ratio
from pixelproof.evaluation.resampling import MINIMUM, effective
from pixelproof.runs import ClassificationScores, Scores
from pixelproof.runs.metric_names import is_area, parted

WITHOUT = ("balanced_accuracy", "recall", "boundary_iou", "boundary_f1")
"""Figures that shares of the classes do not change, or that do not follow from the confusion matrix."""
RATIOS = ("f1", "precision")
"""Figures of classifiers in which a class that is all right, or all wrong, by chance would seem known for sure."""
Value = Callable[[Float64], Float64]
"""From counts [..., 3, K] to the figure [...]."""


@dataclass(frozen=True)
class Mix:
    """Both parts of a difference, which add up to it: float64 [2], at equal shares first, then that of the shares.

    Attributes:
        value: The parts.
        low: Lower ends of their 95% intervals; NaN where nothing varies.
        high: Upper ends.
        p: Their p-values.
        missing: Classes of the first set that fewer than two units of the second show, so that nothing is known.
    """

    value: Float64
    low: Float64
    high: Float64
    p: Float64
    missing: tuple[str, ...] = ()


def mix_of(
    a: Scores, b: Scores, metric: str, protocol: Protocol, groups: tuple[Int64 | None, Int64 | None]
) -> Mix | None:
    """Return the parts of the second set's figure minus the first's; None where the figure has none.

    What the second would reach if its classes were as frequent as in the first: its rows of the confusion matrix, each
    brought to the share that the class has in the first. Interval and test are those of the jackknife on both sides.

    Args:
        a: Scores of the first set.
        b: Scores of the second.
        metric: The figure; areas have no parts, nor do those of ``WITHOUT``.
        protocol: How pixels of ignored classes count.
        groups: Of each side, int64 [N], the group of each image; None if every image stands for itself.
    """
    if is_area(metric) or parted(metric)[0] in WITHOUT:
        return None
    scored, unknown = a.scheme.scored, np.full(2, np.nan)
    counted = scored if protocol == "unknown_ignored" else np.ones_like(scored)
    first, second = (rows_of(each, of, counted) for each, of in zip((a, b), groups, strict=True))
    asked = (first.shown > 0) & (second.shown < MINIMUM) & scored
    if missing := tuple(np.array(a.scheme.names)[asked].tolist()):
        return Mix(unknown, unknown, unknown, unknown, missing)
    figure = class_figure(metric, a, protocol).whole

    def value(counts: Float64) -> Float64:
        return figure.value(counts[..., scored])

    influence = _influence(_padded(a, first, metric), _padded(b, second, metric), value)
    known = [_informing(*each) for each in zip(influence, (a, b), groups, (first.units, second.units), strict=True)]
    whole = _parts(first.confusion, second.confusion, counted, value)
    return Mix(whole, *_welch(whole, influence, known, [first.units, second.units]))


def _parts(a: Float64, b: Float64, counted: Bool, value: Value) -> Float64:
    """Return what two confusion matrices [K, K+1] differ by at the shares of the first, and the rest, [2]."""
    brought = weighed(b, ratio(a.sum(axis=1), b.sum(axis=1), 0.0)[None], counted)
    first, moved, second = (value(counts)[0] for counts in (plain(a, counted), brought, plain(b, counted)))
    return np.array([moved - first, second - moved])


def _influence(a: Rows, b: Rows, value: Value) -> list[Float64]:
    """Return by how much leaving out each unit of either side changes both parts, [U, 2] each; 0 where none is left."""
    own, other = a.confusion, b.confusion
    first, second = own.sum(axis=1), other.sum(axis=1)
    both = plain(own, a.counted), plain(other, b.counted)

    def without_first(block: Rows) -> Float64:
        moved = value(weighed(other, ratio(first - block.by_class(), second, 0.0), a.counted))
        return np.stack([moved - value(block.without(both[0])), value(both[1]) - moved], axis=-1)

    def without_second(block: Rows) -> Float64:
        weights = ratio(first, second - block.by_class(), 0.0)
        moved = value(block.without(weighed(other, weights, b.counted), weights))
        return np.stack([moved - value(both[0]), value(block.without(both[1])) - moved], axis=-1)

    found = [[without_first(each) for each in a.blocks()], [without_second(each) for each in b.blocks()]]
    return [np.nan_to_num(np.concatenate(each) - _parts(own, other, a.counted, value)) for each in found]


def _padded(scores: Scores, rows: Rows, metric: str) -> Rows:
    """Return the units of which each is left out, of ratios of classifiers those of ``Rows.padded`` too."""
    if isinstance(scores, ClassificationScores) and parted(metric)[0] in RATIOS:
        return rows.padded(len(scores.ids) / rows.units)
    return rows


def _welch(
    value: Float64, influence: list[Float64], known: list[Float64], units: list[int]
) -> tuple[Float64, Float64, Float64]:
    """Return ends and p-values by what leaving out each unit of either side, or image added, changes, [N, S]."""
    variances, spread = [], []
    for moved, shown, count in zip(influence, known, units, strict=True):
        variances.append((moved**2).sum(axis=0) * count / (count - 1))
        # Of a side that too few inform nothing is known but that it varies, which is no more than a pair would tell.
        spread.append(variances[-1] ** 2 / (np.fmax(effective(moved, shown), MINIMUM) - 1))
    whole = np.sum(variances, axis=0)
    support = ratio(whole**2, np.sum(spread, axis=0)) + 1
    return paired.student(value, whole * ratio(support - 1, support), support)


def _informing(influence: Float64, scores: Scores, groups: Int64 | None, units: int) -> Float64:
    """Return how many units inform each figure, [S], of classifiers as few as those of a rare class that decides."""
    known = np.full(influence.shape[1], float(units))
    if not isinstance(scores, ClassificationScores):
        return known
    fewest: Float64 = np.fmin(known, areas.informing(influence[:units], scores, groups))
    return fewest
