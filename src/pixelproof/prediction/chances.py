"""The probabilities that logits stand for: exact, or of every class at every pixel in half the room."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from pixelproof.array_types import Float16, Float64, Int64, UInt8
from pixelproof.errors import UserError

ROWS = 256
"""Rows of an image that are computed at once, so that this takes less memory than the logits of all."""


def finite(logits: Tensor) -> Tensor:
    """Return logits as they are.

    Raises:
        UserError: One is infinite or undefined, as after a training that diverged.
    """
    if not logits.isfinite().all():
        raise UserError("the network's answers are infinite or undefined", "train it again with a lower --set lr=...")
    return logits


def probabilities(logits: Tensor, temperature: float = 1.0) -> Float64:
    """Return softmax probabilities of logits divided by the temperature, [N, K], as float64."""
    values: Float64 = (logits.double() / temperature).softmax(dim=1).numpy()
    return values


def best_classes(logits: Tensor) -> Int64:
    """Return the likeliest classes by logits, [N, K, ...] -> int64 [N, ...].

    Chosen on a GPU where they lie: copying all of them from it takes longer than computing them.
    """
    # NumPy compares whole planes, which is several times faster than torch's argmax over this dimension.
    chosen: Int64 = logits.float().numpy().argmax(axis=1) if logits.is_cpu else logits.argmax(dim=1).cpu().numpy()
    return chosen


def rounded(logits: Tensor, temperature: float) -> Float16:
    """Return softmax probabilities of logits, [K, H, W], divided by the temperature, as float16.

    The class with the largest logit stays the likeliest: where rounding makes another as likely, it gets the next
    larger number.
    """
    result = np.empty(logits.shape, np.float16)
    for rows in _strips(result):
        chances = (logits[:, rows] / temperature).softmax(dim=0).half().numpy()
        bits = chances.view(np.uint16)  # of numbers from 0 on in the order of the numbers, and quicker to compare
        best = logits[:, rows].numpy().argmax(axis=0)
        tied = bits.argmax(axis=0) != best
        bits[best[tied], *tied.nonzero()] = bits.max(axis=0)[tied] + 1
        result[:, rows] = chances
    return result


def likeliest(chances: Float16) -> UInt8:
    """Return the likeliest class of every pixel, [K, H, W] -> uint8 [H, W], the first where several are equal."""
    bits = chances.view(np.uint16)
    return np.concatenate([bits[:, rows].argmax(axis=0).astype(np.uint8) for rows in _strips(chances)])


def _strips(maps: Float16) -> list[slice]:
    """Return the rows of maps, [K, H, W], in strips."""
    return [slice(top, top + ROWS) for top in range(0, maps.shape[1], ROWS)]
