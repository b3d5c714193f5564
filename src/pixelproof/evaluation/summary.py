"""A score file's figures as plain data: what ``--json`` prints and other programs rely on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import compress
from typing import Any

import pixelproof.evaluation.boundary_metrics as boundary
import pixelproof.evaluation.metrics as metrics
from pixelproof.array_types import Float64, Int64
from pixelproof.evaluation.areas import average_precision, roc_auc
from pixelproof.evaluation.baseline import baseline
from pixelproof.evaluation.calibration import reliability, temperatures_of
from pixelproof.evaluation.finding import findings, reached
from pixelproof.evaluation.intervals import Intervals, area_intervals, mask_intervals, share_intervals
from pixelproof.evaluation.mask_baseline import mask_baseline
from pixelproof.evaluation.mosaic import STRIDES, mosaic
from pixelproof.evaluation.selective import kept, promises
from pixelproof.evaluation.sentences import learned_line
from pixelproof.evaluation.units import members_of, noun_of
from pixelproof.labels import LabelScheme
from pixelproof.runs import Boundaries, ClassificationScores, Scores, SegmentationScores
from pixelproof.runs.boundaries import TOLERANCES


def summarise(scores: Scores) -> dict[str, Any]:
    """Return the figures of a score file; what is undefined is None."""
    figures = _segmentation(scores) if isinstance(scores, SegmentationScores) else _classification(scores)
    known = {"corrected": scores.source.images_corrected or None, "stress": scores.source.stress or None}
    if isinstance(scores, SegmentationScores):
        known |= {"corrected_pixels": scores.source.pixels_corrected or None}
    return figures | {"learned_from": _learned(scores)} | known


def _learned(scores: Scores) -> dict[str, Any] | None:
    """Return from how many images the model has learned, None where it is not exactly known; in words, if any."""
    line = learned_line(scores)
    return {"images": scores.source.images_learned, "warning": line} if line else None


def defined(value: float) -> float | None:
    """Return ``value``, or None for what JSON cannot hold, NaN and infinity."""
    return float(value) if math.isfinite(value) else None


def _segmentation(scores: SegmentationScores) -> dict[str, Any]:
    names, scored = scores.scheme.names, scores.scheme.scored
    protocols, ends = {}, {}
    for protocol in metrics.PROTOCOLS:
        counts = metrics.class_counts(scores.confusion.sum(axis=0), scored, protocol)[:, scored]
        protocols[protocol] = {
            "miou": defined(metrics.mean_iou(scores, protocol)),
            "frequency_weighted_iou": defined(metrics.frequency_weighted_iou(scores, protocol)),
            "iou": _named(list(compress(names, scored)), metrics.iou_of_counts(counts)),
            **_by_class(list(compress(names, scored)), counts),
            "macro_f1": defined(metrics.macro_f1(counts)),
        }
        ends[protocol] = _ends(mask_intervals(scores, protocol, members_of(scores)), scores.scheme)
    return {
        "task": "segmentation",
        "protocols": protocols,
        "pixel_accuracy": defined(metrics.pixel_accuracy(scores)),
        "baseline": _mask_baseline(scores),
        "intervals": ends,
        "images": len(scores.ids),
        "looks": scores.source.looks or None,
        "confusion": _confusion(scores),
        "boundary": _boundary(scores, scores.boundaries) if scores.boundaries is not None else None,
        "calibration": _calibration(scores),
        "kept": _kept(scores),
    }


def _boundary(scores: SegmentationScores, counts: Boundaries) -> dict[str, Any]:
    scored = scores.scheme.scored
    rims, contours, bands, objects = (
        array.sum(axis=0) for array in (counts.rims, counts.contours, counts.bands, counts.objects)
    )
    return {
        "iou": {p: _by_tolerance(scores, boundary.region_iou(rims, scored, p)) for p in metrics.PROTOCOLS},
        "f1": _by_tolerance(scores, boundary.boundary_f1(contours, scored)),
        "error_rate": _named(boundary.BAND_NAMES, boundary.error_rate(bands, scored)),
        "objects": {
            "count": dict(zip(boundary.SIZE_NAMES, objects[:, scored, 3].sum(axis=1).tolist(), strict=True)),
            "recall": _named(boundary.SIZE_NAMES, boundary.object_recall(objects, scored)),
            "found": _named(boundary.SIZE_NAMES, boundary.objects_found(objects, scored)),
        },
        "mosaic": {str(stride): _mosaic(counts, stride) for stride in STRIDES},
    }


def _by_tolerance(scores: SegmentationScores, values: Float64) -> dict[str, Any]:
    """Return figures [T, K] as plain data: their means, and those of each scored class."""
    tolerances = [str(tolerance) for tolerance in TOLERANCES]
    scheme = scores.scheme
    return {
        "mean": _named(tolerances, metrics.mean_defined(values)),
        "classes": {n: _named(tolerances, values[:, k]) for k, n in enumerate(scheme.names) if scheme.scored[k]},
    }


def _mosaic(counts: Boundaries, stride: int) -> dict[str, float | None]:
    figures = {name: defined(value) for name, value in vars(mosaic(counts.phases, stride)).items() if name != "stride"}
    return figures | {"truth": defined(mosaic(counts.phases, stride, "truth").index)}


def _named(names: Sequence[str], values: Float64) -> dict[str, float | None]:
    return {name: defined(value) for name, value in zip(names, values, strict=True)}


def _classification(scores: ClassificationScores) -> dict[str, Any]:
    counts, names = metrics.image_counts(scores), scores.scheme.names
    by_class, made = metrics.recall_of_counts(counts), promises(scores)
    members = members_of(scores)
    ends = share_intervals(scores, members) | area_intervals(scores, members)
    return {
        "task": "classification",
        "correct": int(scores.correct.sum()),
        "total": len(scores.ids),
        "unit": noun_of(scores),
        "looks": scores.source.looks or None,
        "accuracy": defined(metrics.accuracy(scores)),
        "balanced_accuracy": defined(float(metrics.mean_defined(by_class))),
        "macro_f1": defined(metrics.macro_f1(counts)),
        "top5_accuracy": defined(metrics.top_k_accuracy(scores, 5)),
        "loss": defined(metrics.average_loss(scores)),
        "baseline": _baseline(scores),
        "class_accuracy": _named(names, by_class),
        **_by_class(names, counts),
        **_by_probability(scores),
        "intervals": _ends(ends, scores.scheme),
        "confusion": _confusion(scores),
        "calibration": _calibration(scores),
        "kept": _kept(scores),
        "promises": None if made is None else [_defined(vars(promise)) for promise in made],
    }


def _baseline(scores: ClassificationScores) -> dict[str, Any] | None:
    """Return what always answering the most frequent class would reach; None where one class alone has images."""
    if (found := baseline(scores)) is None:
        return None
    return {"class": found.name, "accuracy": found.accuracy, "better": found.better, "never": list(found.never)}


def _mask_baseline(scores: SegmentationScores) -> dict[str, Any] | None:
    """Return the same of masks, with the figures by which the model is better."""
    if (found := mask_baseline(scores)) is None:
        return None
    reached = {"miou": found.miou.reached, "pixel_accuracy": found.pixel_accuracy.reached}
    reached |= {"miou_by_lot": found.by_lot.reached}
    better = {"better": bool(found.better_by), "better_by": list(found.better_by)}
    return {"class": found.name, **reached, **better, "never": list(found.never)}


def _ends(intervals: Intervals, scheme: LabelScheme) -> dict[str, Any]:
    """Return intervals as plain data, those by class for each scored one."""

    def plain(ends: Float64) -> dict[str, Any]:
        if ends.ndim > 1:
            return {name: plain(ends[:, i]) for i, name in enumerate(scheme.names) if scheme.scored[i]}
        return {"low": defined(ends[0]), "high": defined(ends[1])}

    return {name: plain(ends) for name, ends in intervals.items()}


def _by_class(names: Sequence[str], counts: Int64) -> dict[str, dict[str, float | None]]:
    """Return what the counts [3, K] of ``class_counts`` say of each class."""
    return {
        "precision": _named(names, metrics.precision_of_counts(counts)),
        "recall": _named(names, metrics.recall_of_counts(counts)),
        "f1": _named(names, metrics.f1_of_counts(counts)),
    }


def _by_probability(scores: ClassificationScores) -> dict[str, Any]:
    """Return how well each class is told from all others; None where only predictions are known."""
    if scores.probabilities is None:
        return dict.fromkeys(("average_precision", "mean_average_precision", "roc_auc", "findings"))
    names, precision = scores.scheme.names, average_precision(scores)
    return {
        "average_precision": _named(names, precision),
        "mean_average_precision": defined(float(metrics.mean_defined(precision))),
        "roc_auc": _named(names, roc_auc(scores)),
        "findings": {name: _goals(scores, i) for i, name in enumerate(names)},
    }


def _goals(scores: ClassificationScores, index: int) -> list[dict[str, Any]]:
    """Return how each part of a class is found with certainty, and ``here`` how it is on these images alone."""
    both = zip(findings(scores, index), reached(scores, index), strict=True)
    return [_defined(vars(sure)) | {"here": _defined(vars(here))} for sure, here in both]


def _confusion(scores: Scores) -> dict[str, Any]:
    """Return the counts by true class (row) and predicted class (column), with the order of the classes."""
    return {"classes": list(scores.scheme.names), "counts": metrics.confusion_matrix(scores).tolist()}


def _kept(scores: Scores) -> list[dict[str, float | None]] | None:
    """Return what is right of the answers from several confidences on; None without confidences."""
    if (found := kept(scores)) is None:
        return None
    return [_defined(dict(zip(vars(found), row, strict=True))) for row in zip(*vars(found).values(), strict=True)]


def _defined(values: dict[str, float]) -> dict[str, float | None]:
    return {name: defined(value) for name, value in values.items()}


def _calibration(scores: Scores) -> list[dict[str, Any]] | None:
    """Return the reliability at each temperature at which it was counted; None without confidences."""
    if scores.calibration is None:
        return None
    figures = []
    for column, temperature in enumerate(temperatures_of(scores)):
        found = reliability(scores.calibration[:, column], members=members_of(scores))
        bins = zip(found.count.tolist(), found.accuracy.tolist(), found.confidence.tolist(), strict=True)
        figures.append(
            {
                "temperature": temperature,
                "ece": defined(found.ece),
                "low": defined(found.low),
                "high": defined(found.high),
                "bins": [{"count": n, "accuracy": defined(a), "confidence": defined(c)} for n, a, c in bins],
            }
        )
    return figures
