"""What a classifier's probabilities say of images whose class is known."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Float64, Int64

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
