"""Metrics as pure functions of counts. What has no defined value is NaN: never 0, never 1.

Segmentation metrics know two protocols for pixels whose true class is ignored ("unknown"):

- ``unknown_counted``: predicting class i there is a false positive of i, as the reference study's course scores it.
- ``unknown_ignored``: such pixels do not exist, as most benchmarks have it.

Void pixels have no truth at all and never count. A pixel of a scored class that is predicted as an ignored class or as
void is a false negative under both.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.runs import ClassificationScores, SegmentationScores
from pixelproof.schema import one_of

Counts = TypeVar("Counts", Int64, Float64)
Protocol = Literal["unknown_counted", "unknown_ignored"]
PROTOCOLS: tuple[Protocol, ...] = ("unknown_counted", "unknown_ignored")
PROTOCOL: Protocol = "unknown_counted"
"""Where nobody asks for another."""


def protocol_of(name: str) -> Protocol:
    """Return the protocol of that name.

    Raises:
        UserError: There is none.
    """
    return one_of(name, PROTOCOLS, "protocol")


def iou(scores: SegmentationScores, protocol: Protocol) -> Float64:
    """Return IoU = TP / (TP + FP + FN) per class over all images, [K], NaN for ignored or absent classes."""
    return class_iou(scores.confusion.sum(axis=0), scores.scheme.scored, protocol)


def class_iou(confusion: Int64, scored: Bool, protocol: Protocol) -> Float64:
    """Return IoU per class from confusion counts.

    Args:
        confusion: int64 [..., K+1, K+1], truth by prediction, void last.
        scored: bool [K], False for ignored classes.
        protocol: Whether pixels of ignored classes count against the predictions on them.

    Returns:
        float64 [..., K]; NaN where a class is ignored, or occurs neither in truth nor in the counted predictions.
    """
    return iou_of_counts(class_counts(confusion, scored, protocol))


def class_counts(confusion: Counts, scored: Bool, protocol: Protocol) -> Counts:
    """Return all that IoU needs of confusion counts: the pixels hit, true and predicted per class.

    They add up over images, as IoU itself does not.

    Args:
        confusion: int64 [..., K+1, K+1], truth by prediction, void last; or float64, weighted.
        scored: bool [K], False for ignored classes.
        protocol: Whether pixels of ignored classes count against the predictions on them.

    Returns:
        As given, [..., 3, K]: hit, true and predicted pixels; 0 for ignored classes.
    """
    classes = len(scored)
    rows = np.arange(classes)[scored if protocol == "unknown_ignored" else slice(None)]
    hit = np.diagonal(confusion, axis1=-2, axis2=-1)[..., :classes]
    true = confusion[..., :classes, :].sum(axis=-1)
    predicted = confusion[..., rows, :classes].sum(axis=-2)
    counts: Counts = np.where(scored, np.stack([hit, true, predicted], axis=-2), 0)
    return counts


def iou_of_counts(counts: npt.NDArray[np.number[Any]]) -> Float64:
    """Return IoU [..., K] from the counts [..., 3, K] of ``class_counts``, NaN where the union is empty."""
    hit, true, predicted = np.moveaxis(counts, -2, 0)
    return ratio(hit, true + predicted - hit)


def precision_of_counts(counts: npt.NDArray[np.number[Any]]) -> Float64:
    """Return the right share of what is predicted [..., K] from the counts [..., 3, K] of ``class_counts``."""
    return ratio(counts[..., 0, :], counts[..., 2, :])


def recall_of_counts(counts: npt.NDArray[np.number[Any]]) -> Float64:
    """Return the share that is found of what is true [..., K] from the counts [..., 3, K] of ``class_counts``."""
    return ratio(counts[..., 0, :], counts[..., 1, :])


def recall_of_all(counts: npt.NDArray[np.number[Any]]) -> Float64:
    """Return the share of all images, or pixels, that are right, [...], from the counts of ``class_counts``."""
    return ratio(counts[..., 0, :].sum(axis=-1), counts[..., 1, :].sum(axis=-1))


def f1_of_counts(counts: npt.NDArray[np.number[Any]]) -> Float64:
    """Return the harmonic mean of precision and recall, which is Dice [..., K], from the counts of ``class_counts``."""
    return ratio(2 * counts[..., 0, :], counts[..., 1, :] + counts[..., 2, :])


def macro_f1(counts: npt.NDArray[np.number[Any]]) -> float:
    """Return the mean of F1 over the classes where it is defined, from the counts [3, K] of ``class_counts``."""
    return float(mean_defined(f1_of_counts(counts)))


def mean_iou(scores: SegmentationScores, protocol: Protocol) -> float:
    """Return the mean IoU over the classes where it is defined; NaN if there are none."""
    return float(mean_defined(iou(scores, protocol)))


def frequency_weighted_iou(scores: SegmentationScores, protocol: Protocol) -> float:
    """Return the mean of IoU weighted by each scored class's share of the true pixels."""
    values = iou(scores, protocol)
    true = np.where(scores.scheme.scored, scores.confusion.sum(axis=(0, 2))[:-1], 0)
    return float(ratio(np.nansum(values * true), true.sum()))


