"""Randomness as a function: every random choice derives from (seed, what it is for).

No global generator is ever read, so results do not depend on the number of workers or processes, nor on what ran
before, and an interrupted run that resumes makes the same choices as one that was never interrupted.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Float64

_GOLDEN, _FIRST, _SECOND = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def derive(seed: int, *keys: str | int) -> int:
    """Return a 63-bit integer that depends on all arguments and nothing else, equal on every machine.

    >>> derive(0, "augment", 3, "0010") == derive(0, "augment", 3, "0010")
    True
    """
    text = "\x1f".join([str(seed), *(str(key) for key in keys)])
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest(), "big") >> 1


def generator(seed: int, *keys: str | int) -> np.random.Generator:
    """Return a NumPy generator for the choice named by ``keys``."""
    return np.random.Generator(np.random.PCG64(derive(seed, *keys)))


def uniforms(keys: npt.NDArray[np.uint64], counter: npt.ArrayLike, columns: int) -> Float64:
    """Return numbers in 0..1, [N, columns], each a function of its key, its counter and its column alone.

    Many small choices at once, where a generator for each would take longer than what is chosen: SplitMix64 (Steele,
    Lea and Flood 2014) started at each key.

    Args:
        keys: N numbers from ``derive``.
        counter: What tells one use of a key from another, such as the epoch: a whole number, or N.
        columns: Numbers for each key.
    """
    steps = np.asarray(counter, np.int64).reshape(-1, 1) * columns + np.arange(1, columns + 1)
    bits = keys[:, None] + steps.astype(np.uint64) * _GOLDEN
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    bits ^= bits >> np.uint64(31)
    numbers: Float64 = (bits >> np.uint64(11)) * 2.0**-53
    return numbers
