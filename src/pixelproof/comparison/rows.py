"""Confusion counts of one set of images by unit, without those that are 0, so that there may be a thousand classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.runs import ClassificationScores, Scores, SegmentationScores

_CELLS = 4_000_000
_ROUNDING = 1e-12
"""Share of a count below which what is left of it is rounding, and no pixel or image."""


@dataclass(frozen=True)
class Rows:
    """Counts of U units over K classes, of which E are not 0, sorted by unit.

    Attributes:
        unit: int64 [E], 0 to U-1.
        truth: int64 [E], true class.
        predicted: int64 [E], predicted class; K for void.
        weight: float64 [E], how many images or pixels.
        units: U.
        counted: bool [K], True for true classes whose pixels count against predictions on them.
    """

    unit: Int64
    truth: Int64
    predicted: Int64
    weight: Float64
    units: int
    counted: Bool

    @property
    def confusion(self) -> Float64:
        """All counts, float64 [K, K+1], truth by prediction."""
        found = np.zeros((len(self.counted), len(self.counted) + 1))
        np.add.at(found, (self.truth, self.predicted), self.weight)
        return found

    @property
    def shown(self) -> Int64:
        """How many units show each class, int64 [K]."""
        pairs = np.unique(self.unit * len(self.counted) + self.truth)
        return np.bincount(pairs % len(self.counted), minlength=len(self.counted))

    def padded(self, size: float) -> Rows:
        """Return these with two units more for each class shown, all right and all wrong, of so many images each.

        With them a class whose few images are all right, or all wrong, does not seem to be known for sure.
        """
        shown, classes = np.flatnonzero(self.shown), len(self.counted)
        truth, predicted = np.repeat(shown, classes), np.tile(np.arange(classes), len(shown))
        right = truth == predicted
        unit = self.units + 2 * np.repeat(np.arange(len(shown)), classes) + ~right
        order = np.argsort(unit, kind="stable")
        return Rows(
            np.append(self.unit, unit[order]),
            np.append(self.truth, truth[order]),
            np.append(self.predicted, predicted[order]),
            np.append(self.weight, np.where(right, size, size / max(1, classes - 1))[order]),
            self.units + 2 * len(shown),
            self.counted,
        )

    def blocks(self) -> Iterator[Rows]:
        """Yield some units at a time, numbered from 0."""
        step = max(1, _CELLS // (3 * len(self.counted)))
        for start in range(0, self.units, step):
            stop = min(start + step, self.units)
            at = slice(*np.searchsorted(self.unit, [start, stop]))
            own = (self.unit[at] - start, self.truth[at], self.predicted[at], self.weight[at])
            yield Rows(*own, stop - start, self.counted)

    def by_class(self) -> Float64:
        """Return how much of each unit is truly of each class, [U, K]."""
        found = np.zeros((self.units, len(self.counted)))
        np.add.at(found, (self.unit, self.truth), self.weight)
        return found

    def without(self, counts: Float64, weights: Float64 | None = None) -> Float64:
        """Return ``weighed`` counts, [U, 3, K] or [1, 3, K], without those of each unit under its weights, [U, K]."""
        whole = np.broadcast_to(counts, (self.units, *counts.shape[1:]))
        left, own = whole.copy(), self.weight if weights is None else self.weight * weights[self.unit, self.truth]
        right = self.truth == self.predicted
        seen = self.counted[self.truth] & (self.predicted < len(self.counted))
        hit, true, predicted = left[:, 0], left[:, 1], left[:, 2]
        np.subtract.at(hit, (self.unit[right], self.truth[right]), own[right])
        np.subtract.at(true, (self.unit, self.truth), own)
        np.subtract.at(predicted, (self.unit[seen], self.predicted[seen]), own[seen])
        left[left <= _ROUNDING * whole] = 0
        return left


def plain(confusion: Float64, counted: Bool) -> Float64:
    """Return hit, true and predicted counts of each class, [1, 3, K], of a confusion matrix [K, K+1]."""
    return weighed(confusion, np.ones((1, len(counted))), counted)


def weighed(confusion: Float64, weights: Float64, counted: Bool) -> Float64:
    """Return hit, true and predicted counts [U, 3, K] of a confusion matrix, its rows by each of the weights [U, K]."""
    classes = len(counted)
    predicted = (weights * counted) @ confusion[:, :classes]
    return np.stack([weights * np.diagonal(confusion), weights * confusion.sum(axis=1), predicted], axis=1)


def rows_of(scores: Scores, groups: Int64 | None, counted: Bool) -> Rows:
    """Return the counts of the images, or groups, of a score file, without what is void in truth.

    Args:
        scores: Of masks or of images.
        groups: int64 [N], the group of each image, 0 to G-1; None if every image stands for itself.
        counted: As ``Rows`` has it.
    """
    members = np.arange(len(scores.ids)) if groups is None else groups
    if isinstance(scores, SegmentationScores):
        image, truth, predicted = np.nonzero(scores.confusion[:, :-1])
        weight = scores.confusion[image, truth, predicted].astype(np.float64)
    else:
        assert isinstance(scores, ClassificationScores)
        image, truth, predicted = np.arange(len(members)), scores.truth, scores.predicted
        weight = np.ones(len(members))
    order = np.argsort(members[image], kind="stable")
    own = (members[image][order], truth[order], predicted[order], weight[order])
    return Rows(*own, int(members.max()) + 1, counted)
