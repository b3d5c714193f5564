"""The one figure that picks the best checkpoint, after every epoch, and no more than it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pixelproof.data.decoded import Decoded, UInt8
from pixelproof.evaluation.counts import confusion_counts
from pixelproof.evaluation.metrics import mean_iou
from pixelproof.prediction import Predictor
from pixelproof.progress import bar
from pixelproof.runs import SegmentationScores

Int64 = npt.NDArray[np.int64]
BATCH_PIXELS = 1 << 20
"""Pixels that go through the network at once: four tiles of 512x512, or 1,024 images of 32x32."""


def selection_figure(predictor: Predictor, pixels: Decoded, labels: Sequence[int | None]) -> float:
    """Return the accuracy of a classifier, or the mIoU of a segmenter with ignored classes left out.

    Args:
        predictor: The network.
        pixels: The decoded images.
        labels: The class of each classified image.

    Raises:
        UserError: An image or mask cannot be read.
    """
    if predictor.scheme.task == "classification":
        chosen = _in_batches(predictor, pixels)
        return float(np.mean([label == guess for label, (_, guess) in zip(labels, chosen, strict=True)]))
    classes = len(predictor.scheme.classes)
    counts = [
        confusion_counts(mask, guess.astype(np.uint8), classes)
        for mask, guess in _in_batches(predictor, pixels)
        if mask is not None
    ]
    ids = tuple(map(str, range(len(counts))))
    return mean_iou(SegmentationScores(ids, np.stack(counts), predictor.scheme), "unknown_ignored")


def _in_batches(predictor: Predictor, pixels: Decoded) -> Iterator[tuple[UInt8 | None, Int64]]:
    """Yield the mask and the predicted class or class map of every image, neighbours of one size together."""
    waiting: list[tuple[UInt8, UInt8 | None]] = []
    with bar("evaluate selection", len(pixels), "images") as step:
        for index in range(len(pixels) + 1):
            pair = pixels[index] if index < len(pixels) else None
            if waiting and (pair is None or pair[0].shape != waiting[0][0].shape or _full(waiting)):
                guesses = predictor.best_classes([image.transpose(1, 2, 0) for image, _ in waiting])
                yield from zip((mask for _, mask in waiting), guesses, strict=True)
                step(len(waiting))
                waiting = []
            waiting += [pair] if pair is not None else []


def _full(waiting: Sequence[tuple[UInt8, UInt8 | None]]) -> bool:
    height, width = waiting[0][0].shape[1:]
    return bool((len(waiting) + 1) * height * width > BATCH_PIXELS)
