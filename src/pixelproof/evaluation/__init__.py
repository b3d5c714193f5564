"""From counts to figures: every metric is a pure function of a score file."""

from pixelproof.evaluation.counts import confusion_counts
from pixelproof.evaluation.metrics import (
    PROTOCOLS,
    accuracy,
    average_loss,
    class_accuracy,
    confusion_matrix,
    frequency_weighted_iou,
    iou,
    mean_iou,
    pixel_accuracy,
    top_k_accuracy,
)
from pixelproof.evaluation.summary import summarise

__all__ = [
    "PROTOCOLS",
    "accuracy",
    "average_loss",
    "class_accuracy",
    "confusion_counts",
    "confusion_matrix",
    "frequency_weighted_iou",
    "iou",
    "mean_iou",
    "pixel_accuracy",
    "summarise",
    "top_k_accuracy",
]
