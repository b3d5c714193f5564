"""Shares and areas of the classes, counted in the finished file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.array_types import Float64, Int64, UInt8
from pixelproof.deploy.areas import CELL, Ground
from pixelproof.deploy.cog import rows_of
from pixelproof.deploy.journal import RawFile
from pixelproof.deploy.legend import Legend
from pixelproof.errors import UserError
from pixelproof.labels import VOID
from pixelproof.progress import track

ROWS = 512  # that are read at once: those of a row of blocks
PIXELS = 2**21  # that are counted at once
HECTARE = 10_000.0  # square metres


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
    counts = np.zeros(len(legend.ids) + 1, np.int64)
    square_metres = np.zeros(len(legend.ids) + 1)
    tops = range(0, raw.shape[1], ROWS)
    for top, values in track(rows_of(path, ROWS), "check the map", len(tops), "strips"):
        if not np.array_equal(values, raw.rows(top, len(values))):
            raise UserError(f"{path} reads otherwise than it was written", "check the disk and run the command again")
        index = legend.decode(values)
        index[index == VOID] = len(legend.ids)
        step = max(PIXELS // values.shape[1], 1)
        for row in range(0, len(index), step):
            part = _by_cell(index[row : row + step], len(counts))
            counts += part.sum(axis=(0, 1))
            if ground.method:
                square_metres += _areas(index[row : row + step], part, ground, top + row)
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
