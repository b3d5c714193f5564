"""What a classifier's probabilities say of images whose class is known."""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Float64, Int64
from pixelproof.evaluation.calibration import confidence_counts, temperatures_of
from pixelproof.runs import ClassificationScores

LEAST = float(np.finfo(np.float32).smallest_subnormal)
"""The smallest probability that a score file tells from 0."""
MOST_KEPT = 1 << 24
"""Probabilities that a score file holds, 64 MB."""


class Outcomes(TypedDict):
    """Arrays [N] of ``ClassificationScores``."""

    predicted: Int64
    rank: Int64
    loss: Float64
    confidence: Float64


def outcomes(probability: Float64, truth: Int64) -> Outcomes:
    """Return the outcomes of images with probabilities [N, K] and true classes, int64 [N]."""
    of_truth = probability[np.arange(len(truth)), truth]
    return Outcomes(
        predicted=probability.argmax(axis=1).astype(np.int64),
        rank=rank_of_truth(probability, truth),
        loss=-np.log(of_truth.clip(min=np.finfo(np.float64).tiny)),
        confidence=probability.max(axis=1),
    )


def rank_of_truth(scores: Float64, truth: Int64) -> Int64:
    """Return how many classes stand before the true one, int64 [N], by scores [N, K]; of equal ones, the first does.

    So that the rank is 0 exactly where the prediction is right.
    """
    own = scores[np.arange(len(truth)), truth][:, None]
    before = np.arange(scores.shape[1]) < truth[:, None]
    rank: Int64 = ((scores > own) | ((scores == own) & before)).sum(axis=1)
    return rank


def kept(probability: Float64) -> npt.NDArray[np.float32] | None:
    """Return probabilities [N, K] as a score file keeps them; None where they are too many."""
    return probability.astype(np.float32) if probability.size <= MOST_KEPT else None


def answered_anew(scores: ClassificationScores, chances: Float64, truth: Int64) -> ClassificationScores:
    """Return scores whose answers follow from other probabilities, made of those that they hold.

    All are at the one temperature at which probabilities are known, the last.

    Args:
        scores: The scores.
        chances: float64 [N, K], the other probabilities.
        truth: int64 [N], the true classes.
    """
    found = outcomes(chances.clip(LEAST), truth)
    calibration = None
    if scores.calibration is not None:
        calibration = confidence_counts(found["confidence"], found["predicted"] == truth)[:, None]
    temperature = (temperatures_of(scores) or ("",))[-1] or ""
    source = replace(scores.source, temperatures=temperature)
    kept_ones = chances.astype(np.float32)
    return replace(scores, **found, truth=truth, calibration=calibration, probabilities=kept_ones, source=source)
