"""The tiles of scenes, row by row of tiles: what a killed process has finished is not made again."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.array_types import Bool, UInt8
from pixelproof.data.images import encode_png
from pixelproof.deploy.ground_labels import GroundLabels
from pixelproof.deploy.journal import Journal
from pixelproof.deploy.sheet import OpenSheet, Sheet
from pixelproof.errors import UserError
from pixelproof.labels import VOID
from pixelproof.labels.drawn import byte_masks
from pixelproof.progress import Step, bar, say
from pixelproof.runs import LABELS_FILE, labels_to_yaml
from pixelproof.runs.files import read_json, write_json, write_text
from pixelproof.windows import Window

BLOCKS = 20
"""Groups of neighbouring tiles that there are to be at least, so that a part of them can be set aside."""


@dataclass
class Row:
    """What became of a row of tiles.

    Attributes:
        columns: Of the tiles that have a class.
        pixels: How many there are of each class index, and at last of none.
        contested: How many lie in polygons of several classes.
        hidden: How many have a class and hold no data.
    """

    columns: list[int] = field(default_factory=list)
    pixels: list[int] = field(default_factory=lambda: [0] * (VOID + 1))
    contested: int = 0
    hidden: int = 0


class Cutting:
    """Writes tiles, and counts what is in them.

    Args:
        journal: Its folder holds what is finished.
        sheets: The scenes.
        labels: Theirs.

    Attributes:
        folder: In that of the journal, with ``images/``, ``masks/`` and ``labels.yaml`` at the end.
    """

    def __init__(self, journal: Journal, sheets: Sequence[Sheet], labels: GroundLabels) -> None:
        self.folder, self._notes, self.sheets, self.labels = (
            journal.folder / "data",
            journal.folder / "rows",
            sheets,
            labels,
        )
        self.scheme, self.values = byte_masks(labels.scheme)
        if not self.folder.is_dir():  # begun anew, or moved to its final place and removed there
            shutil.rmtree(self._notes, ignore_errors=True)
        for folder in (self._notes, self.folder / "images", self.folder / "masks"):
            folder.mkdir(parents=True, exist_ok=True)

    def all(self) -> dict[str, Any]:
        """Write what is missing, and return what ``cut_scenes`` does.

        Raises:
            UserError: No tile has a class, or a scene or labels are damaged.
        """
        self._cut()
        rows = [[Row(**read_json(note)) for note in notes] for notes in self._finished()]
        for sheet, found in zip(self.sheets, rows, strict=True):
            if len(rows) > 1 and not any(row.columns for row in found):
                say(f"warning: no tile of {sheet.path} has a class")
        written = [
            (sheet, number, column)
            for sheet, found in zip(self.sheets, rows, strict=True)
            for number, row in enumerate(found)
            for column in row.columns
        ]
        every = list(chain.from_iterable(rows))
        if not written:
            raise UserError(*self._nothing(every))
        self._name_by_blocks(written)
        write_text(self.folder / LABELS_FILE, labels_to_yaml(self.scheme))
        pixels, polygons = np.sum([row.pixels for row in every], axis=0), self.labels.polygons
        return {
            "classes": {
                name: {"pixels": int(pixels[k])} | ({"polygons": polygons[name]} if polygons else {})
                for k, name in enumerate(self.scheme.names)
            },
            "tiles": len(written),
            "left_out": sum(sheet.tiles for sheet in self.sheets) - len(written),
            "contested": sum(row.contested for row in every),
            "unnamed": self.labels.unnamed,
        }

    def _finished(self) -> Iterator[list[Path]]:
        """Yield for each scene the notes of its rows of tiles, which are there where the row is finished."""
        for scene, sheet in enumerate(self.sheets):
            yield [self._notes / f"{scene}_{row}.json" for row in range(len(sheet.rows) - 1)]

    def _cut(self) -> None:
        total, notes = sum(sheet.tiles for sheet in self.sheets), list(self._finished())
        todo = [[row for row, note in enumerate(each) if not note.is_file()] for each in notes]
        left = sum(len(rows) * (len(sheet.columns) - 1) for sheet, rows in zip(self.sheets, todo, strict=True))
        if done := total - left:
            say(f"going on: {done:,} of {total:,} tiles are done")
        with bar("cut", total, "tiles", done) as step:
            for sheet, rows, noted in zip(self.sheets, todo, notes, strict=True):
                if not rows:
                    continue
                with sheet.opened() as pixels, self.labels.over(sheet) as classes:
                    for row in rows:
                        found = self._row(sheet, row, pixels, classes, step)
                        os.sync()  # tiles reach the disk before they are said to be there
                        write_json(noted[row], asdict(found))

    def _row(
        self,
        sheet: Sheet,
        row: int,
        pixels: OpenSheet,
        classes: Callable[[Window], tuple[UInt8, Bool]],
        step: Step,
    ) -> Row:
        found = Row()
        for column, window in sheet.windows(row):
            mask, contested = classes(window)
            if self._is_labelled(pixels, window, mask, contested, found):
                image, drawn = self._files(sheet.name(row, column, 1))
                image.write_bytes(pixels.tile(window))
                drawn.write_bytes(encode_png(self.values[mask]))
                found.pixels = (found.pixels + np.bincount(mask.ravel(), minlength=VOID + 1)).tolist()
                found.columns.append(column)
            step()
        return found

    def _is_labelled(self, pixels: OpenSheet, window: Window, mask: UInt8, contested: Bool, found: Row) -> bool:
        """Take what holds no data out of a mask, and return whether it has a class."""
        labelled = mask != VOID
        if not (labelled.any() or contested.any()):
            return False
        valid = pixels.valid(window)
        found.contested += int((contested & valid).sum())
        found.hidden += int((labelled & ~valid).sum())
        mask[~valid] = VOID
        return bool((mask != VOID).any())

    def _files(self, name: str) -> tuple[Path, Path]:
        return self.folder / "images" / f"{name}.tif", self.folder / "masks" / f"{name}.png"

    def _name_by_blocks(self, written: Sequence[tuple[Sheet, int, int]]) -> None:
        """Name the tiles by blocks of such a size that there are enough of these: known once all tiles are."""
        block = max(1, math.isqrt(len(written) // BLOCKS))
        for sheet, row, column in written:
            for file, named in zip(*(self._files(sheet.name(row, column, b)) for b in (1, block)), strict=True):
                if file.exists():  # else a process that was killed has done it
                    file.rename(named)

    def _nothing(self, rows: Sequence[Row]) -> tuple[str, str]:
        """Return why there is no tile, and what to do about it."""
        scene, labels = (str(self.sheets[0].path) if len(self.sheets) == 1 else "any scene"), self.labels.path
        if any(row.hidden for row in rows):
            return f"{scene} holds no data where {labels} has a class", "give scenes and labels of the same ground"
        if any(row.contested for row in rows):
            return f"all of {labels} that lies on {scene} is of several classes at once", "leave one of each two out"
        return f"nothing of {labels} lies on {scene}", "give labels of the same ground"
