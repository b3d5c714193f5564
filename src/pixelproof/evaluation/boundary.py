"""Counting around boundaries: where a prediction meets the truth, and how far from an edge."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pixelproof.array_types import Bool, Int64, UInt8
from pixelproof.evaluation.discs import matches, reach
from pixelproof.evaluation.objects import object_counts
from pixelproof.labels import VOID, stretches
from pixelproof.runs.boundaries import BAND_EDGES, PERIOD, TOLERANCES, Boundaries


def boundary_counts(truth: UInt8, prediction: UInt8, scored: Bool) -> Boundaries:
    """Return the boundary counts of one image, as ``Boundaries`` defines them.

    Args:
        truth: uint8 [H, W], class indices below K or ``VOID``.
        prediction: uint8 [H, W], likewise.
        scored: bool [K], False for ignored classes.

    Raises:
        ValueError: The shapes differ.
    """
    if truth.shape != prediction.shape:
        raise ValueError(f"truth is {truth.shape} and prediction {prediction.shape}")
    prediction = np.where(truth == VOID, np.uint8(VOID), prediction)
    at_truth, at_prediction = reach(truth, sorted({*BAND_EDGES, *TOLERANCES})), reach(prediction, TOLERANCES)
    near = np.minimum(at_truth, at_prediction) <= max(TOLERANCES)
    return Boundaries(
        bands=_bands(truth, prediction, at_truth, scored),
        rims=_columns(truth[near], prediction[near], at_truth[near], at_prediction[near], scored, TOLERANCES),
        contours=_contours(_edge(truth, at_truth), _edge(prediction, at_prediction), len(scored)),
        objects=object_counts(truth, prediction, len(scored)),
        phases=_phases(truth, prediction),
    )


def _bands(truth: UInt8, prediction: UInt8, at_truth: UInt8, scored: Bool) -> Int64:
    """Count hit, true, predicted and predicted-on-ignored pixels by distance to the true boundary, [B, K, 4]."""
    side, beyond = len(scored) + 1, BAND_EDGES[-1] + 1
    shape = (side, side, beyond + 1)
    # One number says all of a pixel: its classes, void last, and its reach.
    small = np.dtype(np.uint16 if math.prod(shape) <= 65536 else np.uint32)
    true, predicted = (np.minimum(mask, np.uint8(side - 1)).astype(small) for mask in (truth, prediction))
    code = (true * side + predicted) * shape[2] + np.minimum(at_truth, np.uint8(beyond))
    counts = np.bincount(*stretches(code.ravel()), minlength=math.prod(shape)).astype(np.int64).reshape(shape)
    banded = np.add.reduceat(counts, [0, *(edge + 1 for edge in BAND_EDGES)], axis=2)
    by_class = (
        np.diagonal(banded).T[:-1],
        banded[:-1].sum(axis=1),
        banded[:, :-1].sum(axis=0),
        banded[:-1, :-1][~scored].sum(axis=0),
    )
    return np.stack([counted.T for counted in by_class], axis=-1)


def _columns(
    truth: UInt8, prediction: UInt8, at_truth: UInt8, at_prediction: UInt8, scored: Bool, limits: Sequence[int]
) -> Int64:
    """Count the same of pixels whose reach is within each limit, [L, K, 4]."""
    hit, unscored = truth == prediction, np.zeros(truth.shape, np.bool_)
    for index in np.flatnonzero(~scored):  # few, if any: quicker than a table
        unscored |= truth == index
    columns = (
        (truth[hit], np.maximum(at_truth, at_prediction)[hit]),
        (truth, at_truth),
        (prediction, at_prediction),
        (prediction[unscored], at_prediction[unscored]),
    )
    return np.stack([_within(classes, reaches, limits, len(scored)) for classes, reaches in columns], axis=-1)


def _within(classes: UInt8, reaches: UInt8, limits: Sequence[int], count: int) -> Int64:
    """Count pixels by class whose reach is within each limit, [L, K]."""
    pairs = np.bincount((classes.astype(np.uint16) << 8 | reaches).ravel(), minlength=65536).reshape(256, 256)
    within: Int64 = pairs[:count].cumsum(axis=1)[:, list(limits)].T
    return within


def _edge(mask: UInt8, reaches: UInt8) -> UInt8:
    """Return the mask where a side of the pixel is on a boundary, else void."""
    return np.where(reaches == 1, mask, np.uint8(VOID))


def _contours(truth: UInt8, prediction: UInt8, classes: int) -> Int64:
    """Count boundary pixels and those with a counterpart of their class within each tolerance, [T, K, 4]."""
    columns = []
    for own, other in ((prediction, truth), (truth, prediction)):
        matched = matches(own, other, TOLERANCES, classes)
        total = np.bincount(own[own != VOID], minlength=classes)
        columns += [matched, np.broadcast_to(total, matched.shape)]
    return np.stack(columns, axis=-1)


def _phases(truth: UInt8, prediction: UInt8) -> Int64:
    """Count neighbouring pixels by position modulo ``PERIOD``: truth differs, prediction differs, all; [3, 2, 32]."""
    phases = np.zeros((3, 2, PERIOD), np.int64)
    for direction, (true, predicted) in enumerate(((truth, prediction), (truth.T, prediction.T))):
        possible = (true != VOID)[:, 1:] & (true != VOID)[:, :-1]
        for kind, pairs in enumerate((_differs(true), _differs(predicted), possible)):
            at = np.arange(1, true.shape[1]) % PERIOD
            np.add.at(phases[kind, direction], at, np.count_nonzero(pairs, axis=0))
    return phases


def _differs(mask: UInt8) -> Bool:
    """Return where horizontal neighbours are of different classes, bool [H, W - 1]."""
    left, right = mask[:, :-1], mask[:, 1:]
    differs: Bool = (left != right) & (left != VOID) & (right != VOID)
    return differs
