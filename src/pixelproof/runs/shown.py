"""Predictions of the images a report shows: picture, truth and prediction of one image in one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pixelproof.array_types import UInt8
from pixelproof.runs.arrays import expect, load_arrays, misfit, save_arrays

VERSION = 1


@dataclass(frozen=True)
class Shown:
    """One image that a report shows.

    Attributes:
        id: The sample's id.
        image: uint8 [H, W, 3].
        truth: uint8 [H, W], class indices or ``VOID``.
        prediction: uint8 [H, W], class indices.
    """

    id: str
    image: UInt8
    truth: UInt8
    prediction: UInt8


def save_shown(path: Path, value: Shown) -> None:
    """Write one shown image, atomically."""
    arrays = {"image": value.image, "truth": value.truth, "prediction": value.prediction}
    save_arrays(path, "shown image", VERSION, {"id": value.id}, arrays)


def load_shown(path: Path) -> Shown:
    """Read one shown image.

    Raises:
        UserError: The file is missing, truncated, of another version, or was edited.
    """
    facts, arrays = load_arrays(path, "shown image", VERSION)
    height, width = arrays["truth"].shape if arrays.get("truth", np.empty(0)).ndim == 2 else (0, 0)
    forms = {"image": ("u", (height, width, 3)), "truth": ("u", (height, width)), "prediction": ("u", (height, width))}
    expect(path, "shown image", arrays, forms)
    if not isinstance(facts.get("id"), str) or not height * width or any(a.itemsize > 1 for a in arrays.values()):
        raise misfit(path, "shown image")
    return Shown(id=facts["id"], **arrays)
