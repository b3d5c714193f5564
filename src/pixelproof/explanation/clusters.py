"""Into how many clusters a class falls."""

from __future__ import annotations

import math

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pixelproof.array_types import Bool, Int64
from pixelproof.explanation.neighbours import Points, nearest
from pixelproof.randomness import generator

SMALLEST = 0.1
"""A cluster holds at least this share of the class, and three images; what is smaller are outliers."""
FEWEST = 10
"""Classes of fewer images have no clusters to speak of."""
DRAWS = 50
DRAWN = 0.9
"""Share of the images that each draw takes."""
LASTING = 0.9
"""Share of the draws that must fall into clusters for the class to do so."""


def clusters(points: Points, seed: int = 0) -> tuple[int, ...] | None:
    """Return the sizes of the clusters of points [N, D], largest first; None for fewer than 10 points.

    Clusters are the connected components of the graph that joins two points where each is among the k nearest of the
    other. With k growing as log N the components are those of the density the points come from, with few false ones
    (Maier, Hein and von Luxburg 2009, https://arxiv.org/abs/0912.3408). A few points may decide whether components are
    joined, so several clusters count only if nearly all random parts of the points, nine tenths each, fall into several
    too; otherwise all is one. Outliers, which the graph leaves alone, are counted nowhere; where nothing but outliers
    is found, there are no clusters: ().

    Args:
        points: [N, D].
        seed: Decides the random parts.
    """
    count = len(points)
    if count < FEWEST:
        return None
    _, near = nearest(points, 2 * _joined(count))  # twice as many, as parts leave some out
    sizes = _sizes(near, np.ones(count, bool))
    if len(sizes) < 2:
        return sizes
    rng = generator(seed, "clusters")
    parts = (rng.permutation(count) < DRAWN * count for _ in range(DRAWS))
    lasting = sum(len(_sizes(near, part)) > 1 for part in parts) >= LASTING * DRAWS
    return sizes if lasting else (sum(sizes),)


def _joined(count: int) -> int:
    """Return k: how many neighbours of a point it may be joined to."""
    return max(5, round(2 * math.log(count)))


def _sizes(near: Int64, part: Bool) -> tuple[int, ...]:
    """Return the sizes of the clusters of a part, bool [N], of points whose neighbours are ``near`` [N, 2k]."""
    count = int(part.sum())
    there = part[near] & part[:, None]
    from_, rank = np.nonzero(there & (there.cumsum(axis=1) <= _joined(count)))
    joined = (np.ones(len(from_), bool), (from_, near[from_, rank]))
    listed = coo_array(joined, shape=(len(near), len(near))).tocsr()
    _, component = connected_components(listed.multiply(listed.T), directed=False)
    sizes = np.bincount(component[part])
    return tuple(sorted(sizes[sizes >= max(3, SMALLEST * count)].tolist(), reverse=True))
