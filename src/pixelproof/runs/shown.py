"""Images that pages show with their masks: picture, truth and perhaps a prediction of one image in one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.array_types import UInt8
from pixelproof.runs.arrays import Arrays, expect, load_arrays, misfit, save_arrays

VERSION = 1


@dataclass(frozen=True)
class Labelled:
    """One image with its mask.

    Attributes:
        id: The sample's id.
        image: uint8 [H, W, 3].
        truth: uint8 [H, W], class indices or ``VOID``.
    """

    id: str
    image: UInt8
    truth: UInt8


@dataclass(frozen=True)
class Shown(Labelled):
    """One image that a report shows with what a model made of it.

    Attributes:
        prediction: uint8 [H, W], class indices.
    """

    prediction: UInt8


def save_shown(path: Path, value: Shown) -> None:
    """Write one shown image, atomically."""
    _save(path, "shown image", value)


def load_shown(path: Path) -> Shown:
    """Read one shown image.

    Raises:
        UserError: The file is missing, truncated, of another version, or was edited.
    """
    return Shown(**_load(path, "shown image", "truth", "prediction"))


def save_labelled(path: Path, value: Labelled) -> None:
    """Write one image with its mask, atomically."""
    _save(path, "labelled image", value)


def load_labelled(path: Path) -> Labelled:
    """Read one image with its mask.

    Raises:
        UserError: As ``load_shown``.
    """
    return Labelled(**_load(path, "labelled image", "truth"))


def _save(path: Path, kind: str, value: Labelled) -> None:
    arrays = dict(vars(value))
    save_arrays(path, kind, VERSION, {"id": arrays.pop("id")}, arrays)


def _load(path: Path, kind: str, *masks: str) -> dict[str, Any]:
    facts, arrays = load_arrays(path, kind, VERSION)
    _check(path, kind, arrays, masks)
    if not isinstance(facts.get("id"), str):
        raise misfit(path, kind)
    return {"id": facts["id"], **arrays}


def _check(path: Path, kind: str, arrays: Arrays, masks: tuple[str, ...]) -> None:
    height, width = arrays["truth"].shape if arrays.get("truth", np.empty(0)).ndim == 2 else (0, 0)
    forms = {"image": ("u", (height, width, 3)), **dict.fromkeys(masks, ("u", (height, width)))}
    expect(path, kind, arrays, dict(forms))
    if not height * width or any(array.itemsize > 1 for array in arrays.values()):
        raise misfit(path, kind)
