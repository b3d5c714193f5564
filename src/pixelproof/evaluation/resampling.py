"""The bootstrap: what a figure might have been on other images of the same kind."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pixelproof.randomness import generator

Float64 = npt.NDArray[np.float64]
_AT_ONCE = 4_000_000  # weights held in memory, 32 MB


def resampled_sums(values: npt.NDArray[np.number], replicates: int, seed: int, purpose: str) -> Float64:
    """Return sums over images drawn again with replacement.

    Args:
        values: [N, ...], what each of N images contributes.
        replicates: R, how often N images are drawn.
        seed: Decides the draws, together with ``purpose``.
        purpose: What the draws are for.

    Returns:
        float64 [R, ...]. Needs memory for R sums, not for R x N draws.
    """
    count = len(values)
    flat = values.reshape(count, -1).astype(np.float64)
    rng = generator(seed, "bootstrap", purpose)
    step = max(1, _AT_ONCE // max(count, 1))
    sums = [
        rng.multinomial(count, np.full(count, 1 / count), size=min(step, replicates - done)) @ flat
        for done in range(0, replicates, step)
    ]
    return np.concatenate(sums).reshape(replicates, *values.shape[1:])
