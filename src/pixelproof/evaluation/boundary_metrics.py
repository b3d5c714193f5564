"""Metrics derived from boundary counts. What has no defined value is NaN: never 0, never 1.

Each takes counts [..., K, 4], as ``Boundaries`` defines them and summed over images, and keeps their leading axes.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.evaluation.metrics import Protocol, ratio
from pixelproof.runs.boundaries import BAND_EDGES, OBJECT_EDGES

Counts = Int64 | Float64

BAND_NAMES = (*(f"{a}-{b}" for a, b in pairwise((0, *BAND_EDGES))), f">{BAND_EDGES[-1]}")
SIZE_NAMES = (
    f"<{OBJECT_EDGES[0]}",
    *(f"{a}-{b - 1}" for a, b in pairwise(OBJECT_EDGES)),
    f">={OBJECT_EDGES[-1]}",
)


def region_iou(columns: Counts, scored: Bool, protocol: Protocol) -> Float64:
    """Return the IoU of each class within the region that was counted: in a band, or in the rims (Boundary IoU).

    Args:
        columns: [..., K, 4], hit, true, predicted, predicted where the true class is ignored.
        scored: bool [K], False for ignored classes.
        protocol: Whether predictions on pixels of ignored classes count.

    Returns:
        float64 [..., K]; NaN where a class is ignored, or has no pixels in the region.
    """
    hit, true, predicted, unscored = np.moveaxis(columns, -1, 0)
    union = true + predicted - hit - (unscored if protocol == "unknown_ignored" else 0)
    return ratio(np.where(scored, hit, 0), np.where(scored, union, 0))


def error_rate(columns: Counts, scored: Bool) -> Float64:
    """Return the share of the true pixels of scored classes that are predicted wrong, [...]; NaN for none."""
    hit, true = (columns[..., scored, column].sum(axis=-1) for column in (0, 1))
    return ratio(true - hit, true)


def boundary_f1(contours: Counts, scored: Bool) -> Float64:
    """Return the harmonic mean of boundary precision and recall per class.

    Args:
        contours: [..., K, 4], matched predicted, predicted, matched true, true boundary pixels.
        scored: bool [K], False for ignored classes.

    Returns:
        float64 [..., K]; NaN where a class is ignored, or has a boundary in neither mask; 0 where only one has it.
    """
    # As floats, because products of the counts of many images pass what 64 bits hold.
    matched, predicted, found, true = np.moveaxis(np.where(scored[:, None], contours, 0.0), -1, 0)
    # 2PR / (P + R) with P = matched / predicted and R = found / true, free of division by what may be 0.
    both = 2 * matched * found
    f1 = np.nan_to_num(ratio(both, matched * true + found * predicted))
    return np.where(predicted + true > 0, f1, np.nan)


def object_recall(objects: Counts, scored: Bool) -> Float64:
    """Return the share of the true pixels of objects of scored classes that are hit, [...]; NaN for none."""
    return _pooled(objects, scored, 0)


def objects_found(objects: Counts, scored: Bool) -> Float64:
    """Return the share of objects of scored classes more than half of whose pixels are hit, [...]; NaN for none."""
    return _pooled(objects, scored, 2)


def _pooled(objects: Counts, scored: Bool, column: int) -> Float64:
    part, whole = (objects[..., scored, c].sum(axis=-1) for c in (column, column + 1))
    return ratio(part, whole)
