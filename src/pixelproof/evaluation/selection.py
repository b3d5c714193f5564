"""The one figure that picks the best checkpoint, after every epoch, the loss beside it, and no more than they take."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from pixelproof.array_types import Float64, Int64, UInt8
from pixelproof.data.decoded import Decoded
from pixelproof.data.loading import IGNORE, look_up, target_table
from pixelproof.evaluation.counts import confusion_counts
from pixelproof.evaluation.metrics import mean_iou
from pixelproof.labels import LabelScheme
from pixelproof.prediction import Predictor
from pixelproof.prediction.chances import best_classes
from pixelproof.prediction.tiles import halo, large, tile_side, tiles
from pixelproof.progress import bar
from pixelproof.runs import SegmentationScores

BATCH_PIXELS = 1 << 20
"""Pixels that go through the network at once: four tiles of 512x512, or 1,024 images of 32x32."""

Stored = npt.NDArray[np.integer]
"""What is known of N images: their masks, uint8 [N, H, W], or the indices of classified ones, [N]."""


def selection_counts(
    predictor: Predictor, pixels: Decoded, labels: Sequence[int | None], part: slice
) -> tuple[Int64, Float64]:
    """Return what ``selection_figures`` needs to know of some images; that of several parts adds up.

    Args:
        predictor: The network.
        pixels: The decoded images.
        labels: The class of each classified image.
        part: Which of them to count.

    Returns:
        Classification: images right and images of each class, [K, 2]. Segmentation: the confusion matrix of all pixels.
        Then the cross-entropy, in nats, summed over the images, or over the pixels of scored classes, [1].

    Raises:
        UserError: An image or mask cannot be read.
    """
    classes = len(predictor.scheme.classes)
    shape = (classes, 2) if predictor.scheme.task == "classification" else (classes + 1, classes + 1)
    counts = np.zeros(shape, np.int64)
    table, loss = target_table(predictor.scheme, labels).to(predictor.device), np.zeros(1)
    for stored, logits in _answers(predictor, pixels, range(len(pixels))[part]):
        targets = look_up(table, torch.from_numpy(stored))
        losses = F.cross_entropy(logits.float(), targets, ignore_index=IGNORE, reduction="none")
        loss += losses.sum(dtype=torch.float64).item()
        guesses = best_classes(logits)
        if predictor.scheme.task == "classification":
            truth = targets.cpu().numpy()
            counts += np.stack([np.bincount(those, minlength=classes) for those in (truth[guesses == truth], truth)], 1)
        else:
            for mask, guess in zip(stored, guesses.astype(np.uint8), strict=True):
                counts += confusion_counts(mask, guess, classes)
    return counts, loss


def selection_figures(
    counts: Int64, loss: Float64, scheme: LabelScheme, choose_by: str = "score"
) -> tuple[float, float]:
    """Return the figure to choose by and the loss beside it.

    Args:
        counts: What ``selection_counts`` returns, of all images together.
        loss: Likewise.
        scheme: The label contract.
        choose_by: As the setting of this name.

    Returns:
        What to choose by, the higher the better: the accuracy of a classifier, the mean of the recalls of the classes
        that are there, the mIoU of a segmenter with ignored classes left out, or the negative loss; the mean
        cross-entropy over the images, or over the pixels of scored classes, in nats. NaN where there is nothing to
        score.
    """
    classified = scheme.task == "classification"
    judged = counts[:, 1].sum() if classified else counts[:-1][scheme.scored].sum()
    mean_loss = float(loss.item() / judged) if judged else math.nan
    if choose_by == "loss":
        return -mean_loss, mean_loss
    if not classified:
        return mean_iou(SegmentationScores(("all",), counts[None], scheme), "unknown_ignored"), mean_loss
    right, images = (counts[counts[:, 1] > 0] if choose_by == "balanced" else counts.sum(axis=0)[None]).T
    return float(np.mean(right / images)), mean_loss


def _answers(predictor: Predictor, pixels: Decoded, indices: range) -> Iterator[tuple[Stored, Tensor]]:
    """Yield what is known of some images and the logits, [N, K, ...] on the device, of a large one tile by tile."""
    for stored, images in _in_batches(pixels, indices):
        height, width = images[0].shape[:2]
        if predictor.scheme.task == "classification" or not large(predictor.model, height, width):
            yield stored, predictor.device_logits(images)
            continue
        images = [np.ascontiguousarray(image) for image in images]
        for tile in tiles(height, width, tile_side(predictor.model), halo(predictor.model)):
            logits = predictor.device_logits([image[tile.seen.slices] for image in images])
            yield stored[:, *tile.kept.slices], logits[..., *tile.inside]


def _in_batches(pixels: Decoded, indices: range) -> Iterator[tuple[Stored, list[UInt8]]]:
    """Yield what is known of some images, and the images, [H, W, C]; neighbours of one size together."""
    waiting: list[tuple[UInt8, Stored]] = []
    with bar("evaluate selection", len(indices), "images") as step:
        for index in [*indices, None]:
            pair = None
            if index is not None:
                image, mask = pixels[index]
                pair = image, np.array(index) if mask is None else mask
            if waiting and (pair is None or pair[0].shape != waiting[0][0].shape or _full(waiting)):
                yield np.stack([known for _, known in waiting]), [image.transpose(1, 2, 0) for image, _ in waiting]
                step(len(waiting))
                waiting = []
            waiting += [pair] if pair is not None else []


def _full(waiting: Sequence[tuple[UInt8, Stored]]) -> bool:
    height, width = waiting[0][0].shape[1:]
    return bool((len(waiting) + 1) * height * width > BATCH_PIXELS)
