"""Scikit-learn's handwritten digits, 1,797 real scans of 8x8 pixels, as folders of small colour images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.datasets import load_digits

from pixelproof.array_types import UInt8
from pixelproof.progress import track
from pixelproof.randomness import generator

_PAPER = np.array((246, 241, 230), np.float32)
_INK = np.array((28, 36, 72), np.float32)
_FULL = 16  # the scans' value of full ink
_SIDE, _MARGIN = 32, 2  # pixels; the scans themselves touch all four edges
_VALIDATION = 0.2  # share of each class


def write_digits(folder: Path) -> None:
    """Write ``train/<digit>/NNNN.png`` and ``validation/<digit>/NNNN.png``, 32x32 RGB, always the same files.

    NNNN is the scan's place in ``sklearn.datasets.load_digits``. A fifth of each class, chosen at random, validates.
    """
    scans = load_digits()
    validation = _validation(scans.target)
    for index, (scan, digit) in enumerate(
        track(zip(scans.images, scans.target, strict=True), "writing digits", len(scans.target))
    ):
        place = folder / ("validation" if index in validation else "train") / str(digit)
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(_ink_on_paper(scan)).save(place / f"{index:04d}.png")


def _validation(target: npt.NDArray[np.integer]) -> set[int]:
    """Return the places of the scans that validate: the same share of every class."""
    chosen: set[int] = set()
    for digit in range(10):
        places = generator(0, "digits", digit).permutation(np.flatnonzero(target == digit))
        chosen.update(places[: round(_VALIDATION * len(places))].tolist())
    return chosen


def _ink_on_paper(scan: npt.NDArray[np.floating]) -> UInt8:
    """Return a scan, [8, 8] of 0..16, as dark ink on light paper, uint8 [32, 32, 3]."""
    side = _SIDE - 2 * _MARGIN
    enlarged = Image.fromarray(scan.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC)
    ink = np.pad(np.asarray(enlarged).clip(0, _FULL) / _FULL, _MARGIN)[..., None]
    return np.rint(_PAPER + ink * (_INK - _PAPER)).astype(np.uint8)
