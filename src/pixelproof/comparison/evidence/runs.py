"""A figure of several runs on the same images, and how far other images would move a weighted sum of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.comparison import paired
from pixelproof.comparison.areas import areas, informing
from pixelproof.comparison.figures import Figure, score_figure
from pixelproof.evaluation.metrics import Protocol
from pixelproof.evaluation.resampling import by_unit, effective
from pixelproof.runs import ClassificationScores, Scores
from pixelproof.runs.metric_names import is_area, known_metric


@dataclass(frozen=True)
class Measured:
    """A figure of M runs.

    Attributes:
        values: float64 [M]; NaN where undefined.
        units: N, how many images, or groups, they are of.
        varies: From weights [M] of the runs to the variance over images of the figures' weighted sum, and the effective
            number of images, or groups, behind it; NaN where unknown.
        covary: From weights [S, M] to the covariance of as many such sums over images, [S, S].
    """

    values: Float64
    units: int
    varies: Callable[[Float64], tuple[float, float]]
    covary: Callable[[Float64], Float64]


def measured(
    runs: Sequence[Scores], metric: str | None, protocol: Protocol, groups: Int64 | None, seed: int
) -> Measured:
    """Return the figure of runs on the same images by which models are compared.

    Args:
        runs: The runs' scores, their images in one order.
        metric: Its name; None for accuracy or mIoU. See ``runs.metric_names``.
        protocol: How pixels of ignored classes count.
        groups: int64 [N], 0 to G-1: images of a group are resampled together; None if each is its own.
        seed: Seed of the resamples.

    Raises:
        UserError: The scores have no such metric, or lack what it needs.
    """
    metric = known_metric(metric, runs[0].scheme)
    if is_area(metric):
        return _areas([run for run in runs if isinstance(run, ClassificationScores)], metric, groups)
    return _counted(runs, score_figure(runs[0], protocol, metric), groups, seed)


def weighted(values: Float64, weights: Float64) -> Float64:
    """Return the sum of values of runs, [..., M], by their weights, [M]; what has none may be undefined."""
    chosen = weights != 0
    total: Float64 = (values[..., chosen] * weights[chosen]).sum(axis=-1)
    return total


def _counted(runs: Sequence[Scores], figure: Figure, groups: Int64 | None, seed: int) -> Measured:
    units = by_unit(np.stack([figure.counts(run) for run in runs], axis=1), groups)
    resampled = paired.resample(units, figure.value, seed)
    shown = np.array([figure.informing(units[:, 0])])

    def varies(weights: Float64) -> tuple[float, float]:
        support = paired.support(units, lambda sums: weighted(figure.value(sums), weights)[..., None], shown)
        return paired.variance(weighted(resampled, weights)), float(support[0])

    def covary(weights: Float64) -> Float64:
        sums = np.stack([weighted(resampled, own) for own in weights], axis=1)
        return np.atleast_2d(np.cov(sums[~np.isnan(sums).any(axis=1)].T, bias=True))

    return Measured(figure.value(units.sum(axis=0)), len(units), varies, covary)


def _areas(runs: Sequence[ClassificationScores], metric: str, groups: Int64 | None) -> Measured:
    found = [areas(run, metric, groups) for run in runs]
    moved = np.stack([each[:, -1] for _, each in found], axis=1)

    def varies(weights: Float64) -> tuple[float, float]:
        influence = weighted(moved, weights)[:, None]
        support = effective(influence, informing(influence, runs[0], groups))
        return float((influence**2).sum()), float(support[0])

    def covary(weights: Float64) -> Float64:
        influences = np.stack([weighted(moved, own) for own in weights])
        return influences @ influences.T

    return Measured(np.array([values[-1] for values, _ in found]), len(moved), varies, covary)
