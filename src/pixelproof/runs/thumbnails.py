"""Thumbnails: a small picture of each image, so that a page can show it without the data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from pixelproof.array_types import UInt8
from pixelproof.runs.arrays import expect, load_arrays, save_arrays

VERSION = 1


@dataclass(frozen=True)
class Thumbnails:
    """Small pictures of N images.

    Attributes:
        ids: N sample ids.
        pixels: uint8 [N, S, S, 3].
    """

    ids: tuple[str, ...]
    pixels: UInt8

    @cached_property
    def by_id(self) -> dict[str, UInt8]:
        """The pictures, uint8 [S, S, 3] each, by their ids."""
        return dict(zip(self.ids, self.pixels, strict=True))


NO_THUMBNAILS = Thumbnails((), np.zeros((0, 0, 0, 3), np.uint8))


def save_thumbnails(path: Path, value: Thumbnails) -> None:
    """Write a thumbnail file, atomically."""
    save_arrays(path, "thumbnails", VERSION, {}, {"ids": np.array(value.ids, dtype=np.str_), "pixels": value.pixels})


def load_thumbnails(path: Path) -> Thumbnails:
    """Read a thumbnail file.

    Raises:
        UserError: It is missing, truncated, of another version, or was edited.
    """
    _, arrays = load_arrays(path, "thumbnails", VERSION)
    count, side = len(arrays.get("ids", ())), arrays.get("pixels", np.empty(0)).shape[1:2]
    expect(path, "thumbnails", arrays, {"ids": ("U", (count,)), "pixels": ("u", (count, *side, *side, 3))})
    return Thumbnails(tuple(str(i) for i in arrays["ids"]), arrays["pixels"])


def thumbnails_if_any(path: Path) -> Thumbnails:
    """Read a thumbnail file that may have been removed, as pictures of the data are before a folder is passed on.

    Raises:
        UserError: It is truncated, of another version, or was edited.
    """
    return load_thumbnails(path) if path.is_file() else NO_THUMBNAILS
