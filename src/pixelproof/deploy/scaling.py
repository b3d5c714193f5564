"""How the values of a raster become 8 bits: as its user says, or as its type suggests."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixelproof.config.bands import check_count
from pixelproof.data.scaling import DARK, FULL, Scaling, refuse_complex
from pixelproof.deploy.settings import Stretch
from pixelproof.errors import UserError

BEYOND = 0.9
"""Share of black and white values from which on a stretch is for others."""
Sample = Callable[[], npt.NDArray[Any]]
"""Gives values with data from all over a raster, [bands, N]."""


def choose_scaling(path: Path, dtype: str, stretch: Stretch | None, sample: Sample, bits: int = 8) -> Scaling:
    """Return the scaling of a raster.

    Args:
        path: The raster, for messages.
        dtype: Of its pixels.
        stretch: What the user asks for; None takes 8 bits as they are and of 16 bits the upper 8.
        sample: Called only where values are needed.
        bits: Of each value of 8 bits that are used: of fewer, the largest is white.

    Raises:
        UserError: The type has no natural range and no stretch is given, or is complex.
    """
    refuse_complex(path, dtype)
    if stretch is not None and stretch.unit == "value":
        low, high = zip(*stretch.ranges, strict=True)
        return Scaling(low, high)
    if stretch is not None:
        return _percentiles(sample(), stretch)
    if dtype not in FULL:
        raise UserError(
            f"{path} holds {dtype} pixels, whose range is not known",
            "say which values are black and white, such as --stretch 0,3000 or --stretch 2%,98%",
        )
    return Scaling.plain(dtype) if bits == 8 else Scaling((0.0,), (2.0**bits - 1,))


def check_stretch(path: Path, stretch: Stretch | None, bands: int, palette: bool) -> None:
    """Refuse a stretch that does not fit a raster.

    Raises:
        UserError: It has neither one pair of values nor one for each band, or the raster holds numbers of colours.
    """
    if stretch is None:
        return
    if palette:
        raise UserError(f"{path} is a palette, whose values are numbers of colours", "leave --stretch out")
    try:
        check_count(stretch.ranges, bands)
    except ValueError as error:
        raise UserError(f"--{error}", "correct --stretch") from None


def forgotten_stretch(path: Path, dtype: str, stretch: Stretch | None, sample: Sample) -> str:
    """Return why a raster looks almost black without a stretch; empty where it does not."""
    if stretch is not None or dtype != "uint16" or not (values := sample()).size:
        return ""
    if (top := int(values.max())) >= DARK * 256:
        return ""
    return (
        f"the values of {path.name} reach only about {top:,} of 65,535, so it looks almost black to the network; "
        f"unless its training images did too, stretch it, such as --stretch 0,{top} or --stretch 2%,98%"
    )


def other_values(path: Path, scaling: Scaling, sample: Sample) -> str:
    """Return why a raster can hardly hold such values as the network learned from; empty where it may."""
    values = sample()
    if not values.size:
        return ""
    scaled = scaling(values[:, None])
    if np.isin(scaled, (0, 255)).mean() < BEYOND:
        return ""
    return f"nearly all of {path.name} comes out black or white ({scaling}); give --stretch if it is in another unit"


def _percentiles(values: npt.NDArray[Any], stretch: Stretch) -> Scaling:
    if not values.shape[1]:
        return Scaling((0.0,), (1.0,))  # no pixel holds data, so nothing will be scaled
    ranges = cycle(stretch.ranges)
    ends = [np.percentile(band.astype(np.float64), range_) for band, range_ in zip(values, ranges, strict=False)]
    low, high = np.array(ends).T
    # A band of one value has no range; it becomes black.
    return Scaling(tuple(low.tolist()), tuple(np.maximum(high, low + 1e-6 + np.abs(low) * 1e-6).tolist()))
