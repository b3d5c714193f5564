"""A raster whose values are classes: a map that Pixelproof made, or any other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Bool, Int64, UInt8
from pixelproof.data.rasters import driver_of, explained
from pixelproof.deploy.areas import Ground
from pixelproof.deploy.geo import as_window, lies, open_raster, placed, rasterio
from pixelproof.deploy.sources import source_files
from pixelproof.deploy.tally import ROWS, pieces
from pixelproof.errors import UserError
from pixelproof.labels import VOID, LabelScheme
from pixelproof.labels.scheme import LARGEST_ID
from pixelproof.numbers import counted
from pixelproof.progress import track
from pixelproof.runs.labels_file import read_labels_for
from pixelproof.schema import parse
from pixelproof.windows import Window

TAG = r"CLASS_\d{1,5}"
NO_CLASS = -1
"""Of a value that is no class, in the table of values; ``VOID`` is no data."""


class ClassMap:
    """An open map.

    Args:
        path: GeoTIFF, PNG or VRT with one band of whole numbers.
        labels: A ``labels.yaml``, or what it says, if the classes are not those that the file names.

    Attributes:
        scheme: The classes: those of ``labels``, of the file's tags, or one for each value that occurs.
        named: Whether they have names, and not only numbers.
        height: In pixels.
        width: Likewise.
        crs: Coordinate reference system, None if there is none.
        transform: From columns and rows to coordinates.
        ground: Gives areas.

    Raises:
        UserError: The file is no such raster.
    """

    def __init__(self, path: Path, labels: Path | LabelScheme | None = None) -> None:
        self.path = path
        with self._explained():
            self._data = open_raster(path, driver_of(path))
            self.height, self.width = int(self._data.height), int(self._data.width)
            self.crs, self.transform = self._data.crs, self._data.transform
        try:
            self._refuse_other_kinds()
            given = read_labels_for("segmentation", labels) if isinstance(labels, Path) else labels
            named = given or self._named()
            self.named = named is not None
            self.scheme = named or self._found()
        except UserError:
            self.close()
            raise
        self.ground = Ground(self.crs, self.transform, self.height, self.width)
        self._table = np.full(LARGEST_ID + 1, NO_CLASS, np.int16)
        for index, value in self.scheme.indexed_ids():
            self._table[value] = index

    def close(self) -> None:
        """Close the file."""
        self._data.close()

    @property
    def files(self) -> list[Path]:
        """Those it is read from."""
        return source_files(self._data)

    def rows(self, label: str) -> Iterator[tuple[int, UInt8]]:
        """Yield the whole map from top to bottom, some rows at once: the first one's number and class indices, [h, W].

        Raises:
            UserError: A value is no class, or the file is damaged.
        """
        tops = range(0, self.height, ROWS)
        for top in track(tops, label, len(tops), "strips"):
            for row, piece in pieces(self._read(Window(top, 0, min(ROWS, self.height - top), self.width))):
                yield top + row, self._decode(piece)

    def at(self, columns: Int64, rows: Int64) -> UInt8:
        """Return the class index of pixels, [N]; ``VOID`` where they hold no data or lie beyond the map.

        Raises:
            UserError: A value is no class, or the file is damaged.
        """
        found = np.full(len(columns), VOID, np.uint8)
        inside = (columns >= 0) & (columns < self.width) & (rows >= 0) & (rows < self.height)
        for point in np.flatnonzero(inside):
            found[point] = self._decode(self._read(Window(int(rows[point]), int(columns[point]), 1, 1)))[0, 0]
        return found

    @contextmanager
    def over(
        self, crs: Any, transform: Any, height: int, width: int
    ) -> Iterator[Callable[[Window], tuple[UInt8, Bool]]]:
        """Give what returns the class of each pixel's middle in windows, [h, w], of a raster that lies elsewhere.

        ``VOID`` is where the map holds no data or ends; beside it stands which pixels are of several classes: none.

        Args:
            crs: Of that raster; None if it lies nowhere, and has the pixels that the map has.
            transform: Likewise.
            height: Likewise, in pixels.
            width: Likewise.
        """
        if crs is None:
            yield lambda window: self._known(self._read(window))
            return
        if not lies(self):
            raise UserError(f"{self.path} does not say where it lies", "give labels with a CRS and a transform")
        place = {"crs": crs, "transform": transform, "height": height, "width": width}
        nothing = {"add_alpha": True} if self._data.nodata is None else {}
        with ExitStack() as opened:
            with self._explained():
                laid = opened.enter_context(rasterio.vrt.WarpedVRT(self._data, **place, **nothing))

            def read(window: Window) -> tuple[UInt8, Bool]:
                with self._explained():
                    values = laid.read(1, window=as_window(window), masked=True)
                return self._known(values)

            yield read

    def _known(self, values: npt.NDArray[Any]) -> tuple[UInt8, Bool]:
        """Return the class of each pixel, and that none is of several."""
        return self._decode(values), np.zeros(values.shape, np.bool_)

    def _read(self, window: Window) -> npt.NDArray[Any]:
        """Return stored values, [h, w], masked where they are no data."""
        with placed(self.path, window) as place:
            values: npt.NDArray[Any] = self._data.read(1, window=place, masked=True)
        return values

    def _decode(self, values: npt.NDArray[Any]) -> UInt8:
        stored, hidden = np.ma.getdata(values), np.ma.getmaskarray(values)
        within = (stored >= 0) & (stored <= LARGEST_ID)
        index = np.where(within, self._table[np.where(within, stored, 0)], NO_CLASS)
        index[hidden] = VOID
        if (strange := index == NO_CLASS).any():
            known = f"it knows {counted(len(self.scheme.ids), 'class')}"
            raise UserError(
                f"{self.path} holds the value {stored[strange][0]}, which is no class: {known}",
                "name it in a labels.yaml that you give, there as one of void_ids if it means no data",
            )
        return index.astype(np.uint8)

    def _refuse_other_kinds(self) -> None:
        if self._data.count != 1 or np.dtype(self._data.dtypes[0]).kind not in "iu":
            what = f"{counted(self._data.count, 'band')} of {self._data.dtypes[0]}"
            raise UserError(f"{self.path} has {what}", "give a map of classes, with one band of whole numbers")

    def _named(self) -> LabelScheme | None:
        """Return the classes that the file's tags name, as those of ``map`` do; None if they name none."""
        tags = self._data.tags()
        found = {int(key[6:]): " ".join(text.split()) for key, text in tags.items() if re.fullmatch(TAG, key)}
        names = {value: name for value, name in sorted(found.items()) if name}
        return self._scheme(names) if names and max(names) <= LARGEST_ID else None

    def _found(self) -> LabelScheme:
        """Return a class for each value that occurs, called as its number."""
        values: set[int] = set()
        tops = range(0, self.height, ROWS)
        for top in track(tops, "look for classes", len(tops), "strips"):
            strip = self._read(Window(top, 0, min(ROWS, self.height - top), self.width))
            values.update(np.unique(strip.compressed()).tolist())  # type: ignore[attr-defined]  # it is masked
            if strange := next((value for value in sorted(values) if not 0 <= value <= LARGEST_ID), None):
                problem = f"{self.path} holds the value {strange}, which can be no class"
                remedy = f"if it means no data, say so: gdal_edit.py -a_nodata {strange} {self.path.name}"
                raise UserError(problem, remedy)
            if len(values) > VOID:
                problem = f"{self.path} has more than {VOID} values"
                raise UserError(problem, "give a map of classes, or name them in a --labels file")
        if not values:
            raise UserError(f"{self.path} holds no data", "give a map that does")
        return self._scheme({value: str(value) for value in sorted(values)})

    def _scheme(self, names: dict[int, str]) -> LabelScheme:
        """Return classes of these names by their values, with the file's colours where it has one for each."""
        with self._explained():
            palette = self._data.colorinterp[0].name == "palette"
            colors = {value: rgb[:3] for value, rgb in self._data.colormap(1).items()} if palette else {}
        own = [colors.get(value) for value in names]
        usable = None not in own and len(set(own)) == len(own)
        listed = zip(names.items(), own, strict=True)
        classes = [{"name": name, "id": value, "color": rgb if usable else None} for (value, name), rgb in listed]
        return parse(LabelScheme, {"task": "segmentation", "classes": classes}, f"{self.path}, by its tags")

    def _explained(self) -> AbstractContextManager[None]:
        return explained(self.path)
