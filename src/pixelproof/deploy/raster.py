"""A raster as the network's input: window by window, as RGB, with the pixels that hold no data told apart."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Bool, UInt8
from pixelproof.data.rasters import CACHE, driver_of, explained, type_of_bands
from pixelproof.data.reader import RGB, ImageReader
from pixelproof.deploy.geo import open_raster, placed
from pixelproof.deploy.scaling import check_stretch, choose_scaling, forgotten_stretch, other_values
from pixelproof.deploy.settings import MapSettings
from pixelproof.deploy.sources import fingerprint, source_files
from pixelproof.errors import UserError
from pixelproof.windows import Window

LARGEST_CACHE = 512 * 2**20
"""Bytes that GDAL may keep of decoded blocks where blocks are whole rows."""
CACHED_ROWS = 2048
"""Rows that a row of tiles and its halo touch; kept where each tile of the row would decode them again."""
SAMPLES, SAMPLE = 8, 128
"""A sample is this many windows down and across, each of this many pixels a side."""


class Scene:
    """An open raster.

    Args:
        path: A GeoTIFF, PNG, JPEG, JPEG 2000 or VRT.
        settings: Bands, nodata value and stretch.
        reader: How the network's images are read; its bands and stretch are taken where ``settings`` have none.

    Attributes:
        bands: The numbers of the bands that are the network's channels: red, green and blue, or the one that is grey or
            a palette, or those that it was trained on.
        scaling: From stored values to 8 bits.
        doubt: Why that may not be what is wanted; empty if there is no reason.
        crs: Coordinate reference system, None if the raster has none.
        transform: From columns and rows to coordinates.
        files: That it is read from.

    Raises:
        UserError: The file is no raster, damaged, made of files that are missing, or does not say which bands are
            colours; no pixel can have the nodata value; or the stretch does not fit its bands.
    """

    def __init__(self, path: Path, settings: MapSettings, reader: ImageReader = RGB) -> None:
        self.path = path
        self.reader = reader
        self._cache = CACHE
        with self._explained():
            self._data = open_raster(path, driver_of(path))
        try:
            self._describe(settings)
        except UserError:
            self.close()
            raise

    def read(self, window: Window) -> tuple[UInt8, Bool]:
        """Return the pixels of a window, uint8 [h, w, C], and which of them hold data, [h, w].

        Raises:
            UserError: The file is truncated or damaged there.
        """
        stored, valid = self._read(window)
        if self._palette is not None:
            return self._palette[stored[0]], valid
        image = np.ascontiguousarray(self.scaling(stored).transpose(1, 2, 0))
        return (np.repeat(image, self.reader.channels, axis=2) if len(self.bands) == 1 else image), valid

    def fingerprint(self) -> dict[str, Any]:
        """Return what changes with the files that the raster is read from."""
        return fingerprint(self.files, self.path.parent)

    @property
    def reading(self) -> str:
        """Which bands are read as what, and their values as what, in words."""
        names, numbers = [color.name for color in self._data.colorinterp], ", ".join(map(str, self.bands))
        colors = "red, green and blue" if len(self.bands) == 3 else "grey" if self._palette is None else "a palette"
        if self.reader.bands is not None:
            colors = "the network's channels"
        alpha = names.index("alpha") + 1 if "alpha" in names else None
        beside = f", {alpha} as alpha" if alpha and alpha not in self.bands else ""
        values = "" if self._palette is not None else f"; {self.scaling}{', from white to black' * bool(self._white)}"
        return f"band{'s' * (len(self.bands) > 1)} {numbers} of {len(names)} as {colors}{beside}{values}"

    def close(self) -> None:
        """Close the file."""
        self._data.close()

    def _describe(self, settings: MapSettings) -> None:
        """Learn what the file holds and how to read it."""
        with self._explained():
            self.files = source_files(self._data)
        if self._data.block_shapes[0][1] == self._data.width:
            row = self._data.width * sum(np.dtype(name).itemsize for name in self._data.dtypes)
            self._cache = min(max(CACHE, CACHED_ROWS * row), LARGEST_CACHE)
        self.height: int = self._data.height
        self.width: int = self._data.width
        self.crs = self._data.crs
        self.transform = self._data.transform
        self.gcps = self._data.gcps
        self.rpc: dict[str, str] = self._data.tags(ns="RPC")
        self._refuse_turned()
        self.bands = settings.bands or self.reader.bands or self._colors()
        self._refuse_other_channels()
        stored = type_of_bands(self.path, self._data, self.bands, "correct --bands")
        self._palette = self._colormap()
        check_stretch(self.path, settings.stretch, len(self.bands), self._palette is not None)
        self.dtype = "uint8" if self._palette is not None else stored
        self._white: int | None = None
        self._nodata = self._held(settings.nodata, np.dtype(stored))
        if self.reader.bands is not None and settings.stretch is None:
            self.scaling = self.reader.scaling(self.path, self.dtype)
            self.doubt = other_values(self.path, self.scaling, self._sample)
        else:
            bits, self._white = self._grey(settings)
            self.scaling = choose_scaling(self.path, self.dtype, settings.stretch, self._sample, bits)
            self.doubt = forgotten_stretch(self.path, self.dtype, settings.stretch, self._sample)

    def _read(self, window: Window) -> tuple[npt.NDArray[Any], Bool]:
        with placed(self.path, window, self._cache) as place:
            stored = self._data.read(self.bands, window=place)
            valid = np.ones(stored.shape[1:], np.bool_)
            if self._nodata is None or self._masked:
                valid &= (self._data.read_masks(self.bands, window=place) > 0).any(axis=0)
            if self._nodata is not None:
                # Compared in the raster's own type, or 0.1 would never equal a float32's.
                valid &= (stored != np.array(self._nodata).astype(stored.dtype)).any(axis=0)
        if stored.dtype.kind == "f":
            valid &= np.isfinite(stored).all(axis=0)
        return stored if self._white is None else self._white - stored, valid

    @property
    def _masked(self) -> bool:
        """Whether alpha or a mask says what holds data, and not only a nodata value."""
        return any("per_dataset" in {flag.name for flag in self._data.mask_flag_enums[band - 1]} for band in self.bands)

    def _held(self, nodata: float | None, kind: np.dtype[Any]) -> float | None:
        """Return a nodata value that the stored type can hold.

        Raises:
            UserError: It cannot; brought to that type it would be another value.
        """
        if nodata is None or kind.kind not in "iu":
            return nodata
        if not np.iinfo(kind).min <= nodata <= np.iinfo(kind).max or nodata != int(nodata):
            raise UserError(f"{self.path} holds {kind} pixels, which are never {nodata:g}", "correct --nodata")
        return nodata

    def _sample(self) -> npt.NDArray[Any]:
        """Return stored values with data from windows spread over the raster, [bands, N]."""
        tops = np.linspace(0, max(self.height - SAMPLE, 0), SAMPLES).astype(int)
        lefts = np.linspace(0, max(self.width - SAMPLE, 0), SAMPLES).astype(int)
        found = []
        for top in sorted(set(tops.tolist())):
            for left in sorted(set(lefts.tolist())):
                high, wide = min(SAMPLE, self.height - top), min(SAMPLE, self.width - left)
                stored, valid = self._read(Window(top, left, high, wide))
                found.append(stored[:, valid])
        return np.concatenate(found, axis=1)

    def _colors(self) -> tuple[int, ...]:
        """Return the bands that the raster itself says are colours.

        Raises:
            UserError: It does not say.
        """
        names = [color.name for color in self._data.colorinterp]
        if {"red", "green", "blue"} <= set(names):
            return tuple(names.index(color) + 1 for color in ("red", "green", "blue"))
        plain = [index + 1 for index, name in enumerate(names) if name != "alpha"]
        if len(plain) in (1, 3):
            return tuple(plain)
        raise UserError(
            f"{self.path} has {len(plain)} bands and does not say which are red, green and blue",
            "name them, such as --bands 3,2,1",
        )

    def _grey(self, settings: MapSettings) -> tuple[int, int | None]:
        """Return the bits of one band of grey, and its largest value where that is black, as Pillow heeds it.

        A stretch is of the values as they are stored.
        """
        bits = int(self._data.tags(self.bands[0], ns="IMAGE_STRUCTURE").get("NBITS", 8))
        if len(self.bands) > 1 or self.dtype != "uint8" or self._palette is not None or settings.stretch is not None:
            return 8, None
        falling = self._data.tags(ns="IMAGE_STRUCTURE").get("MINISWHITE") == "YES"
        return bits, 2**bits - 1 if falling else None

    def _colormap(self) -> UInt8 | None:
        """Return the colours of a palette raster's values, uint8 [N, 3]; None if it has no palette."""
        if (
            len(self.bands) > 1
            or self.reader.bands is not None
            or self._data.colorinterp[self.bands[0] - 1].name != "palette"
        ):
            return None
        with self._explained():
            colors = self._data.colormap(self.bands[0])
        table = np.zeros((np.iinfo(self._data.dtypes[self.bands[0] - 1]).max + 1, 3), np.uint8)
        for value, color in colors.items():
            table[value] = color[:3]
        return table

    def _refuse_other_channels(self) -> None:
        """Refuse bands that are not as many as the network's channels; a grey one stands for red, green and blue."""
        count, learned = len(self.bands), self.reader.bands
        if learned is None and count not in (1, self.reader.channels):
            raise UserError(f"{count} bands are not colours", "name one with --bands, or red, green and blue")
        if learned is not None and count != len(learned):
            raise UserError(
                f"the network was trained on {len(learned)} bands, and --bands names {count}", "name as many"
            )

    def _refuse_turned(self) -> None:
        """Refuse what a camera stored sideways: a map keeps the raster's own rows and columns."""
        turn = self._data.tags().get("EXIF_Orientation", "1")
        if turn not in ("0", "1"):
            raise UserError(
                f"{self.path} is stored turned (EXIF orientation {turn})", "save it upright, or use pixelproof predict"
            )

    def _explained(self) -> AbstractContextManager[None]:
        """Turn whatever GDAL raises into one sentence."""
        return explained(self.path, cache=self._cache)
