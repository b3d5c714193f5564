"""Between which values figures of one model may lie, given that other images of the same kind might have been scored.

Not what other seeds or another training would give: a score file knows one model.
"""

from __future__ import annotations

import numpy as np

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.evaluation.areas import changes
from pixelproof.evaluation.metrics import (
    Protocol,
    class_counts,
    image_counts,
    iou_of_counts,
    mean_defined,
    ratio,
    recall_of_all,
)
from pixelproof.evaluation.resampling import MINIMUM, ROUNDING, by_unit, ends_of, left_out
from pixelproof.evaluation.selective import exact_interval
from pixelproof.evaluation.units import units_of
from pixelproof.runs import ClassificationScores, SegmentationScores

DECIDING = 2
"""Groups with an image that is wrong, or right, of whom no more are there a variance is not known."""
Intervals = dict[str, Float64]
"""Lower and upper ends of 95% intervals by their figure: [2], or [2, K] for each class; NaN where they are unknown."""


def share_intervals(scores: ClassificationScores, members: Int64 | None = None) -> Intervals:
    """Return the intervals of ``accuracy``, ``balanced_accuracy`` and, by class, ``recall`` and ``precision``.

    Of independent images it is the exact binomial one, of groups that of the jackknife.

    Args:
        scores: The outcomes.
        members: int64 [N], the group of each image, 0 to G-1, of which images of one are alike; None if every image
            stands for itself.
    """
    classes = len(scores.scheme.classes)
    return {
        "accuracy": share_interval(scores.correct, members),
        "balanced_accuracy": _balanced(scores, members),
        "recall": _shares(scores.correct, scores.truth, classes, members),
        "precision": _shares(scores.correct, scores.predicted, classes, members),
    }


def area_intervals(scores: ClassificationScores, members: Int64 | None = None) -> Intervals:
    """Return the intervals of ``average_precision`` and ``roc_auc`` by class, those of the jackknife.

    Nothing where probabilities are unknown; NaN for a class that fewer than two images, or groups, have or have not.
    Images are left out to first order, and so are groups of which there are too many. Arguments are as in
    ``share_intervals``.
    """
    ends, chances = np.full((2, 2, len(scores.scheme.classes)), np.nan), scores.probabilities
    if chances is None:
        return {}
    for index in np.unique(scores.truth):
        own = scores.truth == index
        shown = min(units_of(own, members), units_of(~own, members))
        if shown >= MINIMUM:
            ends[..., index] = ends_of(*changes(chances[:, index], own, members, ends.shape[-1]), shown)
    return {"average_precision": ends[:, 0], "roc_auc": ends[:, 1]}


def mask_intervals(scores: SegmentationScores, protocol: Protocol, members: Int64 | None = None) -> Intervals:
    """Return the intervals of ``miou``, ``pixel_accuracy`` and the ``iou`` of each class, those of the jackknife.

    Args:
        scores: The counts.
        protocol: How pixels of ignored classes count.
        members: As in ``share_intervals``.
    """
    units = by_unit(class_counts(scores.confusion, scores.scheme.scored, protocol), members)
    shown = np.append((units[:, 1] > 0).sum(axis=0), [len(units)] * 2)
    ends = ends_of(mask_figures(units.sum(axis=0)), left_out(units, mask_figures), shown)
    return {"iou": ends[:, :-2], "miou": ends[:, -2], "pixel_accuracy": ends[:, -1]}


def mask_figures(sums: Float64) -> Float64:
    """Return IoU by class, its mean, and pixel accuracy, [..., K+2], from sums of ``class_counts``, [..., 3, K]."""
    values, right = iou_of_counts(sums), recall_of_all(sums)
    return np.concatenate([values, np.stack([mean_defined(values), right], axis=-1)], axis=-1)


def share_interval(right: Bool, members: Int64 | None = None) -> Float64:
    """Return the interval of the share of images that are right, bool [N], [2]; ``members`` as in ``share_intervals``.

    Where every image stands for itself, it is that of Clopper and Pearson. So it is of as many trials as groups where
    leaving one out changes nothing, as where all is right: one image of each, drawn by lot, would be such a trial. And
    where a group or two alone are not all right, or not all wrong, of whom a variance is not known: down to what groups
    give that are right as a whole, up to what those give of which any image is.
    """
    if members is None:
        return _shares(right, np.zeros(len(right), np.int64), 1, None)[:, 0]
    if not len(right):
        return np.full(2, np.nan)
    units = by_unit(np.stack([right, np.ones_like(right)], axis=1), members)
    value, moved = right.mean(), left_out(units, lambda sums: ratio(sums[..., 0], sums[..., 1]))
    if (moved**2).sum() <= ROUNDING:
        return np.stack(exact_interval(len(units) * value, len(units)))
    whole, some = int((units[:, 0] == units[:, 1]).sum()), int((units[:, 0] > 0).sum())
    if min(some, len(units) - whole) <= DECIDING:
        return np.array([exact_interval(whole, len(units))[0], exact_interval(some, len(units))[1]], np.float64)
    return ends_of(value, moved, len(units))


def _shares(right: Bool, places: Int64, count: int, members: Int64 | None) -> Float64:
    """Return the intervals of the share that is right of the images at each place, [2, count]."""
    if members is None:
        hits, trials = np.bincount(places[right], minlength=count), np.bincount(places, minlength=count)
        return np.where(trials > 0, np.stack(exact_interval(hits, trials)), np.nan)
    here = [np.flatnonzero(places == place) for place in range(count)]
    return np.stack([share_interval(right[images], members[images]) for images in here], axis=1)


def _balanced(scores: ClassificationScores, members: Int64 | None) -> Float64:
    """Return the interval of balanced accuracy, [2], to which a class adds no certainty by being all right or wrong."""
    hits, images, _ = image_counts(scores)[:, np.unique(scores.truth)]
    if not len(images):
        return np.full(2, np.nan)
    if members is not None:
        return _balanced_groups(scores, members)
    # That of as many independent images as would vary as much.
    value, variance = ratio(hits, images).mean(), _never_none(hits / images, images).mean() / len(images)
    centre = ((hits + 1) / (images + 2)).mean()
    effective = centre * (1 - centre) / variance
    return np.stack(exact_interval(effective * value, effective))


def _balanced_groups(scores: ClassificationScores, members: Int64) -> Float64:
    """Return the same of groups; NaN where one holds all images of a class."""
    _, truth = np.unique(scores.truth, return_inverse=True)
    classes = int(truth.max()) + 1
    cells, cell = np.unique(members * classes + truth, return_inverse=True)
    group, own = np.divmod(cells, classes)
    hits, images = np.bincount(cell, scores.correct), np.bincount(cell)
    all_hits, all_images = np.bincount(own, hits), np.bincount(own, images)
    recall = all_hits / all_images
    moved = ratio((all_hits[own] - hits), (all_images[own] - images)) - recall[own]
    still = np.bincount(own, moved**2) <= ROUNDING
    unknown = np.sqrt(_never_none(recall, np.bincount(own))[still])
    influence = np.concatenate([by_unit(moved, group), unknown]) / classes
    return ends_of(recall.mean(), influence, len(influence))


def _never_none(share: Float64, trials: Int64) -> Float64:
    """Return the variances of shares of trials, a right and a wrong one added so that none vanishes (Laplace)."""
    likely = (share * trials + 1) / (trials + 2)
    return likely * (1 - likely) / trials
