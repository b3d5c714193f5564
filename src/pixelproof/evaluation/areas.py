"""Areas under curves that tell how well a class is told from all others: average precision and ROC AUC.

To first order, what leaving out images changes of ROC AUC is what DeLong, DeLong and Clarke-Pearson (1988) compute.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.evaluation.metrics import from_the_top, ratio
from pixelproof.evaluation.resampling import by_unit
from pixelproof.runs import ClassificationScores

Chances = npt.NDArray[np.floating]
MOST = 100_000_000
"""Classes times groups times images up to which areas are computed without each group, in a few seconds."""
_CELLS = 1_000_000  # numbers held at once, 8 MB


def average_precision(scores: ClassificationScores) -> Float64:
    """Return the area under each class's precision-recall curve as a sum of steps, [K].

    NaN for a class without images, and of all where the probabilities are unknown.
    """
    return _of_each_class(scores)[:, 0]


def roc_auc(scores: ClassificationScores) -> Float64:
    """Return the chance that an image of the class has a higher probability of it than one of another, [K].

    Equal ones count half. NaN for a class that no or every image belongs to, and of all where they are unknown.
    """
    return _of_each_class(scores)[:, 1]


def _of_each_class(scores: ClassificationScores) -> Float64:
    figures = np.full((len(scores.scheme.classes), 2), np.nan)
    if scores.probabilities is not None:
        for index in np.unique(scores.truth):
            found, looked_at, _ = from_the_top(scores.probabilities[:, index], scores.truth == index)
            figures[index] = _areas(found, looked_at)
    return figures


def _areas(found: Int64, looked_at: Int64) -> Float64:
    """Return both areas, [..., 2], from the counts of ``from_the_top``, [..., T]; NaN where undefined."""
    here, wrong = np.diff(found, prepend=0), looked_at - found
    true, others = found[..., -1], wrong[..., -1]
    average = ratio((here * ratio(found, looked_at, undefined=0.0)).sum(axis=-1), true)
    lower = others[..., None] - wrong + np.diff(wrong, prepend=0) / 2
    return np.stack([average, ratio((here * lower).sum(axis=-1), true * others)], axis=-1)


def changes(chances: Chances, own: Bool, members: Int64 | None, classes: int) -> tuple[Float64, Float64]:
    """Return both areas of a class, [2], and by how much leaving out each image, or group, changes them, [N, 2].

    Images are left out to first order, and so are groups of which there are too many.

    Args:
        chances: [N], the probabilities of the class.
        own: bool [N], which images belong to it, of two units at least, as all others are.
        members: int64 [N], the group of each image, 0 to G-1; None if every image stands for itself.
        classes: Of how many classes this is to be computed.
    """
    if members is not None and classes * (int(members.max()) + 1) * len(own) <= MOST:
        return without_each(chances, own, members)
    value, moved = influences(chances, own)
    return value, by_unit(moved, members)


def influences(chances: Chances, own: Bool) -> tuple[Float64, Float64]:
    """Return both areas of a class, [2], and the influence of each image on them (infinitesimal jackknife), [N, 2].

    Args:
        chances: [N], the probabilities of the class.
        own: bool [N], which images belong to it, at least one; NaN for the AUC where all do.
    """
    found, looked_at, place = from_the_top(chances, own)
    true, others = found[-1], looked_at[-1] - found[-1]
    average, auc = _areas(found, looked_at)
    here, wrong = np.diff(found, prepend=0), looked_at - found
    precision = found / looked_at
    # An image is among those looked at for each of its class with an equal or lower probability.
    right = _below(here / looked_at) / true
    among = -_below(here * precision / looked_at) / true
    higher = 1 - ratio(wrong - np.diff(wrong, prepend=0) / 2, others)
    lower = (found - here / 2) / true
    of_own = np.stack([right + among + (precision - average) / true, (higher - auc) / true])
    of_others = np.stack([among, ratio(lower - auc, others)])
    return np.array([average, auc]), np.where(own, of_own[:, place], of_others[:, place]).T


def _below(values: Float64) -> Float64:
    """Return the sum of each of [T] values and all behind it."""
    sums: Float64 = np.cumsum(values[::-1])[::-1]
    return sums


def without_each(chances: Chances, own: Bool, members: Int64) -> tuple[Float64, Float64]:
    """Return both areas of a class, [2], and by how much leaving out each of G groups changes them, [G, 2].

    Args:
        chances: [N], the probabilities of the class.
        own: bool [N], which images belong to it, of two groups at least, as all others are.
        members: int64 [N], the group of each image, 0 to G-1.
    """
    found, looked_at, place = from_the_top(chances, own)
    value, groups, size = _areas(found, looked_at), int(members.max()) + 1, max(1, _CELLS // len(found))
    moved = []
    for start in range(0, groups, size):
        shape = min(size, groups - start), len(found)
        here = (members >= start) & (members < start + size)
        less, fewer = (_cumulated(members[some] - start, place[some], shape) for some in (here & own, here))
        moved.append(_areas(found - less, looked_at - fewer) - value)
    return value, np.concatenate(moved)


def _cumulated(group: Int64, place: Int64, shape: tuple[int, int]) -> Int64:
    """Return how many images of each group have each different probability or a higher one, int64 [G, T]."""
    counts: Int64 = np.bincount(group * shape[1] + place, minlength=shape[0] * shape[1]).reshape(shape)
    return counts.cumsum(axis=1)
