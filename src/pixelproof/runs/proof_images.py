"""Images on which another library must give the same answer before a run is entrusted to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import UInt8
from pixelproof.errors import UserError
from pixelproof.randomness import generator
from pixelproof.runs.arrays import load_arrays, save_arrays
from pixelproof.runs.folder import Run

VERSION = 1
COUNT = 4
SIDE = 512  # pixels; of a larger image the middle is kept
TRUTH = "-truth"


@dataclass(frozen=True)
class ProofImage:
    """An image with its truth, where that is known.

    Attributes:
        id: Of the sample.
        image: uint8 [H, W, C].
        truth: Class indices, uint8 [H, W], or the class index of a classified image.
    """

    id: str
    image: UInt8
    truth: UInt8 | int | None = None

    def middle(self, side: int) -> ProofImage:
        """Return the middle of the image and its mask, at most ``side`` pixels high and wide."""
        top, left = (max(length - side, 0) // 2 for length in self.image.shape[:2])
        return self.part(slice(top, top + side), slice(left, left + side))

    def part(self, rows: slice, columns: slice) -> ProofImage:
        """Return a rectangle of the image and its mask."""
        truth = self.truth[rows, columns] if isinstance(self.truth, np.ndarray) else self.truth
        return ProofImage(self.id, np.ascontiguousarray(self.image[rows, columns]), truth)


def save_proof_images(run: Run, images: Sequence[ProofImage]) -> None:
    """Keep the middle of some images in a run folder."""
    kept = [image.middle(SIDE) for image in images[:COUNT]]
    arrays: dict[str, npt.NDArray[np.generic]] = {f"{index:02}": each.image for index, each in enumerate(kept)}
    arrays |= {f"{index:02}{TRUTH}": np.array(each.truth) for index, each in enumerate(kept) if each.truth is not None}
    save_arrays(run.proof_images, "proof images", VERSION, {"ids": [each.id for each in kept]}, arrays)


def kept_images(run: Run) -> list[ProofImage]:
    """Return the images of a run; one of an earlier version has none, or has them without a truth."""
    try:
        facts, stored = load_arrays(run.proof_images, "proof images", VERSION)
    except UserError:
        facts, stored = {}, {}
    names = sorted(name for name, array in stored.items() if array.ndim == 3 and array.dtype == np.uint8)
    ids = dict(zip(names, facts.get("ids", ()), strict=False))
    return [ProofImage(str(ids.get(name, name)), stored[name], _truth(stored, name)) for name in names]


def drawn_images(channels: int) -> list[ProofImage]:
    """Return images for a run that has none, smooth in places and rough in others."""
    return [ProofImage(f"drawn {index}", _drawn(index, channels)) for index in range(COUNT)]


def proof_images(run: Run, size: tuple[int, int], channels: int) -> list[UInt8]:
    """Return the images of a run or drawn ones, uint8 [H, W, C].

    The first of them is repeated to ``size``, so that two sizes are tried.
    """
    images = [each.image for each in kept_images(run) or drawn_images(channels)]
    first = images[0]
    times = (-(-size[0] // first.shape[0]), -(-size[1] // first.shape[1]), 1)
    return [np.tile(first, times)[: size[0], : size[1]], *images]


def _truth(stored: dict[str, npt.NDArray[np.generic]], name: str) -> UInt8 | int | None:
    """Return the truth kept for an image, if it can be one."""
    truth = stored.get(name + TRUTH)
    if truth is None or truth.dtype.kind not in "iu":
        return None
    if truth.ndim == 0:
        return int(truth)
    return truth.astype(np.uint8) if truth.shape == stored[name].shape[:2] else None


def _drawn(index: int, channels: int) -> UInt8:
    rng = generator(0, "proof image", index)
    coarse = np.kron(rng.integers(0, 256, (8, 8, channels)), np.ones((32, 32, 1)))
    rough = rng.normal(0, 40, (256, 256, channels)) * (np.arange(256) > 128)[:, None]
    return (coarse + rough).clip(0, 255).astype(np.uint8)
