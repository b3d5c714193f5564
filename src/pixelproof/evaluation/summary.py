"""A score file's figures as plain data: what ``--json`` prints and other programs rely on."""

from __future__ import annotations

import math
from typing import Any

import pixelproof.evaluation.metrics as metrics
from pixelproof.runs import ClassificationScores, Scores, SegmentationScores


def summarise(scores: Scores) -> dict[str, Any]:
    """Return the figures of a score file; what is undefined is None."""
    if isinstance(scores, SegmentationScores):
        return _segmentation(scores)
    return _classification(scores)


def study_line(scores: ClassificationScores) -> str:
    """Return the line in which the reference study reports a classifier."""
    correct, total = int((scores.truth == scores.predicted).sum()), len(scores.ids)
    return (
        f"Average loss: {metrics.average_loss(scores):.4f}, Accuracy: {correct}/{total} ({100 * correct / total:.0f}%)"
    )


def defined(value: float) -> float | None:
    """Return ``value``, or None for NaN, which JSON cannot hold."""
    return None if math.isnan(value) else float(value)


def _segmentation(scores: SegmentationScores) -> dict[str, Any]:
    names, scored = scores.scheme.names, scores.scheme.scored
    protocols = {}
    for protocol in metrics.PROTOCOLS:
        values = metrics.iou(scores, protocol)
        protocols[protocol] = {
            "miou": defined(metrics.mean_iou(scores, protocol)),
            "frequency_weighted_iou": defined(metrics.frequency_weighted_iou(scores, protocol)),
            "iou": {name: defined(v) for name, v, s in zip(names, values, scored, strict=True) if s},
        }
    return {
        "task": "segmentation",
        "protocols": protocols,
        "pixel_accuracy": defined(metrics.pixel_accuracy(scores)),
        "images": len(scores.ids),
    }


def _classification(scores: ClassificationScores) -> dict[str, Any]:
    by_class = metrics.class_accuracy(scores)
    return {
        "task": "classification",
        "correct": int((scores.truth == scores.predicted).sum()),
        "total": len(scores.ids),
        "accuracy": defined(metrics.accuracy(scores)),
        "top5_accuracy": defined(metrics.top_k_accuracy(scores, 5)),
        "loss": defined(metrics.average_loss(scores)),
        "class_accuracy": {name: defined(v) for name, v in zip(scores.scheme.names, by_class, strict=True)},
    }
