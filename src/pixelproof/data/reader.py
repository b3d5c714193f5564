"""How the images of a network are read: as red, green and blue, or by the bands of a raster."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import UInt8
from pixelproof.config import COLORS, ModelConfig
from pixelproof.data.images import decode_image, image_size, opened, read_image, refuse_orientation
from pixelproof.data.scaling import FULL, Scaling, refuse_complex
from pixelproof.data.tiffs import note_first_page, rasters, tile_pixels
from pixelproof.errors import UserError
from pixelproof.progress import track


@dataclass(frozen=True)
class ImageReader:
    """Reads image files as a network's input, uint8 [H, W, C].

    Attributes:
        bands: The bands that are the C channels, counted from 1; None reads any image as RGB, without GDAL.
        stretch: The stored values that become 0 and 255, one pair for all bands or one for each; None takes 8 bits as
            they are and of 16 bits the upper 8.
        dtype: The type that values must have without a stretch; None takes either.
    """

    bands: tuple[int, ...] | None = None
    stretch: tuple[tuple[float, float], ...] | None = None
    dtype: str | None = None

    @classmethod
    def of(cls, config: ModelConfig) -> ImageReader:
        """Return the reader that a network's settings ask for."""
        return RGB if config.bands is None else cls(config.bands, config.stretch, config.dtype)

    @property
    def channels(self) -> int:
        """C."""
        return COLORS if self.bands is None else len(self.bands)

    def __call__(self, path: Path) -> UInt8:
        """Return an image, uint8 [H, W, C].

        Raises:
            UserError: It cannot be read, or has not these bands, or its values have no known range.
        """
        if self.bands is None:
            return read_image(path)
        return self.scaled(path, self.stored(path))

    def decode(self, data: bytes, name: str = "the image") -> UInt8:
        """Return the image, uint8 [H, W, C], of the bytes of a file, which messages call ``name``.

        Raises:
            UserError: As for a file.
        """
        if self.bands is None:
            return decode_image(data, name)
        return self.scaled(name, self.stored(name, data))

    def stored(self, path: Path | str, data: bytes | None = None) -> npt.NDArray[Any]:
        """Return the stored values of the bands, [C, H, W], of a file or, where its bytes are given, of those."""
        assert self.bands is not None
        with self.raster(path, data) as raster:
            if raster.subdatasets:
                note_first_page()
            values: npt.NDArray[Any] = rasters().read_bands(path, raster, self.bands)
        return values

    def size(self, path: Path) -> tuple[int, int]:
        """Return (height, width) of an image as this reads it.

        Raises:
            UserError: It cannot be read, or has not these bands.
        """
        return image_size(path) if self.bands is None else self.header(path)

    def header(self, path: Path) -> tuple[int, int]:
        """Return (height, width) as stored, perhaps sideways; only the header is read.

        Raises:
            UserError: It cannot be read, or has not these bands, or its values have no known range.
        """
        if self.bands is None:
            with opened(path) as image:
                return image.height, image.width
        with self.raster(path) as raster:
            self._type_of(path, raster)
            return raster.height, raster.width

    def at_once(self, path: Path | str, data: bytes | None = None) -> int:
        """Return how many pixels are decoded at once: those of the image, or of a TIFF's tile, which may be larger.

        Raises:
            UserError: As ``header``.
        """
        if self.bands is None:
            with opened(path, None if data is None else io.BytesIO(data)) as image:
                return max(image.height * image.width, tile_pixels(image))
        with self.raster(path, data) as raster:
            self._type_of(path, raster)
            whole: int = raster.height * raster.width
            blocks: list[int] = [height * width for height, width in raster.block_shapes]
            return max(whole, *blocks)

    def type_of(self, path: Path) -> str:
        """Return the type of the values of the bands of a file, such as "uint16"; only the header is read.

        Raises:
            UserError: It cannot be read, or has not these bands, or its values have no known range.
        """
        with self.raster(path) as raster:
            return self._type_of(path, raster)

    def scaling(self, path: Path | str, dtype: str) -> Scaling:
        """Return how stored values of a type become 8 bits.

        Raises:
            UserError: The type has no natural range and no stretch is set, or is another than the network learned from.
        """
        refuse_complex(path, dtype)
        if self.stretch is not None:
            low, high = zip(*self.stretch, strict=True)
            return Scaling(low, high)
        if dtype not in FULL:
            raise UserError(
                f"{path} holds {dtype} pixels, whose range is not known",
                "train with the values that are black and white, such as --set stretch=[0,3000]",
            )
        if self.dtype not in (None, dtype):
            raise UserError(
                f"{path} holds {dtype} pixels, and others that the network reads hold {self.dtype}",
                "bring its values to that type, or train with a stretch",
            )
        return Scaling.plain(dtype)

    def scaled(self, path: Path | str, stored: npt.NDArray[Any]) -> UInt8:
        """Return stored values, [C, H, W], as the image, uint8 [H, W, C]."""
        return np.ascontiguousarray(self.scaling(path, stored.dtype.name)(stored).transpose(1, 2, 0))

    @contextmanager
    def raster(self, path: Path | str, data: bytes | None = None) -> Iterator[Any]:
        """Give the open raster of an image, or of its bytes; one that is stored turned or mirrored is refused.

        Raises:
            UserError: It cannot be read.
        """
        refuse_orientation(path, None if data is None else io.BytesIO(data))
        with rasters().opened_raster(path, data) as raster:
            yield raster

    def _type_of(self, path: Path | str, raster: Any) -> str:
        """Return the type of the values of the bands of an open raster, which can become 8 bits."""
        kind: str = rasters().type_of_bands(path, raster, self.bands)
        self.scaling(path, kind)
        return kind


RGB = ImageReader()
"""Reads any image as red, green and blue."""


def as_picture(image: UInt8) -> UInt8:
    """Return what people are shown of an image, uint8 [H, W, C] -> [H, W, 3].

    The first three bands are red, green and blue; of fewer, the first one is grey.
    """
    if image.shape[2] == COLORS:
        return image
    return np.ascontiguousarray(image[..., :COLORS] if image.shape[2] > COLORS else image[..., :1].repeat(COLORS, 2))


class ChannelStatistics(NamedTuple):
    """What the channels of images hold, 8 bits counted as 0..1.

    Attributes:
        mean: Of each channel.
        std: Standard deviation of each channel; 1 where it is constant.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]


@lru_cache(maxsize=16)  # a study asks for each of its models
def channel_statistics(reader: ImageReader, paths: tuple[Path, ...]) -> ChannelStatistics:
    """Return the statistics of images.

    Raises:
        UserError: An image cannot be read.
    """
    sums, squares, count = np.zeros(reader.channels), np.zeros(reader.channels), 0
    for path in track(paths, "measuring bands", len(paths), "images"):
        shares = reader(path).reshape(-1, reader.channels) / 255.0
        sums, squares, count = sums + shares.sum(axis=0), squares + (shares**2).sum(axis=0), count + len(shares)
    mean = sums / count
    std = np.sqrt((squares / count - mean**2).clip(min=0))
    std[std < 1 / 255] = 1.0
    return ChannelStatistics(tuple(mean.round(4).tolist()), tuple(std.round(4).tolist()))
