"""What there is to see of images, in the pictures themselves and in what a network makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pixelproof.array_types import Float32, Float64, UInt8
from pixelproof.data import Sample
from pixelproof.data.decoded import read_sample
from pixelproof.data.fingerprint import pixel_digest
from pixelproof.data.reader import as_picture
from pixelproof.data.thumbnails import side_for, thumbnail
from pixelproof.labels import VOID
from pixelproof.models.layers import pooled
from pixelproof.prediction import Predictor
from pixelproof.prediction.chances import best_classes, probabilities
from pixelproof.progress import bar
from pixelproof.runs.drift_file import Kind

WINDOW = 512
"""Pixels a side of what a segmenter is shown of a larger image, its middle: how it looks is what is asked."""
RIGHT = "right"
"""The sign that says how often a network is right, of pixels of a segmenter."""
Signs = dict[tuple[Kind, str], float]


@dataclass(frozen=True)
class Seen:
    """A collection of N images.

    Attributes:
        ids: Of the images.
        scenes: str [N], which of them belong together.
        signs: By kind and name, float64 [N]: what each image has of something.
        features: float32 [N, D], of the network's second-last layer.
        thumbnails: uint8 [N, S, S, 3].
        digests: Of the pixels; equal for equal images.
    """

    ids: tuple[str, ...]
    scenes: tuple[str, ...]
    signs: Mapping[tuple[Kind, str], Float64]
    features: Float32
    thumbnails: UInt8
    digests: tuple[bytes, ...]


def look(predictor: Predictor, samples: Sequence[Sample], called: str, labelled: bool) -> Seen:
    """Return what there is to see of images.

    Args:
        predictor: The network.
        samples: The images.
        called: What the progress display calls them.
        labelled: Whether they have labels or masks, by which the network is right or not.

    Raises:
        UserError: An image or mask cannot be read.
    """
    signs, features, pictures, digests = [], [], [], []
    reader, side = predictor.reader, 2 * side_for(len(samples))
    with bar(called, len(samples), "images") as step:
        for sample in samples:
            image, mask = read_sample(sample if labelled else replace(sample, mask=None), predictor.scheme, reader)
            truth = None if not labelled else sample.label if mask is None else mask
            answered, row = _asked(predictor, image, truth)
            signs.append(picture_signs(image) | answered)
            features.append(row)
            pictures.append(thumbnail(image, side))
            digests.append(pixel_digest(image))
            step()
    return Seen(
        ids=tuple(sample.id for sample in samples),
        scenes=tuple(sample.scene for sample in samples),
        signs={name: np.array([each[name] for each in signs]) for name in signs[0]},
        features=np.stack(features),
        thumbnails=np.stack(pictures),
        digests=tuple(digests),
    )


def picture_signs(image: UInt8) -> Signs:
    """Return the signs of a picture, uint8 [H, W, C], each 0..1 but for the last two."""
    rgb = as_picture(image).astype(np.float32) / 255
    grey = rgb.mean(axis=2)
    edges = np.diff(grey, axis=0)[:, :-1] ** 2 + np.diff(grey, axis=1)[:-1] ** 2
    signs = {"brightness": grey.mean(), "contrast": grey.std()}
    signs |= {f"{name} cast": (rgb[..., k] - grey).mean() for k, name in enumerate(("red", "green", "blue"))}
    signs |= {"sharpness": np.sqrt(edges.mean()) if edges.size else 0.0, "side, pixels": np.sqrt(grey.size)}
    return {("picture", name): float(value) for name, value in signs.items()}


def _asked(predictor: Predictor, image: UInt8, truth: int | UInt8 | None) -> tuple[Signs, Float32]:
    """Return what the network answers to an image, with its confidence, and the features it sees."""
    segments, names = predictor.scheme.task == "segmentation", predictor.scheme.names
    rows, columns = (_middle(side) if segments else slice(None) for side in image.shape[:2])
    output = predictor([image[rows, columns]])
    logits = output.logits.flatten(2)[0].T if segments else output.logits
    chances, answers = probabilities(logits, predictor.temperature), best_classes(logits)
    signs: Signs = {("answer", "confidence"): float(chances.max(axis=1).mean())}
    shares = np.bincount(answers, minlength=len(names)) / len(answers)
    signs |= {("class", name): float(part) for name, part in zip(names, shares, strict=True)}
    if truth is not None:
        known = np.asarray(truth)[rows, columns].ravel() if segments else np.array([truth])
        right = (answers == known)[known != VOID]
        signs[("truth", RIGHT)] = float(right.mean()) if right.size else np.nan
    return signs, pooled(output.features)[0].numpy()


def _middle(side: int) -> slice:
    start = max(0, side - WINDOW) // 2
    return slice(start, start + WINDOW)
