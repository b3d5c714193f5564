"""A short trial: does another library give the same answer, and how fast."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Compute = Callable[[Float32], Float32]

TOLERANCE = 1e-4
"""Largest difference of a logit, as a part of the largest logit, at which two answers are equal to rounding."""
CHANGED = 1e-4
"""Largest share of pixels or images whose class may differ; only where two classes are tied within the tolerance."""
ROUNDS = 3


@dataclass(frozen=True)
class Proof:
    """How far an answer is from that of the literal network in PyTorch."""

    difference: float
    """Largest difference of a logit, as a part of the largest logit."""
    changed: float
    """Share of pixels or images whose class differs."""

    @property
    def equal(self) -> bool:
        """Whether the two are the same to rounding."""
        return self.difference <= TOLERANCE and self.changed <= CHANGED


def prove(compute: Compute, images: Sequence[Float32], answers: Sequence[Float32]) -> Proof:
    """Compare a library's answers with the right ones, on batches of images."""
    differences, changed, total = [], 0, 0
    for batch, right in zip(images, answers, strict=True):
        found = compute(batch)
        if found.shape != right.shape or not np.isfinite(found).all():
            return Proof(float("inf"), 1.0)
        differences.append(float(np.abs(found - right).max() / max(float(np.abs(right).max()), 1e-30)))
        classes = right.argmax(axis=1)
        changed += int((found.argmax(axis=1) != classes).sum())
        total += classes.size
    return Proof(max(differences), changed / total)


def race(candidates: Mapping[str, Compute], images: Float32) -> dict[str, float]:
    """Return the median seconds of each candidate, all run in turn after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(ROUNDS + 1):
        for name, compute in candidates.items():
            start = time.perf_counter()
            compute(images)
            if number:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}
