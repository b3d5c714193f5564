"""Where the gain of one segmenter over another lies: at edges or inside, in which objects, between which classes.

All of it is a function of counts that add up over images, so every figure has an interval from resampled images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from pixelproof.comparison.split import split_gain
from pixelproof.errors import UserError
from pixelproof.evaluation.boundary_metrics import (
    BAND_NAMES,
    SIZE_NAMES,
    error_rate,
    object_recall,
    objects_found,
    region_iou,
)
from pixelproof.evaluation.metrics import Protocol, mean_defined, ratio
from pixelproof.randomness import generator
from pixelproof.runs import Boundaries, SegmentationScores
from pixelproof.runs.boundaries import BAND_EDGES

RESAMPLES = 10_000
CONFIDENCE = 0.95
PAIRS = 10
_CELLS = 4_000_000  # numbers held at once, which bounds the memory

Bool = npt.NDArray[np.bool_]
Float64 = npt.NDArray[np.float64]
Statistic = Callable[[Float64], Float64]
"""From sums of counts [..., *C] to S figures [..., S], NaN where undefined."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95% interval over images; the bounds are NaN for a single image, which shows no spread."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Part:
    """A part of the gain in mIoU; the parts add up to the whole."""

    name: str
    gain: Estimate


@dataclass(frozen=True)
class Change:
    """A figure of both models, and the second's minus the first's."""

    name: str
    a: float
    b: float
    difference: Estimate


@dataclass(frozen=True)
class Confusion:
    """Pixels of one class taken for another: how many, and how many fewer by the second model."""

    true: str
    predicted: str
    a: int
    b: int
    repaired: Estimate
    """As a share of all true pixels of scored classes; below 0 where the second confuses more."""


@dataclass(frozen=True)
class Where:
    """Where the gain of model B over model A lies.

    Attributes:
        total: Gain in mIoU.
        edges: Part of it that is due to pixels near true boundaries.
        interior: Part of it that is due to all others.
        bands: Part of it by distance in pixels to the true boundary; those near add up to ``edges``.
        error_rates: Share of wrong pixels by distance in pixels to the true boundary.
        recalls: Share of hit pixels by area in pixels of the true object.
        found: Share of objects more than half hit, likewise.
        confusions: The pairs of classes in which most changed, the largest first. All pairs together add up to the
            change of the error rate.
    """

    total: Estimate
    edges: Estimate
    interior: Estimate
    bands: tuple[Part, ...]
    error_rates: tuple[Change, ...]
    recalls: tuple[Change, ...]
    found: tuple[Change, ...]
    confusions: tuple[Confusion, ...]


