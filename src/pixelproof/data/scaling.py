"""From the values a raster stores to the 8 bits that networks are trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
Float = npt.NDArray[np.float32]
FULL = {"uint8": 255.0, "uint16": 65535.0}
"""The value that is white, by type, where no stretch is given; of 16 bits as Pillow's images are read."""
DARK = 16
"""Where the highest of 16-bit values comes out at less than this out of 255, a stretch was forgotten."""


@dataclass(frozen=True)
class Scaling:
    """A linear map of each band: ``low`` becomes 0, ``high`` becomes 255, values beyond are clipped.

    Attributes:
        low: One value for all bands, or one for each.
        high: Likewise.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __call__(self, stored: npt.NDArray[Any]) -> UInt8:
        """Return stored values [bands, h, w] as uint8 of the same shape."""
        if set(self.low) == {0.0} and set(self.high) == {FULL.get(stored.dtype.name)}:
            # The upper 8 bits, as of training images.
            return (stored >> 8 * (stored.dtype.itemsize - 1)).astype(np.uint8)
        low, high = (np.array(ends, np.float32).reshape(-1, 1, 1) for ends in (self.low, self.high))
        scaled: Float = (stored.astype(np.float32) - low) * (np.float32(255) / (high - low))
        # Values without data may be anything, not-a-number included.
        return np.nan_to_num(scaled).clip(0, 255).round().astype(np.uint8)

    def __str__(self) -> str:
        ranges = dict.fromkeys(f"{low:g} to {high:g}" for low, high in zip(self.low, self.high, strict=True))
        plain = {"0 to 255": "8-bit values as they are", "0 to 65535": "of 16 bits the upper 8"}
        text = ", ".join(ranges)
        return plain.get(text, f"values {text} as 0 to 255")


def darkness(dtype: str, values: npt.NDArray[Any]) -> int | None:
    """Return the highest of 16-bit values if they come out almost black without a stretch, else None."""
    if dtype != "uint16" or not values.size:
        return None
    top = int(values.max())
    return top if top < DARK * 256 else None
