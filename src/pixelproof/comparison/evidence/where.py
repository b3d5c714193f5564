"""Where the gain of one segmenter over another lies: at edges or inside, in which objects, between which classes.

All of it is a function of counts that add up over images, so every figure has an interval from resampled images.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.comparison import paired
from pixelproof.comparison.evidence.measures import EDGE_WIDTH
from pixelproof.comparison.evidence.split import split_gain
from pixelproof.comparison.figures import boundaries
from pixelproof.evaluation.boundary_metrics import (
    BAND_NAMES,
    SIZE_NAMES,
    error_rate,
    object_recall,
    objects_found,
    region_iou,
)
from pixelproof.evaluation.metrics import Protocol, mean_defined, ratio
from pixelproof.evaluation.resampling import Statistic, by_unit
from pixelproof.runs import Boundaries, SegmentationScores
from pixelproof.runs.boundaries import BAND_EDGES
from pixelproof.runs.evidence_file import Change, Confusion, GainPart, Where
from pixelproof.runs.fields import Estimate

PAIRS = 10


def where_gain(
    a: SegmentationScores,
    b: SegmentationScores,
    protocol: Protocol = "unknown_counted",
    edges: int = EDGE_WIDTH,
    groups: Int64 | None = None,
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
    bands, objects = (
        by_unit(np.stack(both, axis=1), groups)
        for both in ((counts_a.bands, counts_b.bands), (counts_a.objects, counts_b.objects))
    )
    iou = partial(region_iou, scored=scored, protocol=protocol)
    *parts, inside_edges, interior, total = _split(bands, iou, near, seed)
    change = partial(_changes, scored=scored, seed=seed)
    return Where(
        width=edges,
        total=total,
        edges=inside_edges,
        interior=interior,
        bands=tuple(GainPart(name=n, gain=gain) for n, gain in zip(BAND_NAMES, parts, strict=True)),
        error_rates=change(BAND_NAMES, bands, error_rate, 1),
        recalls=change(SIZE_NAMES, objects, object_recall, 1),
        found=change(SIZE_NAMES, objects, objects_found, 3),
        confusions=_confusions(a, b, groups, seed),
    )


def _boundaries(scores: SegmentationScores) -> Boundaries:
    found = boundaries(scores)
    hits = np.diagonal(scores.confusion, axis1=1, axis2=2)[:, :-1]
    if not np.array_equal(found.bands.sum(axis=1)[..., 0], hits):
        raise ValueError(f"the boundary counts of {scores.source.name} are not of the images that it was scored on")
    return found


def _split(units: Float64, iou: Callable[[Float64], Float64], near: int, seed: int) -> list[Estimate]:
    """Return the gain in mIoU by band, at edges, inside and in all; units are counts [G, 2, B, K, 4]."""

    def statistic(sums: Float64) -> Float64:
        return split_gain(sums, lambda columns: mean_defined(iou(columns)), near)

    return _estimates(units, statistic, len(units), seed)


def _changes(
    names: tuple[str, ...],
    units: Float64,
    figures: Callable[[Float64, Bool], Float64],
    informative: int,
    scored: Bool,
    seed: int,
) -> tuple[Change, ...]:
    """Return the change of figures of counts [G, 2, S, K, 4]; a column of them says what informs each figure."""

    def statistic(sums: Float64) -> Float64:
        return figures(sums[..., 1, :, :, :], scored) - figures(sums[..., 0, :, :, :], scored)

    shown = (units[:, 0, :, :, informative][..., scored].sum(axis=-1) > 0).sum(axis=0)
    both = figures(units.sum(axis=0), scored).tolist()
    rows = zip(names, *both, _estimates(units, statistic, shown, seed), strict=True)
    return tuple(Change(name=n, a=x, b=y, difference=d) for n, x, y, d in rows)


def _confusions(a: SegmentationScores, b: SegmentationScores, groups: Int64 | None, seed: int) -> tuple[Confusion, ...]:
    scored, names = a.scheme.scored, (*a.scheme.names, "void")
    repaired = a.confusion - b.confusion
    total = repaired.sum(axis=0)
    np.fill_diagonal(total, 0)
    total[~np.append(scored, False)] = 0
    order = np.argsort(-np.abs(total), axis=None, kind="stable")[:PAIRS]
    largest = [np.unravel_index(place, total.shape) for place in order if total.flat[place]]
    pixels = a.confusion[:, :-1][:, scored].sum(axis=(1, 2))
    units = by_unit(np.stack([*(repaired[:, t, p] for t, p in largest), pixels], axis=1), groups)

    def statistic(sums: Float64) -> Float64:
        return ratio(sums[..., :-1], sums[..., -1:])

    estimates = _estimates(units, statistic, int((units[:, -1] > 0).sum()), seed)
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


def _estimates(units: Float64, statistic: Statistic, shown: int | Int64, seed: int) -> list[Estimate]:
    """Return figures of the sums over units, with intervals; ``shown`` of the units inform them, or each of them."""
    values = statistic(units.sum(axis=0)[None])[0]
    support = paired.support(units, statistic, np.broadcast_to(shown, values.shape).astype(np.int64))
    low, high = paired.interval(paired.resample(units, statistic, seed), support)
    rows = zip(values.tolist(), low.tolist(), high.tolist(), strict=True)
    return [Estimate(value=value, low=x, high=y) for value, x, y in rows]
