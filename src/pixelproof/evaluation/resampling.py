"""The bootstrap: what a figure might have been on other images of the same kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Float64
from pixelproof.randomness import generator

Values = npt.NDArray[np.number]
Statistic = Callable[[Float64], Float64]
"""From sums of values [..., *C] to figures [..., S], NaN where undefined."""
MINIMUM = 2
"""Units below which nothing varies, so that an interval would be invented."""
_CELLS = 4_000_000  # numbers held at once, 32 MB


def resample(values: Values, statistic: Statistic, replicates: int, seed: int, *purpose: str) -> Float64:
    """Return figures of the sums over units that are drawn again with replacement.

    Args:
        values: [N, *C], what each of N units, such as images, contributes; sums of whole numbers are exact.
        statistic: What to compute from sums [..., *C].
        replicates: R, how often N units are drawn.
        seed: Decides the draws, together with ``purpose``.
        purpose: What the draws are for.

    Returns:
        float64 [R, S]. Needs memory for R figures, not for R x N draws.
    """
    count, rng = len(values), generator(seed, "bootstrap", *purpose)
    figures = []
    for rows in blocks(replicates, values):
        drawn = rng.integers(0, count, (rows, count)) + count * np.arange(rows)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)
        figures.append(statistic(weigh(weights, values)))
    return np.concatenate(figures)


def weigh(weights: Float64, values: Values) -> Float64:
    """Return the sums [R, *C] of values [N, *C] under each row of weights [R, N]."""
    flat = values.reshape(len(values), -1).astype(np.float64)
    return (weights @ flat).reshape(len(weights), *values.shape[1:])


def blocks(replicates: int, values: Values) -> Iterator[int]:
    """Yield how many replicates to make at a time until all are made."""
    size = max(1, _CELLS // max(len(values), values[0].size))
    for start in range(0, replicates, size):
        yield min(size, replicates - start)
