"""A short trial: does another library give the same answer, and how fast."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Bool, Float32

Compute = Callable[[Float32], Float32]

TOLERANCE = 1e-4
"""Two answers are equal to rounding where no logit differs by more than this part of the largest logit, and no larger
share of pixels or images has another class, as only those can whose two best classes are tied within it."""
ROUNDS = 3


@dataclass(frozen=True)
class Deviation:
    """How far an answer to one batch is from the right one."""

    difference: float
    """Largest difference of a logit, as a part of the largest logit; infinite where an answer is no number."""
    place: tuple[int, ...]
    """Where it is: [N, K] or [N, K, H, W]."""
    changed: Bool
    """Whether the class differs, [N] or [N, H, W]."""

    @classmethod
    def of(cls, found: Float32, right: Float32) -> Deviation:
        """Compare logits, [N, K] or [N, K, H, W]; an answer of another shape differs everywhere."""
        if found.shape != right.shape:
            return cls(float("inf"), (0,) * right.ndim, np.ones((right.shape[0], *right.shape[2:]), np.bool_))
        far = np.abs(found - right) / max(float(np.abs(right).max()), 1e-30)
        far[~np.isfinite(far)] = np.inf
        place = np.unravel_index(int(far.argmax()), far.shape)
        changed = found.argmax(axis=1) != right.argmax(axis=1)
        return cls(float(far.max()), tuple(map(int, place)), changed)


@dataclass(frozen=True)
class Proof:
    """How far a library's answers are from those of the network in PyTorch."""

    difference: float
    """Largest difference of a logit, as a part of the largest logit."""
    changed: float
    """Share of pixels or images whose class differs."""

    @classmethod
    def of(cls, deviations: Sequence[Deviation]) -> Proof:
        """Return what one or more deviations come to."""
        changed, total = (sum(count(d.changed) for d in deviations) for count in (np.count_nonzero, np.size))
        return cls(max(d.difference for d in deviations), float(changed / total))

    def equal(self, tolerance: float = TOLERANCE) -> bool:
        """Return whether the two are the same to rounding."""
        return self.difference <= tolerance and self.changed <= tolerance


def prove(compute: Compute, images: Sequence[Float32], answers: Sequence[Float32]) -> Proof:
    """Compare a library's answers with the right ones, on batches of images."""
    return Proof.of([Deviation.of(compute(batch), right) for batch, right in zip(images, answers, strict=True)])


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
