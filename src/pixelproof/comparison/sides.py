"""One side of an unpaired comparison: a figure of one set of images and its classes, each with its own interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.comparison.areas import areas, informing
from pixelproof.comparison.figures import class_figure
from pixelproof.evaluation.intervals import share_intervals
from pixelproof.evaluation.metrics import Protocol
from pixelproof.evaluation.resampling import MINIMUM, by_unit, effective, ends_of, left_out
from pixelproof.runs import ClassificationScores, Scores
from pixelproof.runs.metric_names import is_area, of_each, parted

EXACT = ("accuracy", "balanced_accuracy", "recall", "precision")
"""Figures of classifiers that are shares of images, whose intervals are exact where each stands for itself."""


@dataclass(frozen=True)
class Side:
    """Figures of K scored classes and, at place K, of all of them or of one; NaN is undefined.

    Attributes:
        value: float64 [K+1].
        low: float64 [K+1], lower end of its 95% interval.
        high: float64 [K+1], upper end.
        effective: float64 [K+1], effective number of units behind it; NaN for too few.
        informing: float64 [K+1], how many units inform it at all.
        images: int64 [K], images whose truth shows the class.
        share: float64 [K], the class's share of the images, or of the pixels of scored classes.
    """

    value: Float64
    low: Float64
    high: Float64
    effective: Float64
    informing: Float64
    images: Int64
    share: Float64


def side_of(scores: Scores, metric: str, protocol: Protocol, groups: Int64 | None) -> Side:
    """Return one side of a comparison; its intervals are those that `evaluate` gives.

    Args:
        scores: What was scored.
        metric: The name of the figure; see ``runs.metric_names``.
        protocol: How pixels of ignored classes count.
        groups: int64 [N], the group of each image, 0 to G-1; None if every image stands for itself.

    Raises:
        UserError: The scores have no boundary counts, which the metric needs.
        Refusal: They have no probabilities, which it needs.
    """
    value, influence, known, truth = _figures(scores, metric, protocol, groups)
    exact = isinstance(scores, ClassificationScores) and parted(metric)[0] in EXACT
    single = exact and groups is None and metric != "balanced_accuracy"
    low, high = _exact(scores, metric, groups) if exact else ends_of(value, influence, known)
    support = np.where(known < MINIMUM, np.nan, known) if single else effective(influence, known)
    pixels = truth.sum(axis=0)
    return Side(value, low, high, support, known, (truth > 0).sum(axis=0), pixels / pixels.sum())


def _figures(
    scores: Scores, metric: str, protocol: Protocol, groups: Int64 | None
) -> tuple[Float64, Float64, Float64, Float64]:
    """Return figures [K+1], by how much each of N units changes them, how many inform them, and truth [images, K]."""
    if is_area(metric):
        assert isinstance(scores, ClassificationScores)
        value, influence = areas(scores, metric, groups)
        return value, influence, informing(influence, scores, groups), scores.of_class.astype(np.float64)
    figure = class_figure(metric, scores, protocol)
    images = figure.counts(scores)
    units = by_unit(images, groups)
    value, influence, known = figure.table(units.sum(axis=0)), left_out(units, figure.table), figure.shown(units)
    if isinstance(scores, ClassificationScores) and parted(metric)[0] not in ("accuracy", "recall", "precision"):
        known = np.fmin(known, informing(influence, scores, groups))  # as few as those of a rare class that decides
        if parted(metric)[0] == "f1":
            unseen = _unseen(figure.true(images).sum(axis=0) > 0) * len(images) / len(units)
            influence = left_out(np.concatenate([units, unseen]), figure.table)
    return value, influence, known.astype(np.float64), figure.true(images)


def _unseen(shown: Bool) -> Float64:
    """Return the counts of a unit that is right and of one that is wrong for each class shown, [2S, 3, K].

    With them a class whose few images are all right, or all wrong, does not seem to be known for sure.
    """
    own = np.eye(len(shown))[shown]
    others = (1 - own) / max(1, len(shown) - 1)
    right, wrong = np.stack([own, own, own], axis=1), np.stack([0 * own, own, others], axis=1)
    return np.concatenate([right, wrong])


def _exact(scores: Scores, metric: str, groups: Int64 | None) -> Float64:
    """Return the ends of shares of images, [2, K+1], those of the classes and that of all or of one."""
    assert isinstance(scores, ClassificationScores)
    name, of = parted(metric)
    ends = share_intervals(scores, groups)
    classes = ends[of_each(metric)]
    whole = classes[:, scores.scheme.names.index(of)] if of else ends[name]
    return np.append(classes, whole[:, None], axis=1)
