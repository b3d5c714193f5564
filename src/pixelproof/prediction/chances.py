"""The probabilities that logits stand for."""

from __future__ import annotations

from torch import Tensor

from pixelproof.array_types import Float64


def probabilities(logits: Tensor, temperature: float = 1.0) -> Float64:
    """Return softmax probabilities of logits divided by the temperature, [N, K], as float64."""
    values: Float64 = (logits.double() / temperature).softmax(dim=1).numpy()
    return values
