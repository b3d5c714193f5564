"""Shares and areas of the classes, counted in the finished file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Float64, Int64, UInt8
from pixelproof.deploy.areas import CELL, Ground
from pixelproof.deploy.cog import rows_of
from pixelproof.deploy.journal import RawFile
from pixelproof.deploy.legend import Legend
from pixelproof.errors import UserError
from pixelproof.labels import VOID
from pixelproof.numbers import HECTARE
from pixelproof.progress import track

ROWS = 512  # that are read at once: those of a row of blocks
PIXELS = 2**21  # that are counted at once


def tally(path: Path, raw: RawFile, legend: Legend, ground: Ground) -> dict[str, Any]:
    """Return pixels, share and hectares of every class in a map, and prove that the file holds what was computed.

    Args:
        path: The map.
        raw: The pixels it was made from.
        legend: Of its values.
        ground: Gives areas.

    Returns:
        ``classes``, by name: ``id``, ``pixels``, ``share`` of the pixels with data, None where there are none, and
        ``hectares``, None where areas are not known; ``pixels`` and ``nodata_pixels``; ``areas``, how they were
        measured.

    Raises:
        UserError: The file differs from the pixels.
    """
    count = Count(len(legend.ids), ground)
    for top, values in track(rows_of(path, ROWS), "check the map", -(-raw.shape[1] // ROWS), "strips"):
        if not np.array_equal(values, raw.rows(top, len(values))):
            raise UserError(f"{path} reads otherwise than it was written", "check the disk and run the command again")
        for row, piece in pieces(values):
            count.add(top + row, legend.decode(piece))
    counts, square_metres = count.pixels, count.square_metres
    valid = int(counts[:-1].sum())
    classes = {
        name: {
            "id": legend.ids[k],
            "pixels": int(counts[k]),
            "share": counts[k] / valid if valid else None,
            "hectares": square_metres[k] / HECTARE if ground.method else None,
        }
        for k, name in enumerate(legend.names)
    }
    return {"classes": classes, "pixels": valid, "nodata_pixels": int(counts[-1]), "areas": ground.method}


class Count:
    """Pixels and areas of classes, added up piece by piece.

    Args:
        classes: K.
        ground: Gives areas; where it cannot, they stay 0.

    Attributes:
        pixels: int64 [K + 1], the last of pixels without data.
        square_metres: float64 [K + 1]; the last has no meaning.
    """

    def __init__(self, classes: int, ground: Ground) -> None:
        self.pixels = np.zeros(classes + 1, np.int64)
        self.square_metres = np.zeros(classes + 1)
        self._ground = ground

    def add(self, top: int, index: UInt8) -> None:
        """Add rows of class indices, [h, W], of which ``top`` is the first."""
        kinds = len(self.pixels)
        index = np.where(index == VOID, np.uint8(kinds - 1), index)
        part = _by_cell(index, kinds)
        self.pixels += part.sum(axis=(0, 1))
        if self._ground.method:
            self.square_metres += _areas(index, part, self._ground, top)


def pieces(values: npt.NDArray[Any]) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Yield an array, [h, W], in pieces of some rows that are counted at once, with the number of their first."""
    step = max(PIXELS // values.shape[1], 1)
    for row in range(0, len(values), step):
        yield row, values[row : row + step]


def _by_cell(index: UInt8, kinds: int) -> Int64:
    """Return how often each number occurs in each cell of ``CELL`` columns of each row, [rows, cells, kinds]."""
    height, width = index.shape
    cells = -(-width // CELL)
    cell = np.arange(height)[:, None] * cells + np.arange(width) // CELL
    counts = np.bincount((cell * kinds + index).ravel(), minlength=height * cells * kinds)
    return counts.reshape(height, cells, kinds)


def _areas(index: UInt8, counts: Int64, ground: Ground, top: int) -> Float64:
    """Return the square metres of each number in rows from ``top`` on, [kinds]; ``counts`` is of their cells."""
    cells = ground.cells(top, len(index), index.shape[1])
    total: Float64 = np.einsum("rck,rc->k", counts, np.nan_to_num(cells))
    # At the rim of the Earth it matters which pixels hold what; the last number is no data, and has no area told.
    rows, columns = np.nonzero(np.isnan(cells) & counts[..., :-1].any(axis=-1))
    if len(rows):
        lefts = CELL * columns
        for row, left, areas in zip(rows, lefts, ground.pixels(top + rows, lefts, index.shape[1]), strict=True):
            values = index[row, left : left + CELL]
            total += np.bincount(values, weights=areas[: len(values)], minlength=len(total))
    return total
