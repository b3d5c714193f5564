"""The library that computes a map's tiles: that of the unfinished map, the one named, or the fastest where it pays."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pixelproof.prediction import Predictor
from pixelproof.prediction.backends import use_backend
from pixelproof.runs import Run

BACKEND, DEVICE = "--backend", "--device"
"""How a journal names what computed its tiles."""
WORTHWHILE = 4096 * 4096
"""Pixels from which a trial of all libraries, which takes as long as some tiles, is sooner paid back than not."""
Size = tuple[int, int]


def pick_backend(
    predictor: Predictor, run: Run, name: str | None, raster: Size, tile: Size, earlier: Mapping[str, Any]
) -> str:
    """Let a library compute the predictor's logits and return its name.

    Args:
        predictor: Opened from ``run``; changed in place.
        run: Remembers what trials found.
        name: One of ``BACKENDS``; None is "auto" where the raster is large and the run can remember, else "torch".
        raster: Height and width in pixels.
        tile: Of a tile with its halo.
        earlier: What an unfinished map was made from. One library computes all tiles of a map, so unless another is
            named it goes on with its own.

    Raises:
        UserError: There is no such library, or it is not installed.
        Refusal: The library named does not compute the same.
    """
    if name in (None, "auto") and earlier.get(DEVICE) == predictor.device.type:
        name = str(earlier.get(BACKEND, name or "torch"))
    if name is None:
        large = raster[0] * raster[1] >= WORTHWHILE and os.access(run.path, os.W_OK)
        name = "auto" if large else "torch"
    return use_backend(predictor, run, name, (min(raster[0], tile[0]), min(raster[1], tile[1])))
