"""How classes lie to each other, in the original feature space: no map is asked, so no map can invent anything."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.evaluation.resampling import resample
from pixelproof.explanation.neighbours import Points, chosen_rows, nearest, squared_distances
from pixelproof.progress import bar

REPLICATES = 1000
LEVEL = (0.025, 0.975)
Z = 1.96
FEW = 5
"""Images of a class; fewer drawn again show hardly more than themselves, and a single one shows nothing else."""
SAME = 1e-9
"""Between replicates that differ by rounding alone."""


@dataclass(frozen=True)
class Interval:
    """A share with its 95% interval."""

    value: float
    low: float
    high: float


class Mixing:
    """The classes among the neighbours of N images.

    Intervals are percentiles of 1,000 bootstrap replicates: images are drawn again within their class, while their
    neighbours stay. Where such replicates cannot vary, as at the far end of 0 and 1, and for classes of fewer than five
    images, they are Wilson's for as many yes-or-no trials as there are images, which vary at least as much as shares;
    for a pair of classes, whose figure is the mean of two shares, half the root of the sum of both squares (Zou and
    Donner 2008).

    Args:
        near: int64 [N, k], places of each image's neighbours.
        truth: int64 [N], class of each image.
        classes: Number of classes K.
        seed: Decides the replicates.

    Attributes:
        confusion: float64 [K, K]; entry [a, b] is the share of the neighbours of images of class a that are of b; NaN
            for a class without images.
        counts: int64 [K], images of each class.
    """

    def __init__(self, near: Int64, truth: Int64, classes: int, seed: int = 0) -> None:
        self.counts = np.bincount(truth, minlength=classes)
        self.confusion: Float64 = np.full((classes, classes), np.nan)
        self._drawn: dict[tuple[int, int], Float64] = {}
        found = class_shares(truth[near], classes)
        for label in np.flatnonzero(self.counts).tolist():
            mine = found[truth == label]
            self.confusion[label] = mine.mean(axis=0)
            seen = np.flatnonzero(self.confusion[label])
            drawn = resample(mine[:, seen], lambda sums: sums, REPLICATES, seed, f"mixing {label}") / len(mine)
            self._drawn |= {(label, other): drawn[:, i] for i, other in enumerate(seen.tolist())}

    def own(self, label: int) -> Interval | None:
        """Return the share of the neighbours of a class's images that are of the class; None without images."""
        if not self.counts[label]:
            return None
        return _interval(self.confusion[[label], label], self._replicates(label, label), self.counts[[label]])

    def pair(self, a: int, b: int) -> Interval | None:
        """Return the k-NN confusion of two classes, the mean of both directions; None if one has no images."""
        if not (self.counts[a] and self.counts[b]):
            return None
        drawn = (self._replicates(a, b) + self._replicates(b, a)) / 2
        return _interval(self.confusion[[a, b], [b, a]], drawn, self.counts[[a, b]])

    def mixed_pairs(self) -> list[tuple[int, int]]:
        """Return the pairs of classes that share any neighbour."""
        shared = np.nan_to_num(self.confusion) + np.nan_to_num(self.confusion).T > 0
        return [(a, b) for a, b in combinations(range(len(shared)), 2) if shared[a, b]]

    def spread(self, label: int) -> float | None:
        """Return the effective number of other classes among the neighbours of a class; None if there are none."""
        others = np.delete(self.confusion[label], label)
        total = others.sum()
        if not total > 0:
            return None
        shares = others[others > 0] / total
        return float(np.exp(-(shares * np.log(shares)).sum()))

    def _replicates(self, label: int, other: int) -> Float64:
        return self._drawn.get((label, other), np.zeros(REPLICATES))


def measure_mixing(features: Points, truth: Int64, classes: int, k: int, seed: int = 0) -> Mixing:
    """Return the classes among the k nearest neighbours of each image, features [N, D], in feature space."""
    return Mixing(nearest(features, k)[1], truth, classes, seed)


def silhouettes(features: Points, truth: Int64, classes: int, seed: int = 0) -> tuple[Float64, int]:
    """Return the mean silhouette of each class and the number of images that the means are over.

    The silhouette of an image is (b - a) / max(a, b): a is its mean distance to the other images of its class, b the
    smallest mean distance to those of another class. With more than 5,000 images, a random 5,000 are looked at.

    Args:
        features: [N, D].
        truth: int64 [N].
        classes: K.
        seed: Decides which images are looked at where there are many.

    Returns:
        float64 [K], NaN for a class of fewer than two images, or where there is no other class.
    """
    rows = chosen_rows(len(features), seed)
    counts = np.bincount(truth, minlength=classes)
    members = (truth[:, None] == np.arange(classes)).astype(np.float64)
    values = np.full(len(rows), np.nan)
    with bar("silhouettes", len(rows), "images") as step, np.errstate(invalid="ignore", divide="ignore"):
        for place, squared in squared_distances(features, rows):
            block = np.arange(len(squared))
            squared[block, rows[place]] = 0
            sums, own = np.sqrt(squared) @ members, truth[rows[place]]
            a = sums[block, own] / (counts[own] - 1)
            sums[block, own] = np.nan
            b = np.fmin.reduce(sums / counts, axis=1)
            values[place] = (b - a) / np.maximum(a, b)
            step(len(squared))
    sampled = truth[rows]
    means = [_mean(values[sampled == label]) for label in range(classes)]
    return np.array(means), len(rows)


def class_shares(labels: Int64, classes: int) -> Float64:
    """Return how the labels of each row of [N, k] share out over the classes, float64 [N, K]."""
    count, k = labels.shape
    cells = np.arange(count)[:, None] * classes + labels
    shares: Float64 = np.bincount(cells.ravel(), minlength=count * classes).reshape(count, classes) / k
    return shares


def _interval(shares: Float64, drawn: Float64, images: Int64) -> Interval:
    """Return the mean of shares [n] of that many images each, with the interval of its replicates or Wilson's."""
    value, (low, high) = shares.mean(), np.quantile(drawn, LEVEL)
    below, above = (np.sqrt((reach**2).sum()) / len(shares) for reach in _wilson_reach(shares, images))
    few = images.min() < FEW or np.ptp(drawn) < SAME
    if few or value == 1:
        low = value - below
    if few or value == 0:
        high = value + above
    return Interval(float(value), float(low), float(high))


def _wilson_reach(shares: Float64, trials: Int64) -> tuple[Float64, Float64]:
    """Return how far below and above shares [n] of yes-or-no trials Wilson's 95% interval reaches."""
    middle = (shares * trials + Z**2 / 2) / (trials + Z**2)
    half = Z * np.sqrt(shares * (1 - shares) * trials + Z**2 / 4) / (trials + Z**2)
    return shares - (middle - half), middle + half - shares


def _mean(values: Float64) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")
