"""From the values a raster stores to the 8 bits that the network was trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixelproof.deploy.settings import Stretch
from pixelproof.errors import UserError

UInt8 = npt.NDArray[np.uint8]
Float = npt.NDArray[np.float32]
FULL = {"uint8": 255.0, "uint16": 65535.0}
"""The value that is white, by type, where no stretch is given; for uint16 as for training images."""
DARK = 16.0
"""Where the highest of 16-bit values comes out at less than this out of 255, a stretch was forgotten."""


@dataclass(frozen=True)
class Scaling:
    """A linear map of each band: ``low`` becomes 0, ``high`` becomes 255, values beyond are clipped.

    Attributes:
        low: One value for each band.
        high: Likewise.
        warning: Why the result may not be what is wanted; empty if there is no reason.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    warning: str = ""

    @classmethod
    def choose(cls, path: Path, dtype: str, stretch: Stretch | None, sample: Callable[[], npt.NDArray[Any]]) -> Scaling:
        """Return the scaling of a raster.

        Args:
            path: The raster, for messages.
            dtype: Of its pixels.
            stretch: What the user asks for; None takes 8 bits as they are and of 16 bits the upper 8.
            sample: Gives values with data from all over the raster, [bands, N]; called only where they are needed.

        Raises:
            UserError: The type has no natural range and no stretch is given, or is complex.
        """
        if dtype.startswith("complex"):
            raise UserError(f"{path} holds complex numbers", "convert it to 8 or 16 bits a band")
        if stretch is not None and stretch.unit == "value":
            return cls((stretch.low,), (stretch.high,))
        if stretch is not None:
            return _percentiles(sample(), stretch)
        if dtype not in FULL:
            raise UserError(
                f"{path} holds {dtype} pixels, whose range is not known",
                "say which values are black and white, such as --stretch 0,3000 or --stretch 2%,98%",
            )
        return cls((0.0,), (FULL[dtype],), _darkness(path, dtype, sample))

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


def _percentiles(values: npt.NDArray[Any], stretch: Stretch) -> Scaling:
    if not values.shape[1]:
        return Scaling((0.0,), (1.0,))  # no pixel holds data, so nothing will be scaled
    low, high = np.percentile(values.astype(np.float64), [stretch.low, stretch.high], axis=1)
    # A band of one value has no range; it becomes black.
    return Scaling(tuple(low.tolist()), tuple(np.maximum(high, low + 1e-6 + np.abs(low) * 1e-6).tolist()))


def _darkness(path: Path, dtype: str, sample: Callable[[], npt.NDArray[Any]]) -> str:
    if dtype == "uint8" or not (values := sample()).size or (top := int(values.max())) >= DARK * 256:
        return ""
    return (
        f"the values of {path.name} reach only about {top:,} of 65,535, so it looks almost black to the network; "
        f"unless its training images did too, stretch it, such as --stretch 0,{top} or --stretch 2%,98%"
    )
