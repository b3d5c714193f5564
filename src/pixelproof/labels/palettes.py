"""Colours for any number of classes, chosen so that neighbouring class numbers never look alike."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from pixelproof.array_types import Float64, UInt8
from pixelproof.labels.scheme import VOID, Color, LabelScheme

_CHROMA = np.array([1.0, 2.0, 2.0])  # hue and chroma separate small marks better than lightness does


def class_colors(scheme: LabelScheme) -> UInt8:
    """Return the colour of every mask value, uint8 [256, 3]: the scheme's own, or distinct ones where it has none."""
    table = np.full((256, 3), 128, np.uint8)
    given = {index: label.color for index, label in enumerate(scheme.classes) if label.color}
    others = [index for index in range(len(scheme.classes)) if index not in given]
    table[others] = distinct_colors(len(others), (*given.values(), *scheme.void_colors[:1]))
    for index, color in given.items():
        table[index] = color
    if scheme.void_colors:
        table[VOID] = scheme.void_colors[0]
    return table


@lru_cache(maxsize=16)
def distinct_colors(n: int, beside: tuple[Color, ...] = ()) -> UInt8:
    """Return ``n`` sRGB colours, uint8 [n, 3], each as far as can be from all before it and from those ``beside`` them.

    Farthest-point sampling in the perceptual space OKLab (Ottosson 2020) over colours that are neither near-white nor
    near-black, so that they stand out on a page of either kind. Deterministic; the first m of n colours are the same
    for every n.
    """
    steps = np.linspace(0, 255, 18).round().astype(np.uint8)
    candidates = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    lab = _oklab(candidates)
    usable = (lab[:, 0] > 0.35) & (lab[:, 0] < 0.85)
    candidates, lab = candidates[usable], lab[usable] * _CHROMA
    first = int(np.abs(candidates.astype(int) - (31, 119, 180)).sum(axis=1).argmin())
    distance = np.full(len(lab), np.inf)
    for color in _oklab(np.array(beside, np.uint8).reshape(-1, 3)):
        distance = np.minimum(distance, ((lab - color * _CHROMA) ** 2).sum(axis=1))
    chosen: list[int] = []
    while len(chosen) < n:
        chosen.append(int(distance.argmax()) if chosen or beside else first)
        distance = np.minimum(distance, ((lab - lab[chosen[-1]]) ** 2).sum(axis=1))
    return candidates[chosen]


def hex_color(rgb: Sequence[int]) -> str:
    """Return a colour, three numbers in 0..255, as a page and a settings file write it: ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _oklab(rgb: UInt8) -> Float64:
    """Convert sRGB uint8 [N, 3] to OKLab (https://bottosson.github.io/posts/oklab/)."""
    x = rgb / 255.0
    linear = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    to_lms = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    lab: Float64 = np.cbrt(linear @ to_lms.T) @ to_lab.T
    return lab
