"""A raster that is cut into tiles, which hold what it holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.array_types import Bool
from pixelproof.data.rasters import MemoryFile, driver_of, explained, in_memory, type_of_bands
from pixelproof.data.scaling import refuse_complex
from pixelproof.deploy.geo import lies, open_raster, placed
from pixelproof.deploy.sources import source_files
from pixelproof.numbers import counted
from pixelproof.windows import Window


@dataclass(frozen=True)
class Sheet:
    """A scene and where it is cut.

    Attributes:
        path: Of the scene.
        kind: Number and type of its bands, in words.
        crs: None of a scene that lies nowhere.
        transform: From columns and rows to coordinates.
        rows: At which tiles begin, and at last where they end.
        columns: Likewise.
        files: That it is read from.
    """

    path: Path
    kind: str
    crs: Any
    transform: Any
    rows: list[int]
    columns: list[int]
    files: list[Path]

    @property
    def tiles(self) -> int:
        """How many there are."""
        return (len(self.rows) - 1) * (len(self.columns) - 1)

    @property
    def height(self) -> int:
        """In pixels."""
        return self.rows[-1]

    @property
    def width(self) -> int:
        """Likewise."""
        return self.columns[-1]

    @property
    def place(self) -> tuple[Any, Any, int, int]:
        """CRS, transform, height and width."""
        return self.crs, self.transform, self.height, self.width

    def windows(self, row: int) -> Iterator[tuple[int, Window]]:
        """Yield column and place of each tile of a row."""
        top, bottom = self.rows[row : row + 2]
        for column, (left, right) in enumerate(zip(self.columns, self.columns[1:], strict=False)):
            yield column, Window(top, left, bottom - top, right - left)

    def name(self, row: int, column: int, block: int) -> str:
        """Return the name of a tile; ``block`` tiles across and down are named as one group."""
        group = row // block * math.ceil((len(self.columns) - 1) / block) + column // block
        return f"{self.path.stem.lstrip('.')}_b{group:03d}_r{row:03d}_c{column:03d}"

    @contextmanager
    def opened(self) -> Iterator[OpenSheet]:
        """Give what its tiles hold."""
        with _opened(self.path) as data:
            yield OpenSheet(self.path, data)


@dataclass(frozen=True)
class OpenSheet:
    """An open scene."""

    path: Path
    data: Any

    def valid(self, window: Window) -> Bool:
        """Return which pixels of a window hold data, [h, w].

        Raises:
            UserError: The scene is damaged there.
        """
        with placed(self.path, window) as place:
            found: Bool = self.data.dataset_mask(window=place) > 0
            if np.dtype(self.data.dtypes[0]).kind == "f":
                found &= np.isfinite(self.data.read(window=place)).all(axis=0)
        return found

    def tile(self, window: Window) -> bytes:
        """Return a window as the bytes of a GeoTIFF: all bands as they are stored, and where they lie.

        Raises:
            UserError: The scene is damaged there.
        """
        colors = [color.name for color in self.data.colorinterp]
        with placed(self.path, window) as place, MemoryFile() as memory:
            with in_memory(memory, **self._profile(window, place, colors)) as tile:
                if colors == ["palette"]:
                    tile.write_colormap(1, self.data.colormap(1))
                else:
                    tile.colorinterp = self.data.colorinterp
                tile.descriptions, tile.scales, tile.offsets = self._beside
                tile.write(self.data.read(window=place))
            return bytes(memory.read())

    @property
    def _beside(self) -> tuple[Any, Any, Any]:
        """What bands are called, and what their values are multiplied by and added to."""
        return self.data.descriptions, self.data.scales, self.data.offsets

    def _profile(self, window: Window, place: Any, colors: list[str]) -> dict[str, Any]:
        facts = {
            "driver": "GTiff",
            "height": window.height,
            "width": window.width,
            "count": self.data.count,
            "dtype": self.data.dtypes[0],
            "crs": self.data.crs,
            "transform": None if self.data.transform.is_identity else self.data.window_transform(place),
            "nodata": self.data.nodata,
            "compress": "deflate",
            "interleave": "pixel",
            "photometric": "RGB" if colors[:3] == ["red", "green", "blue"] else None,
        }
        return {key: value for key, value in facts.items() if value is not None}


def read_sheet(path: Path, side: int) -> Sheet:
    """Decide where a scene is cut: into equal parts of about ``side`` pixels, so that none is a sliver.

    Raises:
        UserError: It is no raster, or has bands of several types.
    """
    with _opened(path) as data:
        refuse_complex(path, type_of_bands(path, data, range(1, data.count + 1)))
        kind, crs = f"{counted(data.count, 'band')} of {data.dtypes[0]}", data.crs if lies(data) else None
        rows, columns = _edges(data.height, side), _edges(data.width, side)
        return Sheet(path, kind, crs, data.transform, rows, columns, source_files(data))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    with ExitStack() as held:
        with explained(path):
            data = held.enter_context(open_raster(path, driver_of(path)))
        yield data


def _edges(length: int, side: int) -> list[int]:
    parts = max(1, round(length / side))
    return [round(part * length / parts) for part in range(parts + 1)]
