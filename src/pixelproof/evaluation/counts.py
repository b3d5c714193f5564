"""The confusion counts of one image: pixels by true and predicted class."""

from __future__ import annotations

import numpy as np

from pixelproof.array_types import Int64, UInt8
from pixelproof.labels import VOID, stretches


def confusion_counts(truth: UInt8, prediction: UInt8, classes: int) -> Int64:
    """Count the pixels of one image by true and predicted class.

    Args:
        truth: uint8 [H, W], class indices below ``classes`` or ``VOID``.
        prediction: uint8 [H, W], likewise.
        classes: Number of classes K, at most 255.

    Returns:
        int64 [K+1, K+1]; entry [t, p] counts the pixels of class t predicted as p; the last row and column are void.

    Raises:
        ValueError: The shapes differ, or a value is neither a class nor void.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"truth is {truth.shape} and prediction {prediction.shape}")
    # One pass over both masks: the pair of bytes is the bin. Weights are float64, exact up to 2^53 pixels.
    pairs, lengths = stretches((truth.astype(np.uint16) << 8 | prediction).ravel())
    bins = np.bincount(pairs, lengths, minlength=65536).reshape(256, 256)
    kept = [*range(classes), VOID]
    counts = bins[np.ix_(kept, kept)].astype(np.int64)
    if counts.sum() != truth.size:
        raise ValueError(f"a mask holds values that are neither below {classes} nor {VOID}")
    return counts
