"""Images on which another library must give the same answer before a run is entrusted to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pixelproof.errors import UserError
from pixelproof.randomness import generator
from pixelproof.runs.arrays import load_arrays, save_arrays
from pixelproof.runs.folder import Run

VERSION = 1
COUNT = 4
SIDE = 512  # pixels; of a larger image the middle is kept
UInt8 = npt.NDArray[np.uint8]


def save_proof_images(run: Run, images: Sequence[UInt8]) -> None:
    """Keep the middle of some images, uint8 [H, W, 3], in a run folder."""
    cut = {f"{index:02}": _middle(image) for index, image in enumerate(images[:COUNT])}
    save_arrays(run.proof_images, "proof images", VERSION, {}, cut)


def proof_images(run: Run, size: tuple[int, int]) -> list[UInt8]:
    """Return the images of a run, the first of them repeated to ``size``, so that two sizes are tried.

    A run of an earlier version has none; then they are drawn, smooth in places and rough in others.
    """
    try:
        _, stored = load_arrays(run.proof_images, "proof images", VERSION)
        images = [array for array in stored.values() if array.ndim == 3 and array.dtype == np.uint8]
    except UserError:
        images = []
    images = images or [_drawn(index) for index in range(COUNT)]
    first = images[0]
    times = (-(-size[0] // first.shape[0]), -(-size[1] // first.shape[1]), 1)
    return [np.tile(first, times)[: size[0], : size[1]], *images]


def _drawn(index: int) -> UInt8:
    rng = generator(0, "proof image", index)
    coarse = np.kron(rng.integers(0, 256, (8, 8, 3)), np.ones((32, 32, 1)))
    rough = rng.normal(0, 40, (256, 256, 3)) * (np.arange(256) > 128)[:, None]
    return (coarse + rough).clip(0, 255).astype(np.uint8)


def _middle(image: UInt8) -> UInt8:
    top, left = (max(side - SIDE, 0) // 2 for side in image.shape[:2])
    return np.ascontiguousarray(image[top : top + SIDE, left : left + SIDE])
