"""What a network makes of labelled images: their features, its answers, and a thumbnail of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pixelproof.array_types import Float32, Int64, UInt8
from pixelproof.config import OWN_SIZE
from pixelproof.data import Sample
from pixelproof.data.fingerprint import pixel_digest
from pixelproof.data.thumbnails import side_for, thumbnail
from pixelproof.evaluation.evaluate import batches
from pixelproof.models.layers import layer_of, pooled, tapped
from pixelproof.prediction import Predictor
from pixelproof.progress import bar
from pixelproof.runs import Run

SECOND_LAST = "second-last"
"""The layer whose output every model hands out as its features."""


@dataclass(frozen=True)
class Extracted:
    """N images as a classifier sees them.

    Attributes:
        features: float32 [N, D], of one layer.
        logits: float32 [N, K].
        thumbnails: uint8 [N, S, S, 3].
        digests: N digests of the images' pixels, equal for equal images.
    """

    features: Float32
    logits: Float32
    thumbnails: UInt8
    digests: tuple[bytes, ...]

    @property
    def predicted(self) -> Int64:
        """int64 [N], the predicted class."""
        return np.asarray(self.logits.argmax(axis=1), np.int64)


def predictor_for(run: Run, device: str, layer: str) -> Predictor:
    """Load a run's network to look into one of its layers.

    The second-last one answers as the run is set to; others are found in the network as ``show`` prints it.

    Raises:
        UserError: The run is incomplete or damaged, or its network has no such layer.
    """
    if layer == SECOND_LAST:
        return Predictor.open(run, device)
    predictor = Predictor.open(run, device, tta=False, scales=OWN_SIZE, literal=True)
    layer_of(predictor.model, layer)  # now, rather than when something has been begun
    return predictor


def extract(
    predictor: Predictor, samples: Sequence[Sample], layer: str = SECOND_LAST, label: str = "features"
) -> Extracted:
    """Apply a classifier to images.

    Args:
        predictor: The network.
        samples: The images.
        layer: Whose output to keep: ``SECOND_LAST`` or the name of a module; maps are averaged over positions.
        label: What the progress display calls this.

    Raises:
        UserError: An image cannot be read, or there is no such layer.
    """
    side = side_for(len(samples))
    thumbnails = np.empty((len(samples), side, side, 3), np.uint8)
    features = logits = np.empty((0, 0), np.float32)
    digests: list[bytes] = []
    done = 0
    with bar(label, len(samples), "images") as step:
        for batch in batches(predictor, samples):
            images = [predictor.reader(sample.image) for sample in batch]
            rows, answers = (part.numpy() for part in _apply(predictor, images, layer))
            if not done:  # one array of the final size: a list of batches would hold all features twice
                features = np.empty((len(samples), rows.shape[1]), np.float32)
                logits = np.empty((len(samples), answers.shape[1]), np.float32)
            place = slice(done, done := done + len(batch))
            features[place], logits[place] = rows, answers
            thumbnails[place] = [thumbnail(image, side) for image in images]
            digests += [pixel_digest(image) for image in images]
            step(len(batch))
    return Extracted(features, logits, thumbnails, tuple(digests))


def _apply(predictor: Predictor, images: list[UInt8], layer: str) -> tuple[Tensor, Tensor]:
    """Return (features [N, D], logits [N, K]) of images."""
    if layer == SECOND_LAST:
        output = predictor(images)
        return pooled(output.features), output.logits
    with tapped(predictor.model, layer) as taken:
        logits = predictor(images).logits
    with torch.inference_mode():
        return pooled(taken[-1]).float().cpu(), logits
