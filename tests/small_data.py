"""Two data sets of a few small images, written for the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pixelproof.data import write_png
from pixelproof.labels import PRESETS, encode_colors


def write_color_classes(folder: Path) -> Path:
    """Write three classes of noisy colour patches, 16x16, with train and validation; returns the folder."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 10), ("validation", 4)):
        for name, color in {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}.items():
            for index in range(count):
                image = (np.array(color) + rng.normal(0, 25, (16, 16, 3))).clip(0, 255).astype(np.uint8)
                write_png(folder / split / name / f"{index}.png", image)
    return folder


def write_two_fields(folder: Path) -> Path:
    """Write tiles of forest left and water right of a random edge, some unknown; returns the folder."""
    rng = np.random.default_rng(0)
    scheme = PRESETS["deepglobe"]
    for split, count in (("train", 8), ("validation", 3)):
        for index in range(count):
            mask = np.full((64, 64), scheme.names.index("forest"), np.uint8)
            mask[:, int(rng.integers(16, 48)) :] = scheme.names.index("water")
            mask[:4] = scheme.names.index("unknown")
            image = encode_colors(scheme, mask) * 0.5 + rng.normal(60, 20, (64, 64, 3))
            write_png(folder / split / f"{index:04}_sat.png", image.clip(0, 255).astype(np.uint8))
            write_png(folder / split / f"{index:04}_mask.png", encode_colors(scheme, mask))
    return folder
