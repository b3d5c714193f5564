"""Splitting a gain among regions of the image so that the parts add up to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import combinations
from math import factorial

import numpy as np

from pixelproof.array_types import Float64


def split_gain(sums: Float64, figure: Callable[[Float64], Float64], near: int) -> Float64:
    """Return what each band contributes to the gain of model B over model A.

    Counts add up over bands, so the figure of a model that is B in some bands and A in the others is known. What a
    region contributes is the change when it turns from A to B, averaged over whether the other region has turned
    before: the Shapley value. A band's part is the same within its region: the Owen value (1977), by which the bands of
    a region add up to it.

    Args:
        sums: float64 [..., 2, B, K, 4], counts of A and B by band.
        figure: From counts [..., K, 4] to a figure [...].
        near: The first bands, so many, are the region "edges", the others "interior".

    Returns:
        float64 [..., B + 3]: by band, edges, interior, all.
    """
    count = sums.shape[-3]

    @cache
    def value(turned: frozenset[int]) -> Float64:
        chosen = [sums[..., int(band in turned), band, :, :] for band in range(count)]
        return figure(np.sum(chosen, axis=0))

    edges, interior = range(near), range(near, count)
    parts = [_contribution(value, band, edges, interior) for band in edges]
    parts += [_contribution(value, band, interior, edges) for band in interior]
    by_band = np.stack(parts, axis=-1)
    inside_edges, inside = by_band[..., :near].sum(axis=-1), by_band[..., near:].sum(axis=-1)
    return np.concatenate([by_band, np.stack([inside_edges, inside, inside_edges + inside], axis=-1)], axis=-1)


def _contribution(
    value: Callable[[frozenset[int]], Float64], band: int, region: Iterable[int], other: Iterable[int]
) -> Float64:
    """Return the mean change when a band turns, over the orders of its region, before and after the other region."""
    rest = [each for each in region if each != band]
    changes = []
    for before in (frozenset[int](), frozenset(other)):
        for size in range(len(rest) + 1):
            weight = factorial(size) * factorial(len(rest) - size) / factorial(len(rest) + 1) / 2
            turned = map(before.union, combinations(rest, size))
            changes += [weight * (value(bands | {band}) - value(bands)) for bands in turned]
    total: Float64 = np.sum(changes, axis=0)
    return total
