"""Counting by object: the connected parts of the true mask."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pixelproof.array_types import Bool, Int32, Int64, UInt8
from pixelproof.runs.boundaries import OBJECT_EDGES


def object_counts(truth: UInt8, prediction: UInt8, classes: int) -> Int64:
    """Count the true objects of one image and their pixels that are hit, by size and class.

    Args:
        truth: uint8 [H, W], class indices or ``VOID``, whose parts are no objects.
        prediction: uint8 [H, W], likewise.
        classes: Number of classes K.

    Returns:
        int64 [4, K, 4], sizes as ``OBJECT_EDGES`` part them: hit pixels, true pixels, objects found, objects.
    """
    starts = row_starts(truth)
    first = np.flatnonzero(starts)
    parts = connected_rows(truth, starts)
    count = parts.max() + 1
    area = np.bincount(parts, np.diff(first, append=truth.size), count).astype(np.int64)
    hits = np.add.reduceat((truth == prediction).ravel(), first, dtype=np.int64)
    hit = np.bincount(parts, hits, count).astype(np.int64)
    label = np.empty(count, np.int64)
    label[parts] = truth.ravel()[first]
    counts = np.zeros((len(OBJECT_EDGES) + 1, 256, 4), np.int64)
    size = np.searchsorted(OBJECT_EDGES, area, side="right")
    np.add.at(counts, (size, label), np.stack([hit, area, 2 * hit > area, np.ones_like(area)], axis=-1))
    return counts[:, :classes]


def row_starts(mask: UInt8) -> Bool:
    """Return where a row of equal pixels starts, bool [H, W]."""
    starts = np.ones(mask.shape, np.bool_)
    np.not_equal(mask[:, 1:], mask[:, :-1], out=starts[:, 1:])
    return starts


def connected_rows(mask: UInt8, starts: Bool) -> Int32:
    """Return the number of the connected part, from 0, to which each row of equal pixels belongs, in reading order.

    Rows are far fewer than pixels, so they are the nodes of the graph. Where two rows of a class touch, one of them
    starts, or a row of another class ended before: one link for each such place says all.
    """
    row = np.cumsum(starts.ravel(), dtype=np.int32).reshape(mask.shape) - 1
    touch = (mask[1:] == mask[:-1]) & (starts[1:] | starts[:-1])
    links = (row[:-1][touch], row[1:][touch])
    nodes = int(row[-1, -1]) + 1
    graph = coo_array((np.ones(len(links[0]), np.bool_), links), shape=(nodes, nodes))
    parts: Int32 = connected_components(graph, directed=False)[1]
    return parts
