"""From the values a raster stores to the 8 bits that networks are trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import UInt8
from pixelproof.config import ModelConfig
from pixelproof.errors import UserError

FULL = {"uint8": 255.0, "uint16": 65535.0}
"""The value that is white, by type, where no stretch is given; of 16 bits as Pillow's images are read."""
DARK, CLIPPED = 16, 4
"""Levels of 256 at whose ends a band has little left of its values: without a stretch, and with one."""


@dataclass(frozen=True)
class Scaling:
    """A linear map of each band: ``low`` becomes 0, ``high`` becomes 255, values beyond are clipped.

    Attributes:
        low: One value for all bands, or one for each.
        high: Likewise.
        dtype: The type of values that are taken as they are, or of 16 bits the upper 8; empty where all are mapped.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    dtype: str = ""

    @classmethod
    def plain(cls, dtype: str) -> Scaling:
        """Return the scaling that keeps values of 8 bits and takes the upper byte of those of 16, as for colours."""
        return cls((0.0,), (FULL[dtype],), dtype)

    def __call__(self, stored: npt.NDArray[Any]) -> UInt8:
        """Return stored values [bands, h, w] as uint8 of the same shape."""
        if self.dtype == stored.dtype.name:
            return (stored >> 8 * (stored.dtype.itemsize - 1)).astype(np.uint8)
        result = np.empty(stored.shape, np.uint8)
        # Numbers of more than 16 bits do not all fit into float32.
        kind = np.float32 if stored.dtype.itemsize <= 2 or stored.dtype == np.float32 else np.float64
        for index, band in enumerate(stored):  # one by one, for a whole image in floats takes four times its memory
            low, high = (kind(ends[index % len(ends)]) for ends in (self.low, self.high))
            # Values without data may be anything: the lowest float, which would overflow, or not-a-number.
            scaled = (band.astype(kind).clip(low, high) - low) * (kind(255) / (high - low))
            result[index] = np.nan_to_num(scaled).round()
        return result

    def __str__(self) -> str:
        if self.dtype:
            return "8-bit values as they are" if self.dtype == "uint8" else "of 16 bits the upper 8"
        ranges = [f"{low:g} to {high:g}" for low, high in zip(self.low, self.high, strict=True)]
        return f"values {', '.join(ranges if len(set(ranges)) > 1 else ranges[:1])} as 0 to 255"


def refuse_complex(path: Path | str, dtype: str) -> None:
    """Refuse values that no linear map brings to 8 bits.

    Raises:
        UserError: They are complex.
    """
    if dtype.startswith("complex"):
        raise UserError(f"{path} holds complex numbers", "convert it to 8 or 16 bits a band")


def doubtful_bands(model: ModelConfig) -> list[str]:
    """Return a sentence for bands of which nearly nothing is left in 8 bits, by their mean over training images."""
    if model.bands is None or model.mean is None:
        return []
    levels = {band: 256 * mean for band, mean in zip(model.bands, model.mean, strict=True)}
    dark = DARK if model.stretch is None else CLIPPED
    found = {
        "black": [band for band, level in levels.items() if level < dark],
        "white": [band for band, level in levels.items() if level > 256 - CLIPPED],
    }
    return [
        f"band {', '.join(map(str, bands))} comes out almost {color}; say which values are black and white, such as "
        "--set stretch=[0,3000], or a pair for each band"
        for color, bands in found.items()
        if bands
    ]
