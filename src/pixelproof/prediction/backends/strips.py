"""The first layers in strips of a large image: they take most of ncnn's memory, and see few rows beyond their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float32

ROWS = 128
"""Of a strip, without what it sees beyond: few, so that it takes little memory, yet many beside the rows seen twice."""
REDUCTION = 4
"""Rows of the image to one of the maps, up to which layers are computed in strips; later ones see too far."""


@dataclass(frozen=True)
class Stem:
    """A network's first layers, up to a pooling.

    Attributes:
        blob: ncnn's name of what they give.
        reduction: Rows of the image to one of that, and columns.
        reach: Rows of the image beyond its own that one depends on, a multiple of ``reduction``.
    """

    blob: str
    reduction: int
    reach: int


def stem(param: str) -> Stem | None:
    """Return the stem of a network that ncnn's text describes; None where its first layers are no plain chain."""
    found, blob, reduction, reach = None, "in0", 1, 0
    for line in param.splitlines()[3:]:  # after a number, the counts, and the input
        kind, _, inputs, outputs, *words = line.split()
        if (inputs, outputs) != ("1", "1") or words[0] != blob:
            break
        blob, settings = words[1], dict(word.split("=", 1) for word in words[2:])
        if kind == "Convolution" and (rows := _reach(settings)) is not None:
            reach += rows * reduction
        elif kind == "Pooling" and _halves(settings) and reduction < REDUCTION:
            reduction *= 2
            found = Stem(blob, reduction, -(-reach // reduction) * reduction)
        elif kind != "ReLU":
            break
    return found


def in_strips(compute: Callable[[Float32], Float32], image: Float32, first: Stem) -> Float32:
    """Return a stem's maps of an image [C, H, W], H a multiple of its reduction, as it gives them of the whole image.

    Args:
        compute: Returns the stem's maps of an image.
        image: The whole image.
        first: The stem.
    """
    height, maps = image.shape[1], None
    for top in range(0, height, ROWS):
        start, end = max(top - first.reach, 0), min(top + ROWS + first.reach, height)
        kept = slice((top - start) // first.reduction, (min(top + ROWS, height) - start) // first.reduction)
        strip = compute(image[:, start:end].copy())[:, kept]
        if maps is None:
            maps = np.empty((len(strip), height // first.reduction, strip.shape[2]), np.float32)
        maps[:, top // first.reduction :][:, : strip.shape[1]] = strip
    assert maps is not None
    return maps


def _reach(settings: dict[str, str]) -> int | None:
    """Return the rows beyond its own that a convolution sees where it keeps the size of its maps; else None."""
    defaults = {1: 0, 2: 1, 3: 1, 4: 0}
    kernel, dilation, stride, padding = (_value(settings, key, default) for key, default in defaults.items())
    reach = dilation * (kernel - 1) // 2
    last = settings.get("15", str(padding)), settings.get("16", str(padding))
    return reach if kernel % 2 and stride == 1 and padding == reach and last == (str(reach),) * 2 else None


def _halves(settings: dict[str, str]) -> bool:
    """Return whether a pooling makes one of each 2 x 2, and nothing beyond."""
    kernel, stride, padding = (_value(settings, key, default) for key, default in {1: 0, 2: 1, 3: 0}.items())
    return (kernel, stride, padding) == (2, 2, 0)


def _value(settings: dict[str, str], key: int, default: int) -> int:
    """Return a setting that is the same across and down, -1 where it is not: ncnn's key for down is 10 higher."""
    across = int(settings.get(str(key), default))
    return across if int(settings.get(str(key + 10), across)) == across else -1
