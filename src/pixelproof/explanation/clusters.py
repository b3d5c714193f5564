"""Into how many clusters a class falls."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pixelproof.explanation.neighbours import Points, nearest

SMALLEST = 0.1
"""A cluster holds at least this share of the class, and three images; what is smaller joins the nearest one."""
FEWEST = 10
"""Classes of fewer images have no clusters to speak of."""


def clusters(points: Points) -> tuple[int, ...] | None:
    """Return the sizes of the clusters of points [N, D], largest first; None for fewer than 10 points.

    Clusters are the connected components of the graph that joins two points where each is among the k nearest of the
    other. With k growing as log N the components are those of the density the points come from, with few false ones
    (Maier, Hein and von Luxburg 2009, https://arxiv.org/abs/0912.3408). Outliers, which that graph leaves alone, are
    counted with the cluster nearest to them; where nothing but outliers is found, there are no clusters: ().
    """
    count = len(points)
    if count < FEWEST:
        return None
    k = max(5, round(2 * np.log(count)))
    _, near = nearest(points, k)
    from_, to = np.repeat(np.arange(count), near.shape[1]), near.ravel()
    listed = coo_array((np.ones(len(to), bool), (from_, to)), shape=(count, count)).tocsr()
    mutual = listed.multiply(listed.T)
    _, component = connected_components(mutual, directed=False)
    sizes = np.bincount(component)
    large = np.flatnonzero(sizes >= max(3, SMALLEST * count))
    if not len(large):
        return ()
    inside = np.isin(component, large)
    if not inside.all():
        _, place = nearest(points[inside], 1, points[~inside])
        component[~inside] = component[inside][place[:, 0]]
    return tuple(sorted(np.bincount(component)[large].tolist(), reverse=True))