def where_gain(
    a: SegmentationScores,
    b: SegmentationScores,
    protocol: Protocol = "unknown_counted",
    edges: int = 8,
    groups: npt.NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Where:
    """Return where the gain of B over A lies.

    Args:
        a: The first model's scores.
        b: The second's, of the same images in the same order.
        protocol: How pixels of ignored classes count.
        edges: Largest distance in pixels to the true boundary that is called an edge; one of ``BAND_EDGES``.
        groups: int64 [N], 0 to G-1: images of a group are resampled together; by default each is its own.
        seed: Seed of the resamples.

    Raises:
        UserError: One holds no boundary counts.
        ValueError: The two differ in their images or truth, or no band ends at ``edges``.
    """
    if edges not in BAND_EDGES:
        raise ValueError(f"no band ends at {edges} px")
    counts_a, counts_b = _boundaries(a), _boundaries(b)
    if a.ids != b.ids or not np.array_equal(counts_a.bands[..., 1], counts_b.bands[..., 1]):
        raise ValueError("the two were not scored on the same images with the same truth")
    scored, near = a.scheme.scored, BAND_EDGES.index(edges) + 1
    groups = np.arange(len(a.ids)) if groups is None else groups
    estimate = partial(_estimates, groups=groups, seed=seed)
    bands, objects = _paired(counts_a.bands, counts_b.bands), _paired(counts_a.objects, counts_b.objects)
    iou = partial(_mean_iou, scored=scored, protocol=protocol)
    *parts, inside_edges, interior, total = estimate(bands, lambda sums: split_gain(sums, iou, near))
    change = partial(_changes, estimate=estimate)
    return Where(
        total=total,
        edges=inside_edges,
        interior=interior,
        bands=tuple(map(Part, BAND_NAMES, parts)),
        error_rates=change(BAND_NAMES, bands, lambda counts: error_rate(counts, scored)),
        recalls=change(SIZE_NAMES, objects, lambda counts: object_recall(counts, scored)),
        found=change(SIZE_NAMES, objects, lambda counts: objects_found(counts, scored)),
        confusions=_confusions(a, b, estimate),
    )


def _boundaries(scores: SegmentationScores) -> Boundaries:
    if scores.boundaries is None:
        raise UserError(f"the scores of {scores.source.name} hold no boundary counts", "evaluate or score it again")
    hits = np.diagonal(scores.confusion, axis1=1, axis2=2)[:, :-1]
    if not np.array_equal(scores.boundaries.bands.sum(axis=1)[..., 0], hits):
        raise ValueError(f"the boundary counts of {scores.source.name} are not of the images that it was scored on")
    return scores.boundaries


def _paired(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> Float64:
    return np.stack([a, b], axis=1).astype(np.float64)


def _mean_iou(columns: Float64, scored: Bool, protocol: Protocol) -> Float64:
    return mean_defined(region_iou(columns, scored, protocol))


def _changes(
    names: tuple[str, ...], counts: Float64, figures: Statistic, estimate: Callable[..., list[Estimate]]
) -> tuple[Change, ...]:
    """Return the change of figures of counts [N, 2, *C]."""
    a, b = figures(counts.sum(axis=0))
    differences = estimate(counts, lambda sums: figures(sums[..., 1, :, :, :]) - figures(sums[..., 0, :, :, :]))
    return tuple(Change(n, float(x), float(y), d) for n, x, y, d in zip(names, a, b, differences, strict=True))


def _confusions(
    a: SegmentationScores, b: SegmentationScores, estimate: Callable[..., list[Estimate]]
) -> tuple[Confusion, ...]:
    scored, names = a.scheme.scored, (*a.scheme.names, "void")
    repaired = a.confusion - b.confusion
    total = repaired.sum(axis=0)
    np.fill_diagonal(total, 0)
    total[~np.append(scored, False)] = 0
    order = np.argsort(-np.abs(total), axis=None, kind="stable")[:PAIRS]
    largest = [np.unravel_index(place, total.shape) for place in order if total.flat[place]]
    pixels = a.confusion[:, :-1][:, scored].sum(axis=(1, 2))
    counts = np.stack([*(repaired[:, t, p] for t, p in largest), pixels], axis=1).astype(np.float64)
    estimates = estimate(counts, lambda sums: ratio(sums[..., :-1], sums[..., -1:]))
    return tuple(
        Confusion(names[t], names[p], int(a.confusion[:, t, p].sum()), int(b.confusion[:, t, p].sum()), value)
        for (t, p), value in zip(largest, estimates, strict=True)
    )


def _estimates(counts: Float64, statistic: Statistic, groups: npt.NDArray[np.int64], seed: int) -> list[Estimate]:
    """Return figures of counts [N, *C] with percentile intervals from resampled groups of images."""
    units = np.zeros((groups.max() + 1, *counts.shape[1:]))
    np.add.at(units, groups, counts)
    values = statistic(units.sum(axis=0))
    resampled = _resample(units, statistic, seed)
    levels = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    found = []
    for value, column in zip(values, resampled.T, strict=True):
        known = column[~np.isnan(column)]
        low, high = np.quantile(known, levels) if len(units) > 1 and len(known) else (np.nan, np.nan)
        found.append(Estimate(float(value), float(low), float(high)))
    return found


def _resample(units: Float64, statistic: Statistic, seed: int) -> Float64:
    """Return figures [R, S] of sums over units [G, *C] drawn with replacement."""
    number, flat, random = len(units), units.reshape(len(units), -1), generator(seed, "bootstrap")
    size = max(1, _CELLS // max(number, flat.shape[1]))
    found = []
    for start in range(0, RESAMPLES, size):
        rows = min(size, RESAMPLES - start)
        drawn = random.integers(0, number, (rows, number)) + number * np.arange(rows)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=rows * number).reshape(rows, number).astype(np.float64)
        found.append(statistic((weights @ flat).reshape(rows, *units.shape[1:])))
    return np.concatenate(found)
