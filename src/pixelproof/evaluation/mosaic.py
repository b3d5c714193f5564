"""The mosaic index: how far boundaries fall onto the grid of a network's stride more often than chance has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pixelproof import randomness
from pixelproof.array_types import Float64, Int64
from pixelproof.evaluation.metrics import ratio
from pixelproof.runs.boundaries import PERIOD

STRIDES = (8, 16, 32)
_DRAWS = 10_000
_KINDS = {"truth": 0, "prediction": 1}
Kind = Literal["truth", "prediction"]
_LEVEL = 0.95


@dataclass(frozen=True)
class Mosaic:
    """How far boundaries lie on a grid.

    Attributes:
        stride: Pixels between the lines of the grid, which start at the image's left and upper border.
        index: Boundaries on the lines over those expected if the grid lay anywhere; 1 is chance, ``stride`` is all.
            NaN where there are no boundaries.
        low: Lower end of the interval that holds 95% of the indices that chance yields.
        high: Upper end.
        p: Probability of an index at least this high by chance.
    """

    stride: int
    index: float
    low: float
    high: float
    p: float


def mosaic(phases: Int64, stride: int, kind: Kind = "prediction") -> Mosaic:
    """Return how far the boundaries of images lie on the grid of a stride.

    Chance is a grid that lies anywhere: in each image its lines are shifted by a number of pixels drawn at random, once
    for columns and once for rows. That keeps what belongs together (long straight boundaries, many in one image), and
    with no grid in the landscape every shift is as likely as none.

    Args:
        phases: int64 [N, 3, 2, 32], as ``Boundaries`` defines them.
        stride: A divisor of 32 above 1.
        kind: Whose boundaries; those of the truth are the control, for a landscape has no grid.

    Raises:
        ValueError: The stride does not divide 32.
    """
    if stride < 2 or PERIOD % stride:
        raise ValueError(f"stride {stride} does not divide {PERIOD}")
    folded = phases.reshape(*phases.shape[:-1], -1, stride).sum(axis=-2)
    pairs = folded[:, 2].reshape(-1, stride)
    boundaries = folded[:, _KINDS[kind]].reshape(-1, stride)
    # A line at the border is no boundary, so shifts differ in how many pairs they could part: compare rates. Images
    # that are smaller than the grid's cells say nothing.
    useful = pairs.all(axis=1) & boundaries.any(axis=1)
    pairs, boundaries = pairs[useful], boundaries[useful]
    on_grid = boundaries / pairs * pairs[:, :1]
    means = on_grid.mean(axis=1, keepdims=True)
    # With a line fewer, the rate on the grid itself varies more than those on shifted ones: in small images, by much.
    on_grid = np.maximum(means + (on_grid - means) * np.sqrt(pairs / pairs[:, :1]), 0)
    chance = ratio(_shifted(on_grid), means.sum())
    if not len(on_grid):
        return Mosaic(stride, *[float("nan")] * 4)
    low, high = np.quantile(chance[1:], [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Mosaic(stride, float(chance[0]), float(low), float(high), float((chance >= chance[0]).mean()))


def _shifted(on_grid: Float64) -> Float64:
    """Return the boundaries on the grid as it is, then for each draw of shifts, [1 + draws]."""
    random = randomness.generator(0, "mosaic", on_grid.shape[-1])
    total = np.zeros(1 + _DRAWS)
    for row in on_grid:
        shifts = random.integers(0, len(row), 1 + _DRAWS, np.uint8)
        shifts[0] = 0
        total += row.take(shifts)
    return total
