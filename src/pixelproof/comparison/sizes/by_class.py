"""What more training images brought to each class."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.comparison import paired
from pixelproof.comparison.areas import areas, informing
from pixelproof.comparison.evidence.seeds import over_images_and_seeds
from pixelproof.comparison.figures import class_figure
from pixelproof.comparison.sizes.chance import chance, of_difference
from pixelproof.evaluation.metrics import PROTOCOL
from pixelproof.evaluation.resampling import by_unit, effective, left_out
from pixelproof.evaluation.summary import defined
from pixelproof.runs import ClassificationScores, Scores
from pixelproof.runs.metric_names import is_area, known_metric
from pixelproof.runs.sizes_file import ClassStep


def class_steps(
    sizes: Sequence[Sequence[Scores]], shares: Float64, before: int, metric: str | None, groups: Int64 | None
) -> tuple[ClassStep, ...]:
    """Return what came to each scored class between a size and all images, those that gained most first.

    How far other images would move a gain, the jackknife tells; p-values are adjusted over the classes.

    Args:
        sizes: The runs at each size.
        shares: float64 [S], of all images.
        before: Place of the size.
        metric: By what models are compared; see ``runs.metric_names.of_each`` for the figure of classes.
        groups: int64 [N], the group of each image; None if each is its own.
    """
    first = sizes[0][0]
    metric = known_metric(metric, first.scheme)
    values = np.stack([[_by_class(run, metric) for run in runs] for runs in sizes])  # [S, R, K]
    moved = _moved(sizes[-1], metric, groups) - _moved(sizes[before], metric, groups)  # [N, K]
    support, variance = effective(moved, _informing(first, moved, metric, groups)), (moved**2).sum(axis=0)
    names, found = list(compress(first.scheme.names, first.scheme.scored)), []
    for place in range(len(names)):
        own = values[:, :, place]
        luck = chance(shares, own)
        gain = float(own[-1].mean() - own[before].mean())
        over_seeds = of_difference(luck, float(shares[before]), own.shape[1])
        found.append(
            over_images_and_seeds(gain, float(variance[place]), float(support[place]), over_seeds, luck.freedom)
        )
    adjusted = paired.holm(np.array([p for _, p in found]))
    means = values.mean(axis=1)
    steps = [
        ClassStep(name=name, before=mean[before], after=mean[-1], gain=gain, p=defined(p))
        for name, mean, (gain, _), p in zip(names, means.T.tolist(), found, adjusted, strict=True)
    ]
    return tuple(sorted(steps, key=lambda step: np.inf if step.gain.value is None else -step.gain.value))


def _by_class(run: Scores, metric: str) -> Float64:
    """Return the figure of each scored class, [K]."""
    if is_area(metric):
        assert isinstance(run, ClassificationScores)
        return areas(run, metric, None)[0][:-1][run.scheme.scored]
    figure = class_figure(metric, run, PROTOCOL)
    return figure.table(figure.counts(run).sum(axis=0))[:-1]


def _moved(runs: Sequence[Scores], metric: str, groups: Int64 | None) -> Float64:
    """Return by how much leaving out each image, or group, moves the mean over runs of each class's figure, [N, K]."""
    total: Float64 = sum(_influence(run, metric, groups) for run in runs) / len(runs)  # type: ignore[assignment]
    return total


def _influence(run: Scores, metric: str, groups: Int64 | None) -> Float64:
    if is_area(metric):
        assert isinstance(run, ClassificationScores)
        return areas(run, metric, groups)[1][:, :-1][:, run.scheme.scored]
    figure = class_figure(metric, run, PROTOCOL)
    return left_out(by_unit(figure.counts(run), groups), figure.table)[:, :-1]


def _informing(run: Scores, moved: Float64, metric: str, groups: Int64 | None) -> Int64 | Float64:
    """Return how many images, or groups, inform the figure of each class, [K]."""
    if is_area(metric):
        assert isinstance(run, ClassificationScores)
        return informing(moved, run, groups)
    figure = class_figure(metric, run, PROTOCOL)
    return figure.shown(by_unit(figure.counts(run), groups))[:-1]
