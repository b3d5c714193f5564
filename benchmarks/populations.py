"""Simulated populations of images on which two models' true difference is known exactly.

Their marginals follow the reference study's validation split (257 tiles, 512x512 pixels): how many tiles show a class,
how much of a tile it fills, and how far FCN32s and FCN8s get on it. Tiles differ in difficulty, and both models find
the same tiles hard, as real models do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.labels import PRESETS, LabelClass, LabelScheme
from pixelproof.runs import ClassificationScores, SegmentationScores

SCHEME = PRESETS["deepglobe"]
PIXELS = 512 * 512
PRESENT = np.array([0.58, 0.82, 0.52, 0.18, 0.37, 0.41, 0.04])  # share of the tiles that show each class
SIZE = np.array([-2.3, 0.7, -1.6, 1.2, -3.5, -2.2, -7.0])  # log of the area where shown: mean and spread
SPREAD = np.array([1.9, 0.9, 1.3, 1.8, 1.7, 2.6, 1.5])
RECALL = np.array([2.0, 2.8, -0.3, 2.2, 1.7, 1.6, -3.0])  # logit of a class's recall on a tile of average difficulty
MISTAKEN = np.array(  # how readily the true class (row) is taken for another
    [
        [0, 5, 2, 0.5, 0.5, 2, 0.01],
        [2, 0, 3, 1, 0.5, 3, 0.01],
        [1, 6, 0, 2, 0.5, 3, 0.01],
        [0.5, 4, 3, 0, 1, 0.5, 0.01],
        [1, 4, 2, 1, 0, 2, 0.01],
        [2, 5, 4, 0.3, 0.5, 0, 0.01],
        [1, 4, 2, 1, 1, 1, 0],
    ]
)
PETS = LabelScheme(task="classification", classes=tuple(LabelClass(name=f"class {i}", id=i) for i in range(50)))


@dataclass(frozen=True)
class Segmented:
    """Counts of two segmenters on every tile of a population, int64 [P, 8, 8] each."""

    a: Int64
    b: Int64

    def sample(self, rng: np.random.Generator, images: int) -> tuple[SegmentationScores, SegmentationScores]:
        """Return both models' scores on tiles drawn at random."""
        drawn = rng.integers(0, len(self.a), images)
        ids = tuple(f"{i:06}" for i in range(images))
        return SegmentationScores(ids, self.a[drawn], SCHEME), SegmentationScores(ids, self.b[drawn], SCHEME)

    def whole(self) -> tuple[SegmentationScores, SegmentationScores]:
        """Return both models' scores on the population, as one image."""
        totals = (self.a.sum(axis=0, keepdims=True), self.b.sum(axis=0, keepdims=True))
        return SegmentationScores(("",), totals[0], SCHEME), SegmentationScores(("",), totals[1], SCHEME)


@dataclass(frozen=True)
class Classified:
    """Classes that two classifiers and the truth give to every image of a population, int64 [P] each."""

    truth: Int64
    a: Int64
    b: Int64

    def sample(self, rng: np.random.Generator, images: int) -> tuple[ClassificationScores, ClassificationScores]:
        """Return both models' scores on images drawn at random."""
        drawn = rng.integers(0, len(self.truth), images)
        return _outcomes(self.truth[drawn], self.a[drawn]), _outcomes(self.truth[drawn], self.b[drawn])

    def whole(self) -> tuple[ClassificationScores, ClassificationScores]:
        """Return both models' scores on the population."""
        return _outcomes(self.truth, self.a), _outcomes(self.truth, self.b)


def segmented(rng: np.random.Generator, size: int, gain: float) -> Segmented:
    """Return a population of tiles and two models.

    Args:
        rng: The source of randomness.
        size: Number of tiles.
        gain: How far the second model's logits of recall lie above the first's. At 0 the models are exactly equal:
            every tile stands twice, with the models exchanged.
    """
    base = RECALL + 0.3 * rng.normal(size=7)
    better = base + gain + (0.3 * rng.normal(size=7) if gain else 0)
    truth = _tiles(rng, size)
    difficulty = 0.8 * rng.normal(size=(size, 1)) + 0.9 * rng.normal(size=(size, 7))
    lure = rng.normal(size=(size, 7, 7))
    a, b = (_predict(rng, truth, level + difficulty, lure) for level in (base, better))
    return Segmented(a, b) if gain else Segmented(np.concatenate([a, b]), np.concatenate([b, a]))


def classified(rng: np.random.Generator, size: int, gain: float) -> Classified:
    """Return a population of images and two models; arguments as in ``segmented``, with logits of being right."""
    truth = rng.integers(0, 50, size)
    level = 1.6 + 0.7 * rng.normal(size=50)[truth] + 1.2 * rng.normal(size=size)
    other = (truth + rng.integers(1, 50, size)) % 50
    a, b = (np.where(_chance(rng, level + shift), truth, other) for shift in (0, gain))
    if gain:
        return Classified(truth, a, b)
    return Classified(np.tile(truth, 2), np.concatenate([a, b]), np.concatenate([b, a]))


def _tiles(rng: np.random.Generator, size: int) -> Int64:
    """Return the pixels of each class in each tile, int64 [P, 7]."""
    present = rng.random((size, 7)) < PRESENT
    present[~present.any(axis=1), 1] = True
    area = np.where(present, np.exp(SIZE + SPREAD * rng.normal(size=(size, 7))), 0)
    pixels: Int64 = np.floor(area / area.sum(axis=1, keepdims=True) * PIXELS).astype(np.int64)
    pixels[np.arange(size), pixels.argmax(axis=1)] += PIXELS - pixels.sum(axis=1)
    return pixels


def _predict(rng: np.random.Generator, truth: Int64, level: Float64, lure: Float64) -> Int64:
    """Return a model's counts on each tile, int64 [P, 8, 8]."""
    recall = 1 / (1 + np.exp(-(level + 0.6 * rng.normal(size=level.shape))))
    mistaken = MISTAKEN * np.exp(lure + 0.6 * rng.normal(size=lure.shape))
    mistaken /= mistaken.sum(axis=-1, keepdims=True)
    wrong = np.floor((truth * (1 - recall))[..., None] * mistaken).astype(np.int64)
    counts = np.zeros((len(truth), 8, 8), np.int64)
    counts[:, :7, :7] = wrong
    classes = np.arange(7)
    counts[:, classes, classes] = truth - wrong.sum(axis=-1)
    return counts


def _chance(rng: np.random.Generator, level: Float64) -> Bool:
    return rng.random(len(level)) < 1 / (1 + np.exp(-level))


def _outcomes(truth: Int64, predicted: Int64) -> ClassificationScores:
    unknown = np.full(len(truth), np.nan)
    rank = np.full(len(truth), -1, np.int64)
    ids = tuple(map(str, range(len(truth))))
    return ClassificationScores(ids, truth, predicted, rank, unknown, unknown, PETS)
