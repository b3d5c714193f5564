"""Differences between models that were trained with several seeds, tested over images and seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.comparison import paired
from pixelproof.comparison.evidence.runs import measured, weighted
from pixelproof.comparison.evidence.seeds import over_images_and_seeds
from pixelproof.evaluation.metrics import Protocol
from pixelproof.runs import Scores
from pixelproof.runs.fields import Estimate

Levels = Mapping[str, str]
Contrast = Mapping[str, float]
"""The weight of each model's mean score in a difference; others have none, and weights add up to 0."""


@dataclass(frozen=True)
class Cell:
    """A model with its level of each factor and its runs, one for each seed, all scored on the same images."""

    name: str
    levels: Levels
    runs: Sequence[Scores]


@dataclass(frozen=True)
class Tested:
    """A difference with its interval, its two-sided p-value, and that after Holm's method over all that were tested."""

    difference: Estimate
    p: float
    adjusted: float


def differences(
    cells: Sequence[Cell],
    contrasts: Sequence[Contrast],
    protocol: Protocol,
    seed: int = 0,
    groups: Int64 | None = None,
    metric: str | None = None,
) -> tuple[Tested, ...]:
    """Return what the scores of models say of differences between them.

    An interval takes both chances into account: images are resampled, the same for all models; the variance over seeds
    is pooled over all models, as in an analysis of variance, because a few seeds of one model say little of it.

    Args:
        cells: The models.
        contrasts: The differences.
        protocol: How pixels of ignored classes count.
        seed: Seed of the resamples.
        groups: int64 [N], 0 to G-1: images of a group are resampled together; by default each is its own.
        metric: What the score is, accuracy or mIoU by default; see ``runs.metric_names``.
    """
    if not contrasts:
        return ()
    score = measured([run for cell in cells for run in cell.runs], metric, protocol, groups, seed)
    variance, freedom = _over_seeds(cells, score.values)
    found = []
    for contrast in contrasts:
        weights = _weights(cells, contrast)
        spread = variance * float((weights**2).sum())
        value = float(weighted(score.values, weights))
        estimate, p = over_images_and_seeds(value, *score.varies(weights), spread, freedom)
        # No less than exchanging the models on so few images could give.
        found.append((estimate, max(p, 2.0 ** (1 - score.units))))
    adjusted = paired.holm(np.array([p for _, p in found])).tolist()
    return tuple(Tested(estimate, p, q) for (estimate, p), q in zip(found, adjusted, strict=True))


def _weights(cells: Sequence[Cell], contrast: Contrast) -> Float64:
    """Return the weight of each run in a contrast, in the order of cells and their runs."""
    return np.concatenate([np.full(len(cell.runs), contrast.get(cell.name, 0.0) / len(cell.runs)) for cell in cells])


def _over_seeds(cells: Sequence[Cell], values: Float64) -> tuple[float, int]:
    """Return the pooled variance of a single run's score over seeds, and its degrees of freedom."""
    squares, freedom, start = 0.0, 0, 0
    for cell in cells:
        own = values[start : start + len(cell.runs)]
        own, start = own[~np.isnan(own)], start + len(cell.runs)
        if not len(own):
            continue
        squares += float(((own - own.mean()) ** 2).sum())
        freedom += len(own) - 1
    return (squares / freedom if freedom else float("nan")), freedom