def pixel_accuracy(scores: SegmentationScores) -> float:
    """Return the share of the pixels of scored classes that are predicted right."""
    confusion, scored = scores.confusion.sum(axis=0), scores.scheme.scored
    hit = np.diagonal(confusion)[:-1][scored].sum()
    return float(ratio(hit, confusion[:-1][scored].sum()))


def accuracy(scores: ClassificationScores) -> float:
    """Return the share of images classified right; NaN for no images."""
    return float(ratio(scores.correct.sum(), len(scores.ids)))


def top_k_accuracy(scores: ClassificationScores, k: int = 5) -> float:
    """Return the share of images whose true class is among the k highest; NaN where only predictions are known."""
    known = scores.rank >= 0
    return float(ratio((scores.rank[known] < k).sum(), known.sum()))


def image_counts(scores: ClassificationScores) -> Int64:
    """Return the images hit, true and predicted per class, int64 [3, K], as ``class_counts`` does of pixels."""
    matrix = confusion_matrix(scores)
    return np.stack([np.diagonal(matrix), matrix.sum(axis=1), matrix.sum(axis=0)])


def class_accuracy(scores: ClassificationScores) -> Float64:
    """Return the share of each class's images that are classified right, [K]; NaN for a class without images."""
    return recall_of_counts(image_counts(scores))


def most_confident_errors(
    confidence: npt.NDArray[np.floating], truth: npt.NDArray[np.integer], predicted: npt.NDArray[np.integer]
) -> list[int]:
    """Return the places of the images classified wrong, most confident first; unknown confidence last."""
    wrong = np.flatnonzero(truth != predicted)
    sure = np.nan_to_num(confidence[wrong], nan=-1.0)
    return [int(i) for i in wrong[np.argsort(-sure, kind="stable")]]


def average_loss(scores: ClassificationScores) -> float:
    """Return the mean negative log-likelihood in nats; NaN where only predictions are known."""
    return float(scores.loss.mean()) if len(scores.loss) else float("nan")


def confusion_matrix(scores: ClassificationScores | SegmentationScores) -> Int64:
    """Return images, or pixels without void, counted by true class (row) and predicted class (column), int64 [K, K]."""
    if isinstance(scores, SegmentationScores):
        total: Int64 = scores.confusion.sum(axis=0)[:-1, :-1]
        return total
    classes = len(scores.scheme.classes)
    cells = np.bincount(scores.truth * classes + scores.predicted, minlength=classes * classes)
    return cells.reshape(classes, classes).astype(np.int64)


def ratio(part: npt.ArrayLike, whole: npt.ArrayLike, undefined: float = np.nan) -> Float64:
    """Return part / whole, and ``undefined`` where whole is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    shares: Float64 = np.full(np.broadcast(part, whole).shape, undefined)
    np.divide(part, whole, out=shares, where=whole != 0)
    return shares


def mean_defined(values: Float64) -> Float64:
    """Return the mean over the last axis of the values that are not NaN; NaN where all are."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0).sum(axis=-1), defined.sum(axis=-1))


def from_the_top(chances: npt.NDArray[np.floating], own: Bool) -> tuple[Int64, Int64, Int64]:
    """Return how many images of the class, and of all, have each different probability or a higher one, [T] each.

    And which of these T probabilities, highest first, each image has, int64 [N].
    """
    _, place = np.unique(-chances, return_inverse=True)
    return np.bincount(place[own], minlength=place.max() + 1).cumsum(), np.bincount(place).cumsum(), place
