"""The one figure that picks the best checkpoint, after every epoch, and no more than it takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Int64, UInt8
from pixelproof.data.decoded import Decoded
from pixelproof.evaluation.counts import confusion_counts
from pixelproof.evaluation.metrics import mean_iou
from pixelproof.labels import LabelScheme
from pixelproof.prediction import Predictor
from pixelproof.prediction.tiles import large
from pixelproof.progress import bar
from pixelproof.runs import SegmentationScores

BATCH_PIXELS = 1 << 20
"""Pixels that go through the network at once: four tiles of 512x512, or 1,024 images of 32x32."""


def selection_counts(predictor: Predictor, pixels: Decoded, labels: Sequence[int | None], part: slice) -> Int64:
    """Return what ``selection_figure`` needs to know of some images; counts of several parts add up.

    Args:
        predictor: The network.
        pixels: The decoded images.
        labels: The class of each classified image.
        part: Which of them to count.

    Returns:
        Classification: images right and images, [2]. Segmentation: the confusion matrix of all pixels.

    Raises:
        UserError: An image or mask cannot be read.
    """
    indices = range(len(pixels))[part]
    answers = _in_batches(predictor, pixels, indices)
    if predictor.scheme.task == "classification":
        right = [labels[index] == guess for index, (_, guess) in zip(indices, answers, strict=True)]
        return np.array([sum(right), len(right)], np.int64)
    classes = len(predictor.scheme.classes)
    counts = np.zeros((classes + 1, classes + 1), np.int64)
    for mask, guess in answers:
        if mask is not None:
            counts += confusion_counts(mask, guess.astype(np.uint8), classes)
    return counts


def selection_figure(counts: Int64, scheme: LabelScheme) -> float:
    """Return the accuracy of a classifier, or the mIoU of a segmenter with ignored classes left out.

    Args:
        counts: What ``selection_counts`` returns, of all images together.
        scheme: The label contract.
    """
    if scheme.task == "classification":
        right, images = counts
        return float(right / images)
    return mean_iou(SegmentationScores(("all",), counts[None], scheme), "unknown_ignored")


def _in_batches(predictor: Predictor, pixels: Decoded, indices: range) -> Iterator[tuple[UInt8 | None, Int64]]:
    """Yield the mask and the predicted class or class map of some images, neighbours of one size together."""
    waiting: list[tuple[UInt8, UInt8 | None]] = []
    with bar("evaluate selection", len(indices), "images") as step:
        for index in [*indices, None]:
            pair = pixels[index] if index is not None else None
            if waiting and (pair is None or pair[0].shape != waiting[0][0].shape or _full(waiting)):
                guesses = _answers(predictor, [image.transpose(1, 2, 0) for image, _ in waiting])
                yield from zip((mask for _, mask in waiting), guesses, strict=True)
                step(len(waiting))
                waiting = []
            waiting += [pair] if pair is not None else []


def _answers(predictor: Predictor, images: Sequence[UInt8]) -> Sequence[npt.NDArray[np.integer]]:
    """Return the predicted classes or class maps of images [H, W, C] of one size, a large segmented one in tiles."""
    height, width = images[0].shape[:2]
    if predictor.scheme.task == "segmentation" and large(predictor.model, height, width):
        return [predictor.class_map(np.ascontiguousarray(image)) for image in images]
    return list(predictor.best_classes(images))


def _full(waiting: Sequence[tuple[UInt8, UInt8 | None]]) -> bool:
    height, width = waiting[0][0].shape[1:]
    return bool((len(waiting) + 1) * height * width > BATCH_PIXELS)
