"""Neighbours in feature space, exactly and in bounded memory: no array of N x N distances is ever held."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Float64, Int64
from pixelproof.progress import bar
from pixelproof.randomness import generator

Points = npt.NDArray[np.floating]

ROWS = 5000
"""Images that figures needing all their distances are averaged over; a random part of a larger set."""
_BLOCK = 8_000_000  # numbers held at once, 64 MB
_QUERIES = 1000


def nearest(points: Points, k: int, queries: Points | None = None) -> tuple[Float64, Int64]:
    """Return the ``k`` points nearest to each query by Euclidean distance.

    Args:
        points: [N, D].
        k: How many; fewer come back where there are fewer points.
        queries: [M, D]; None asks for the neighbours of the points themselves, each without itself.

    Returns:
        Distances, float64 [M, k], nearest first, and indices of points, int64 [M, k].
    """
    from sklearn.neighbors import NearestNeighbors  # here, because few of those that import this file search

    asked = points if queries is None else queries
    own = queries is None
    k = min(k, len(points) - own)
    search = NearestNeighbors(n_neighbors=k + own, algorithm="brute").fit(points)
    distances, indices = np.empty((len(asked), k)), np.empty((len(asked), k), np.int64)
    with bar("neighbours", len(asked), "images") as step:
        for start in range(0, len(asked), _QUERIES):
            rows = slice(start, start + _QUERIES)
            found, places = search.kneighbors(asked[rows])
            if own:
                found, places = _without_self(found, places, np.arange(start, start + len(found)))
            distances[rows], indices[rows] = found, places
            step(len(found))
    return distances, indices


def chosen_rows(count: int, seed: int, most: int = ROWS) -> Int64:
    """Return the places of at most ``most`` of ``count`` points, in order, a random choice if there are more."""
    if count <= most:
        return np.arange(count)
    return np.sort(generator(seed, "rows").permutation(count)[:most])


def squared_distances(points: Points, rows: Int64) -> Iterator[tuple[slice, Float64]]:
    """Yield blocks of rows: their place among ``rows``, and their squared distances to all points, float64 [B, N].

    The distance of a point to itself is infinite.
    """
    # About the mean, the differences below lose the fewest digits. Doubles are held a part at a time.
    mean = points.mean(axis=0, dtype=np.float64)
    size = max(1, _BLOCK // points.shape[1])
    parts = [slice(start, start + size) for start in range(0, len(points), size)]
    norms = np.concatenate([((points[part] - mean) ** 2).sum(axis=1) for part in parts])
    size = max(1, _BLOCK // len(points))
    for start in range(0, len(rows), size):
        block = rows[start : start + size]
        centred = points[block] - mean
        products = np.concatenate([centred @ (points[part] - mean).T for part in parts], axis=1)
        distances = norms[block, None] - 2 * products + norms
        np.clip(distances, 0, None, out=distances)
        distances[np.arange(len(block)), block] = np.inf
        yield slice(start, start + len(block)), distances


def vote(labels: Int64, classes: int) -> Int64:
    """Return the most frequent label of each row of [M, k], int64 [M]; the lowest of those tied."""
    counts = np.zeros((len(labels), classes), np.int64)
    np.add.at(counts, (np.arange(len(labels))[:, None], labels), 1)
    winner: Int64 = counts.argmax(axis=1)
    return winner


def _without_self(distances: Float64, places: Int64, own: Int64) -> tuple[Float64, Int64]:
    """Drop each query itself, or the farthest neighbour where duplicates have pushed it out."""
    drop = places == own[:, None]
    drop[~drop.any(axis=1), -1] = True
    kept = ~drop
    shape = (len(own), places.shape[1] - 1)
    return distances[kept].reshape(shape), places[kept].reshape(shape)
