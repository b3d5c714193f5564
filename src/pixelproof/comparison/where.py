"""Where the gain of one segmenter over another lies: at edges or inside, in which objects, between which classes.

All of it is a function of counts that add up over images, so every figure has an interval from resampled images.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from pixelproof.comparison import paired
from pixelproof.comparison.measures import EDGE_WIDTH, boundaries, mean_region_iou
from pixelproof.comparison.split import split_gain
from pixelproof.evaluation.boundary_metrics import (
    BAND_NAMES,
    SIZE_NAMES,
    error_rate,
    object_recall,
    objects_found,
)
from pixelproof.evaluation.metrics import Protocol, ratio
from pixelproof.runs import Boundaries, SegmentationScores
from pixelproof.runs.boundaries import BAND_EDGES
from pixelproof.runs.evidence_file import Change, Confusion, Estimate, GainPart, Where

PAIRS = 10

Bool = npt.NDArray[np.bool_]
Float64 = npt.NDArray[np.float64]


def where_gain(
    a: SegmentationScores,
    b: SegmentationScores,
    protocol: Protocol = "unknown_counted",
    edges: int = EDGE_WIDTH,
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
    estimate = partial(_estimates, groups=groups, seed=seed)
    bands, objects = _both(counts_a.bands, counts_b.bands), _both(counts_a.objects, counts_b.objects)
    iou = partial(mean_region_iou, scored=scored, protocol=protocol)
    *parts, inside_edges, interior, total = estimate(bands, lambda sums: split_gain(sums, iou, near))
    change = partial(_changes, estimate=estimate)
    return Where(
        width=edges,
        total=total,
        edges=inside_edges,
        interior=interior,
        bands=tuple(GainPart(name=n, gain=gain) for n, gain in zip(BAND_NAMES, parts, strict=True)),
        error_rates=change(BAND_NAMES, bands, lambda counts: error_rate(counts, scored)),
        recalls=change(SIZE_NAMES, objects, lambda counts: object_recall(counts, scored)),
        found=change(SIZE_NAMES, objects, lambda counts: objects_found(counts, scored)),
        confusions=_confusions(a, b, estimate),
    )


def _boundaries(scores: SegmentationScores) -> Boundaries:
    found = boundaries(scores)
    hits = np.diagonal(scores.confusion, axis1=1, axis2=2)[:, :-1]
    if not np.array_equal(found.bands.sum(axis=1)[..., 0], hits):
        raise ValueError(f"the boundary counts of {scores.source.name} are not of the images that it was scored on")
    return found


def _both(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> Float64:
    return np.stack([a, b], axis=1).astype(np.float64)


def _changes(
    names: tuple[str, ...], counts: Float64, figures: paired.Statistic, estimate: Callable[..., list[Estimate]]
) -> tuple[Change, ...]:
    """Return the change of figures of counts [N, 2, *C]."""
    a, b = figures(counts.sum(axis=0))
    differences = estimate(counts, lambda sums: figures(sums[..., 1, :, :, :]) - figures(sums[..., 0, :, :, :]))
    rows = zip(names, a.tolist(), b.tolist(), differences, strict=True)
    return tuple(Change(name=n, a=x, b=y, difference=d) for n, x, y, d in rows)


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
        Confusion(
            true=names[t],
            predicted=names[p],
            a=int(a.confusion[:, t, p].sum()),
            b=int(b.confusion[:, t, p].sum()),
            repaired=value,
        )
        for (t, p), value in zip(largest, estimates, strict=True)
    )


def _estimates(
    counts: Float64, statistic: paired.Statistic, groups: npt.NDArray[np.int64] | None, seed: int
) -> list[Estimate]:
    """Return figures of counts [N, *C] with intervals from resampled groups of images."""
    units = paired.by_unit(counts, groups)
    values = statistic(units.sum(axis=0))
    support = np.full(len(values), float(len(units)))
    low, high = paired.interval(paired.resample(units, statistic, seed), support)
    return [
        Estimate(value=v, low=x, high=y) for v, x, y in zip(values.tolist(), low.tolist(), high.tolist(), strict=True)
    ]
