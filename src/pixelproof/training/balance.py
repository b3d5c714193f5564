"""Class weights, for data where some classes are rare."""

from __future__ import annotations

import numpy as np
import torch

from pixelproof.data.loading import TrainingImages
from pixelproof.labels import VOID
from pixelproof.progress import track

_LOOKED_AT = 200
"""Masks that are counted, at least, of a data set that has so many; at most twice as many are."""


def class_weights(images: TrainingImages) -> torch.Tensor:
    """Return float [K]: the inverse square root of each class's share of train, mean 1 over the classes present."""
    if images.segmented:
        counts = np.zeros(VOID + 1, np.int64)
        chosen = range(0, len(images), max(1, len(images) // _LOOKED_AT))
        for index in track(chosen, "class weights", len(chosen)):
            mask = images.pixels[index][1]
            assert mask is not None
            counts += np.bincount(mask.ravel(), minlength=VOID + 1)
    else:
        counts = np.bincount([sample.label or 0 for sample in images.samples], minlength=len(images.scheme.classes))
    counts = counts[: len(images.scheme.classes)] * images.scheme.scored
    present = counts > 0
    weights = np.zeros(len(counts))
    weights[present] = (counts[present] / counts.sum()) ** -0.5
    weights[present] /= weights[present].mean()
    return torch.tensor(weights, dtype=torch.float32)
