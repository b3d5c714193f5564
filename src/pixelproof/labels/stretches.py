"""Masks are made of stretches of equal pixels, so whatever is done to a pixel is done once for a stretch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Number = TypeVar("Number", bound=np.generic)
Lengths = npt.NDArray[np.intp]
_WORTHWHILE = 8
"""Pixels a stretch must have on average; below that, finding stretches takes longer than it saves."""


def stretches(pixels: npt.NDArray[Number]) -> tuple[npt.NDArray[Number], Lengths]:
    """Return the value of each stretch of equal neighbours, and its length in pixels.

    Args:
        pixels: Values [P], or colours [P, C].

    Returns:
        (values [S] or [S, C], lengths [S]) with ``np.repeat(values, lengths, axis=0)`` equal to ``pixels``; where
        stretches are short, each pixel may be one of its own.
    """
    count, channels = len(pixels), pixels.size // max(len(pixels), 1)
    numbers = np.ascontiguousarray(pixels).reshape(-1)
    changed = numbers[channels:] != numbers[:-channels] if channels else np.zeros(0, bool)
    if np.count_nonzero(changed) * _WORTHWHILE > count:
        return pixels, np.ones(count, np.intp)
    after = np.flatnonzero(changed) // max(channels, 1) + 1
    # A colour that changes in two channels was found twice.
    starts = np.concatenate([np.zeros(min(count, 1), np.intp), after[np.diff(after, prepend=0) > 0]])
    return pixels[starts], np.diff(starts, append=count)


def by_stretch(
    function: Callable[[npt.NDArray[Any]], npt.NDArray[Number]], pixels: npt.NDArray[Any]
) -> npt.NDArray[Number]:
    """Return ``function(pixels)`` for a function of single pixels, [P] or [P, C] -> [P]."""
    values, lengths = stretches(pixels)
    return np.repeat(function(values), lengths)
