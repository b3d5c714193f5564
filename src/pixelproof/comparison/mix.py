"""How much of a difference between two sets of images is that their classes have other shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.comparison import areas, paired
from pixelproof.comparison.figures import class_figure
from pixelproof.evaluation.metrics import Protocol, class_counts, ratio
from pixelproof.evaluation.resampling import MINIMUM, effective
from pixelproof.runs import ClassificationScores, Scores, SegmentationScores
from pixelproof.runs.metric_names import is_area, parted

MOST = 500_000_000
"""Units times cells of the confusion matrix beyond which it is not asked, as that would take minutes."""
WITHOUT = ("balanced_accuracy", "recall", "boundary_iou", "boundary_f1")
"""Figures that shares of the classes do not change, or that do not follow from the confusion matrix."""
RATIOS = ("f1", "precision")
"""Figures of classifiers in which a class that is all right, or all wrong, by chance would seem known for sure."""
_CELLS = 4_000_000


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
    name, sides = parted(metric)[0], [_Units(each, of) for each, of in zip((a, b), groups, strict=True)]
    if is_area(metric) or name in WITHOUT or max(side.cells for side in sides) > MOST:
        return None
    scored, unknown = a.scheme.scored, np.full(2, np.nan)
    asked = (sides[0].shown() > 0) & (sides[1].shown() < MINIMUM) & scored
    if missing := tuple(np.array(a.scheme.names)[asked].tolist()):
        return Mix(unknown, unknown, unknown, unknown, missing)
    figure = class_figure(metric, a, protocol).whole

    def reached(confusion: Float64) -> Float64:
        counts = class_counts(confusion, scored, protocol)[..., scored]
        return figure.value(counts)

    def parts(first: Float64, second: Float64) -> Float64:
        moved = reached(_brought(second, first))
        return np.stack([moved - reached(first), reached(second) - moved], axis=-1)

    value, full = parts(*(side.total() for side in sides)), [side.total(padded=name in RATIOS) for side in sides]

    def moved(first: bool) -> Float64:
        rest = (full[0 if first else 1] - block for block in sides[0 if first else 1].blocks(name in RATIOS))
        found = [parts(each, full[1]) if first else parts(full[0], each) for each in rest]
        return np.nan_to_num(np.concatenate(found) - parts(*full))

    influence = [moved(True), moved(False)]
    known = [informing(each, side) for each, side in zip(influence, sides, strict=True)]
    return Mix(value, *_welch(value, influence, known, [side.count for side in sides]))


def _brought(confusion: Float64, other: Float64) -> Float64:
    """Return a confusion matrix whose true classes have the shares of another, [..., K+1, K+1]."""
    rows = ratio(confusion, confusion.sum(axis=-1, keepdims=True), 0.0)
    brought: Float64 = rows * other.sum(axis=-1, keepdims=True)
    return brought


def _welch(
    value: Float64, influence: list[Float64], known: list[Float64], units: list[int]
) -> tuple[Float64, Float64, Float64]:
    """Return ends and p-values by what leaving out each unit of either side, or image added, changes, [N, S]."""
    variances, spread = [], []
    for moved, shown, count in zip(influence, known, units, strict=True):
        variances.append((moved**2).sum(axis=0) * count / (count - 1))
        spread.append(variances[-1] ** 2 / (effective(moved, shown) - 1))
    whole = np.sum(variances, axis=0)
    support = ratio(whole**2, np.nansum(spread, axis=0)) + 1
    return paired.student(value, whole * ratio(support - 1, support), support)


def informing(influence: Float64, side: _Units) -> Float64:
    """Return how many units inform each figure, [S], of classifiers as few as those of a rare class that decides."""
    units = np.full(influence.shape[1], float(side.count))
    if not isinstance(side.scores, ClassificationScores):
        return units
    fewest: Float64 = np.fmin(units, areas.informing(influence[: side.count], side.scores, side.groups))
    return fewest


class _Units:
    """The confusion counts of the units of one side, without void, a block at a time."""

    def __init__(self, scores: Scores, groups: Int64 | None) -> None:
        self.scores = scores
        self.groups = np.arange(len(scores.ids)) if groups is None else groups
        self.count = int(self.groups.max()) + 1
        self.size = len(scores.scheme.classes) + 1
        self.cells = self.count * self.size**2

    def blocks(self, padded: bool = False) -> Iterator[Float64]:
        """Yield float64 [B, K+1, K+1], truth by prediction; at the end, of classifiers, ``_padding`` if wanted."""
        order = np.argsort(self.groups, kind="stable")
        step, sorted_groups = max(1, _CELLS // self.size**2), self.groups[order]
        for start in range(0, self.count, step):
            stop = min(start + step, self.count)
            chosen = order[slice(*np.searchsorted(sorted_groups, [start, stop]))]
            block = np.zeros((stop - start, self.size, self.size))
            places = self.groups[chosen] - start
            if isinstance(self.scores, SegmentationScores):
                np.add.at(block, places, self.scores.confusion[chosen].astype(np.float64))
            else:
                assert isinstance(self.scores, ClassificationScores)
                np.add.at(block, (places, self.scores.truth[chosen], self.scores.predicted[chosen]), 1.0)
            block[:, -1] = 0
            yield block
        if padded and isinstance(self.scores, ClassificationScores):
            yield from self._padding()

    def _padding(self) -> Iterator[Float64]:
        """Yield a unit that is right and one that is wrong for each class shown, [2, K+1, K+1]; see ``sides``."""
        for index in np.flatnonzero(self.shown()):
            block = np.zeros((2, self.size, self.size))
            block[0, index, index] = 1
            block[1, index, :-1] = 1 / max(1, self.size - 2)
            block[1, index, index] = 0
            yield block * len(self.scores.ids) / self.count

    def total(self, padded: bool = False) -> Float64:
        total: Float64 = np.sum([block.sum(axis=0) for block in self.blocks(padded)], axis=0)
        return total

    def shown(self) -> Int64:
        """Return how many units show each class, int64 [K]."""
        shown: Int64 = np.sum([(block.sum(axis=-1) > 0).sum(axis=0) for block in self.blocks()], axis=0)[:-1]
        return shown
