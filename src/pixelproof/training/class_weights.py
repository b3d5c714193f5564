"""Class weights, for data where some classes are rare."""

from __future__ import annotations

import numpy as np
import torch

from pixelproof.array_types import Int64
from pixelproof.data.loading import TrainingImages
from pixelproof.labels import VOID
from pixelproof.progress import track
from pixelproof.randomness import generator

_LOOKED_AT = 200
"""Masks that are counted, of a data set that has so many; all where these do not show every class."""


def class_weights(images: TrainingImages) -> torch.Tensor:
    """Return float [K]: what the settings say, by name or by frequency.

    By frequency: the inverse square root of each class's share of train, mean 1 over the classes present.
    """
    by_hand = images.config.training.class_weights
    if isinstance(by_hand, dict):
        return torch.tensor([by_hand.get(name, 1.0) for name in images.scheme.names])
    if images.segmented:
        counts = _pixels(images)
    else:
        counts = np.bincount([sample.label or 0 for sample in images.samples], minlength=len(images.scheme.classes))
    counts = counts[: len(images.scheme.classes)] * images.scheme.scored
    present = counts > 0
    weights = np.zeros(len(counts))
    weights[present] = (counts[present] / counts.sum()) ** -0.5
    weights[present] /= weights[present].mean()
    return torch.tensor(weights, dtype=torch.float32)


def _pixels(images: TrainingImages) -> Int64:
    """Return int64 [256]: pixels of each mask value, in some masks or, where these lack a scored class, in all."""
    counts = np.zeros(VOID + 1, np.int64)
    order = generator(images.config.training.seed, "class weights").permutation(len(images)).tolist()
    for part, label in ((order[:_LOOKED_AT], "class weights"), (order[_LOOKED_AT:], "classes not seen yet")):
        if not part or counts[np.flatnonzero(images.scheme.scored)].all():
            break
        for index in track(part, label, len(part), "masks"):
            mask = images.pixels[index][1]
            assert mask is not None
            counts += np.bincount(mask.ravel(), minlength=VOID + 1)
    return counts
