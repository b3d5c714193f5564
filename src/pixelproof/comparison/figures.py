"""By what models are compared: figures that derive from counts which add up over images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import compress
from typing import Final

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.errors import UserError
from pixelproof.evaluation import metrics
from pixelproof.evaluation.boundary_metrics import boundary_f1, region_iou
from pixelproof.evaluation.metrics import Protocol, mean_defined, ratio
from pixelproof.runs import Boundaries, ClassificationScores, Scores, SegmentationScores
from pixelproof.runs.boundaries import TOLERANCES
from pixelproof.runs.metric_names import known_metric, parted

TOLERANCE = 3
"""At which boundary figures are compared, in pixels."""
Counts = Float64
Join = Callable[[Counts, Float64], Float64]
_BY_CLASS: Final = {
    "accuracy": metrics.recall_of_counts,
    "balanced_accuracy": metrics.recall_of_counts,
    "pixel_accuracy": metrics.recall_of_counts,
    "recall": metrics.recall_of_counts,
    "precision": metrics.precision_of_counts,
    "f1": metrics.f1_of_counts,
    "miou": metrics.iou_of_counts,
    "iou": metrics.iou_of_counts,
}


@dataclass(frozen=True)
class Figure:
    """A figure of one model.

    Attributes:
        counts: From scores to counts [N, *C] by image.
        value: From sums of counts [..., *C] to the figure [...].
        informing: From counts by unit [N, *C] to how many of the units inform it.
    """

    counts: Callable[[Scores], Counts]
    value: Callable[[Counts], Float64]
    informing: Callable[[Counts], int] = len

    def of(self, scores: Scores) -> float:
        """Return the figure over all images of a score file."""
        return float(self.value(self.counts(scores).sum(axis=0)))

    def gain(self, sums: Counts) -> Float64:
        """Return the second model's figure minus the first's, [R], from sums of both [R, 2, *C]."""
        return self.value(sums[:, 1]) - self.value(sums[:, 0])


@dataclass(frozen=True)
class ClassFigure:
    """A figure of one model over its K scored classes, or of one of them, with that of each class.

    Attributes:
        counts: From scores to counts [N, *C] by image.
        true: From counts [..., *C] to how much of them is truly of each class, [..., K].
        by_class: From sums of counts [..., *C] to the figure of each class, [..., K].
        join: From sums of counts and the figures of the classes to the one of all, or of one, [...].
        one: The class that it is of; None for all.
    """

    counts: Callable[[Scores], Counts]
    true: Callable[[Counts], Counts]
    by_class: Callable[[Counts], Float64]
    join: Join
    one: int | None = None

    @property
    def whole(self) -> Figure:
        """The figure without those of the classes."""
        return Figure(
            self.counts, lambda sums: self.join(sums, self.by_class(sums)), lambda units: int(self.shown(units)[-1])
        )

    def table(self, sums: Counts) -> Float64:
        """Return the figure of each class and, last, the whole, [..., K+1], from sums of counts [..., *C]."""
        values = self.by_class(sums)
        return np.concatenate([values, self.join(sums, values)[..., None]], axis=-1)

    def shown(self, units: Counts) -> Int64:
        """Return how many of N units inform each place of ``table``, int64 [K+1]."""
        by_class = (self.true(units) > 0).sum(axis=0)
        return np.append(by_class, len(units) if self.one is None else by_class[self.one])

    def by_image(self, counts: Counts) -> Float64:
        """Return each image's figure over the classes that its truth shows, [N]; NaN where there is none.

        Averaging over the classes that a prediction names as well would compare two models over different classes.
        """
        return self.join(counts, np.where(self.true(counts) > 0, self.by_class(counts), np.nan))


def class_figure(metric: str, scores: Scores, protocol: Protocol) -> ClassFigure:
    """Return the figure of a metric that derives from counts; see ``runs.metric_names``.

    The figure of each class is that which the metric averages; what both accuracies average is recall.

    Raises:
        UserError: The scores have no such metric, or no boundary counts for it.
    """
    name, of = parted(known_metric(metric, scores.scheme))
    scored = scores.scheme.scored
    one = list(compress(scores.scheme.names, scored)).index(of) if of else None
    if name in ("boundary_iou", "boundary_f1"):
        assert isinstance(scores, SegmentationScores)
        return boundary_figure(scores, protocol, name, TOLERANCE, one)
    counts = _image_counts if isinstance(scores, ClassificationScores) else partial(_pixel_counts, protocol=protocol)
    join = _pooled if name in ("accuracy", "pixel_accuracy") else _joined(one)
    return ClassFigure(lambda s: counts(s)[..., scored], lambda sums: sums[..., 1, :], _BY_CLASS[name], join, one)


def score_figure(scores: Scores, protocol: Protocol, metric: str | None = None) -> Figure:
    """Return the figure that decides which model is better: mIoU or accuracy, unless another metric is asked for."""
    metric = known_metric(metric, scores.scheme)
    if metric == "accuracy":  # which needs no counts by class, of which there may be thousands
        return Figure(_outcomes, lambda sums: ratio(sums[..., 0], sums[..., 1]))
    return class_figure(metric, scores, protocol).whole


def boundary_figure(
    scores: SegmentationScores, protocol: Protocol, name: str, tolerance: int, one: int | None = None
) -> ClassFigure:
    """Return Boundary IoU, "boundary_iou", or boundary F1, "boundary_f1", at a tolerance in pixels."""
    scored, place = scores.scheme.scored, TOLERANCES.index(tolerance)
    if name == "boundary_iou":
        return ClassFigure(
            lambda s: boundaries(s).rims[:, place].astype(np.float64),
            lambda sums: sums[..., scored, 1],
            lambda sums: region_iou(sums, scored, protocol)[..., scored],
            _joined(one),
            one,
        )
    return ClassFigure(
        lambda s: boundaries(s).contours[:, place].astype(np.float64),
        lambda sums: sums[..., scored, 3],
        lambda sums: boundary_f1(sums, scored)[..., scored],
        _joined(one),
        one,
    )


def boundaries(scores: Scores) -> Boundaries:
    """Return the boundary counts of scores.

    Raises:
        UserError: They hold none.
    """
    if not isinstance(scores, SegmentationScores) or scores.boundaries is None:
        raise UserError(f"the scores of {scores.source.name} hold no boundary counts", "evaluate or score it again")
    return scores.boundaries


def _joined(one: int | None) -> Join:
    """Return what makes one figure of those of the classes: their mean, or one of them."""
    if one is None:
        return lambda sums, values: mean_defined(values)
    return lambda sums, values: values[..., one]


def _pooled(sums: Counts, values: Float64) -> Float64:
    return metrics.recall_of_all(sums)


def _pixel_counts(scores: Scores, protocol: Protocol) -> Counts:
    """Return float64 [N, 3, K]: the pixels hit, true and predicted."""
    assert isinstance(scores, SegmentationScores)
    return metrics.class_counts(scores.confusion, scores.scheme.scored, protocol).astype(np.float64)


def _image_counts(scores: Scores) -> Counts:
    """Return float64 [N, 3, K], the same of images, each 0 or 1."""
    assert isinstance(scores, ClassificationScores)
    true, predicted = scores.of_class, scores.predicted[:, None] == np.arange(len(scores.scheme.classes))
    return np.stack([true & predicted, true, predicted], axis=1).astype(np.float64)


def _outcomes(scores: Scores) -> Counts:
    """Return float64 [N, 2]: whether an image is right, and 1."""
    assert isinstance(scores, ClassificationScores)
    right = scores.correct
    return np.stack([right, np.ones_like(right)], axis=1).astype(np.float64)
