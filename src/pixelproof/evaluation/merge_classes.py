"""Scores with classes put together, as if the labels and the answers had never told them apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pixelproof.array_types import Int64
from pixelproof.evaluation.outcomes import answered_anew
from pixelproof.labels import LabelScheme, Merges, merge_classes
from pixelproof.labels.thresholds import classes_of
from pixelproof.progress import say
from pixelproof.runs import ClassificationScores, Scores, SegmentationScores


def with_merged_classes(scores: Scores, merges: Merges) -> Scores:
    """Return the scores of the same answers where classes are one, and say what cannot be known of these.

    A class alone is renamed, which changes no count.

    Args:
        scores: The scores.
        merges: See ``labels.merge_classes``.

    Raises:
        UserError: The classes do not allow it.
    """
    scheme, new = merge_classes(scores.scheme, merges)
    if len(scheme.classes) == len(new):
        return replace(scores, scheme=scheme)
    if isinstance(scores, SegmentationScores):
        return _segmentation(scores, scheme, new)
    # The fingerprint is one of classes as well, here by their number: images and truth are compared all the same.
    scores = replace(scores, source=replace(scores.source, fingerprint=""))
    if scores.probabilities is None:
        return _without_probabilities(scores, scheme, new)
    return _classification(scores, scheme, new)


def as_one(scores: ClassificationScores, name: str) -> tuple[ClassificationScores, int]:
    """Return scores in which several classes are one, and its place: of ``scratch+dent`` as of a class's own name.

    Raises:
        UserError: There is no such class.
    """
    if len(classes := classes_of(name, scores.scheme)) > 1:
        merged = with_merged_classes(scores, {name: classes})
        assert isinstance(merged, ClassificationScores)
        scores = merged
    return scores, scores.scheme.names.index(name)


def _segmentation(scores: SegmentationScores, scheme: LabelScheme, new: Int64) -> SegmentationScores:
    """Return the exact confusion counts; a pixel's distance to an edge and its confidence are other ones."""
    if scores.boundaries is not None or scores.calibration is not None:
        say("boundaries, objects and confidences cannot be told of merged classes by counts: they are left out")
    to = np.eye(len(scheme.classes) + 1, dtype=np.int64)[[*new, -1]]  # void stays void
    source = replace(scores.source, temperatures="")
    confusion = to.T @ scores.confusion @ to
    return replace(scores, scheme=scheme, confusion=confusion, boundaries=None, calibration=None, source=source)


def _without_probabilities(scores: ClassificationScores, scheme: LabelScheme, new: Int64) -> ClassificationScores:
    if not np.isnan(scores.confidence).all():
        say("there are no probabilities in these scores: loss, rank and confidence of merged classes are left out")
    unknown = np.full(len(scores.ids), np.nan)
    return replace(
        scores,
        scheme=scheme,
        truth=new[scores.truth],
        predicted=new[scores.predicted],
        rank=np.full(len(scores.ids), -1, np.int64),
        loss=unknown,
        confidence=unknown,
        calibration=None,
        source=replace(scores.source, temperatures=""),
    )


def _classification(scores: ClassificationScores, scheme: LabelScheme, new: Int64) -> ClassificationScores:
    """Return the outcomes by summed probabilities."""
    assert scores.probabilities is not None
    sums = scores.probabilities.astype(np.float64) @ np.eye(len(scheme.classes))[new]
    sums = sums.clip(max=1)  # what is rounded may add up to more
    return replace(answered_anew(scores, sums, new[scores.truth]), scheme=scheme)
