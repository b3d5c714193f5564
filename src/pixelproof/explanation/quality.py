"""What a map keeps of feature space, and what it invents."""

from __future__ import annotations

import math

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.explanation.neighbours import Points, chosen_rows, squared_distances, vote
from pixelproof.progress import bar
from pixelproof.runs.features import MapQuality

NEIGHBOURS = 10


def map_quality(features: Points, map_: Points, labels: Int64, k: int = NEIGHBOURS, seed: int = 0) -> MapQuality:
    """Compare the neighbours of images in feature space with those on a map of it.

    Trustworthiness falls where the map puts images side by side that are far apart in feature space; continuity where
    it tears apart what lies side by side there (Venna and Kaski 2001). Each is 1 for a map that keeps all
    neighbours, and about a half for a random one. With more than 5,000 images, a random 5,000 of them are looked at,
    each among all.

    Args:
        features: [N, D].
        map_: [N, 2].
        labels: int64 [N], class of each image.
        k: Neighbours looked at, lowered to what few images allow.
        seed: Decides which images are looked at where there are many.
    """
    count, classes = len(features), int(labels.max()) + 1
    k = min(k, (count - 1) // 2)
    if k < 1:  # one or two images have no neighbours to lose
        return MapQuality(0, count, math.nan, math.nan, math.nan, math.nan)
    rows = chosen_rows(count, seed)
    invented = torn = right_there = right_here = 0.0
    blocks = zip(squared_distances(features, rows), squared_distances(map_, rows), strict=True)
    with bar("map quality", len(rows), "images") as step:
        for (place, there), (_, here) in blocks:
            near_there, near_here = _nearest(there, k), _nearest(here, k)
            invented += _penalty(there, near_here)
            torn += _penalty(here, near_there)
            own = labels[rows[place]]
            right_there += (vote(labels[near_there], classes) == own).sum()
            right_here += (vote(labels[near_here], classes) == own).sum()
            step(len(there))
    worst = len(rows) * k * (2 * count - 3 * k - 1) / 2
    return MapQuality(
        neighbours=k,
        images=len(rows),
        trustworthiness=1 - invented / worst,
        continuity=1 - torn / worst,
        knn_features=float(right_there / len(rows)),
        knn_map=float(right_here / len(rows)),
    )


def _nearest(distances: Float64, k: int) -> Int64:
    """Return the places of the ``k`` smallest values of each row, in no order."""
    return np.argpartition(distances, k - 1, axis=1)[:, :k]


def _penalty(distances: Float64, neighbours: Int64) -> float:
    """Return by how many ranks ``neighbours`` [B, k], taken from another space, miss the k nearest of this one."""
    total, k = 0, neighbours.shape[1]
    values = np.take_along_axis(distances, neighbours, axis=1)
    for column in values.T:
        rank = 1 + (distances < column[:, None]).sum(axis=1)
        total += int(np.clip(rank - k, 0, None).sum())
    return float(total)
