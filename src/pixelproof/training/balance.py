"""Class weights, for data where some classes are rare."""

from __future__ import annotations

import numpy as np
import torch

from pixelproof.data.images import read_mask
from pixelproof.data.loading import TrainingImages
from pixelproof.labels import VOID
from pixelproof.progress import track

_LOOKED_AT = 200
"""Masks that are counted."""


def class_weights(images: TrainingImages) -> torch.Tensor:
    """Return float [K]: the inverse square root of each class's share of train, mean 1 over the classes present."""
    counts = np.zeros(VOID + 1 if images.samples[0].mask else len(images.scheme.classes), np.int64)
    chosen = images.samples
    if images.samples[0].mask is not None:
        chosen = images.samples[:: max(1, len(images.samples) // _LOOKED_AT)]
    for sample in track(chosen, "class weights", len(chosen)):
        if sample.mask is not None:
            counts += np.bincount(read_mask(sample.mask, images.scheme).ravel(), minlength=VOID + 1)
        else:
            counts[sample.label] += 1
    counts = counts[: len(images.scheme.classes)] * images.scheme.scored
    present = counts > 0
    weights = np.zeros(len(counts))
    weights[present] = (counts[present] / counts.sum()) ** -0.5
    weights[present] /= weights[present].mean()
    return torch.tensor(weights, dtype=torch.float32)
