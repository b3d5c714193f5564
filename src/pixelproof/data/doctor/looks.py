"""One look at an image or mask file: everything the checks ask about it, so that no file is decoded twice."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from pixelproof.array_types import Bool, Int64, UInt8
from pixelproof.config import COLORS
from pixelproof.data.doctor.marks import NONE, Marks, marks_of
from pixelproof.data.doctor.places import Footprint, footprint, place_of
from pixelproof.data.fingerprint import pixel_digest
from pixelproof.data.images import EXIF_ORIENTATION, as_rgb, opened
from pixelproof.data.masks import mask_values
from pixelproof.data.proposal import MaskValues, count_values
from pixelproof.data.reader import RGB, ImageReader, as_picture
from pixelproof.data.scaling import DARK
from pixelproof.data.tiffs import bands_beyond_colors, bits_of, has_further_pages, rasters

THUMBNAIL = (16, 18)  # rows, columns: halves to the 8 x 9 of a difference hash
_ENOUGH_NODATA = 0.05
_MIDDLE = 512  # pixels a side in which sharpness is measured
_PNG_BITS = 24  # where a PNG says how many bits a channel has
_RIFF = 12  # bytes at the start of a WebP file: "RIFF", its length, "WEBP"


@dataclass(frozen=True)
class ImageLook:
    """What is remembered of an image.

    Attributes:
        size: (height, width) after the turn its EXIF orientation asks for.
        mode: Pillow's mode of the file: "RGB", "L", "I;16", ...; the type of its values where it is read by its bands.
        orientation: EXIF orientation, 1 if there is none.
        digest: Of size and decoded values; equal digests are equal images, whatever the file format.
        thumbnail: Grey, uint8 [16, 18].
        sums: Sum of each channel, int64 [C].
        squares: Sum of squares of each channel, int64 [C].
        constant: True if every pixel is the same.
        brightest: The largest value of any channel, 0..255.
        deep: True if the file has 16 bits, of which the upper 8 were read.
        sharpness: Logarithm of 1 + the variance of the Laplacian of its grey levels, in the middle of a large image.
        place: Where on the ground it lies, None if it does not say.
        marks: By which it is found where it shares pixels with others.
        bands: Of its file, if there are more than the colours that are read; else 0.
        pages: True if its file has further pages, which are not read.
    """

    size: tuple[int, int]
    mode: str
    orientation: int
    digest: bytes
    thumbnail: UInt8
    sums: Int64
    squares: Int64
    constant: bool
    brightest: int
    deep: bool = False
    sharpness: float = 0.0
    place: Footprint | None = None
    marks: Marks = NONE
    bands: int = 0
    pages: bool = False

    @property
    def dark(self) -> bool:
        """True if a file of 16 bits uses so few of them that hardly anything is left in the upper 8."""
        return self.deep and self.brightest < DARK


@dataclass(frozen=True)
class MaskLook:
    """What is remembered of a mask.

    Attributes:
        size: (height, width) after the turn its EXIF orientation asks for.
        lossy: True if it was compressed as JPEG or with loss as WebP.
        orientation: EXIF orientation, 1 if there is none.
        digest: Of size and raw values.
        values: Its values, counted.
        on_black: Its values where the image is pure black, if that is more than a twentieth of the image.
    """

    size: tuple[int, int]
    lossy: bool
    orientation: int
    digest: bytes
    values: MaskValues
    on_black: MaskValues | None


def look_at_image(path: Path, reader: ImageReader = RGB) -> tuple[ImageLook, Bool | None]:
    """Return what there is to know of an image, and where it is pure black if that is more than a twentieth of it.

    Raises:
        UserError: The file cannot be read as an image.
    """
    if reader.bands is None:
        with opened(path) as image:
            mode, orientation, deep = image.mode, _orientation(image), _deep(path, image)
            place, bands, pages = place_of(path, image), bands_beyond_colors(image), has_further_pages(image)
            pixels = as_rgb(path, image)
    else:
        with reader.raster(path) as raster:
            stored, place = rasters().read_bands(path, raster, reader.bands), footprint(raster)
        mode, orientation, deep, pixels = stored.dtype.name, 1, False, reader.scaled(path, stored)
        bands, pages = 0, False
    histogram = _histogram(pixels)
    levels = np.arange(256)
    look = ImageLook(
        size=(pixels.shape[0], pixels.shape[1]),
        mode=mode,
        orientation=orientation,
        digest=pixel_digest(pixels),
        thumbnail=_thumbnail(as_picture(pixels)),
        sums=histogram @ levels,
        squares=histogram @ levels**2,
        constant=bool((np.count_nonzero(histogram, axis=1) == 1).all()),
        brightest=int(np.flatnonzero(histogram.any(axis=0))[-1]),
        deep=deep,
        sharpness=_sharpness(pixels),
        place=place,
        marks=marks_of(pixels) if place is None else NONE,
        bands=bands,
        pages=pages,
    )
    return look, None if look.dark else _black(pixels, histogram)


def look_at_mask(path: Path, black: Bool | None) -> MaskLook:
    """Return what there is to know of a mask; ``black`` tells where its image is pure black, bool [H, W].

    Raises:
        UserError: The file cannot be read as a mask.
    """
    with opened(path, mask=True) as image:
        lossy, orientation = _lossy(path, image), _orientation(image)
        ids, colors = mask_values(path, image)
    if colors is None:
        assert ids is not None
        raw: npt.NDArray[np.integer] = ids.astype(np.result_type(ids, np.int32))  # one type of 8 and 16 bits
    else:
        raw = colors
    on_black = None
    if black is not None and black.shape == raw.shape[:2]:
        on_black = count_values(None if ids is None else ids[black], None if colors is None else colors[black])
    size = (raw.shape[0], raw.shape[1])
    return MaskLook(size, lossy, orientation, pixel_digest(raw), count_values(ids, colors), on_black)


def _deep(path: Path, image: Image.Image) -> bool:
    """Return whether a file has more than 8 bits a channel, of which Pillow says nothing where it holds colours."""
    if isinstance(image, TiffImageFile):
        return bits_of(image) > 8
    if image.format == "PNG":
        with path.open("rb") as file:
            return file.read(_PNG_BITS + 1)[-1] > 8
    return False


def _lossy(path: Path, image: Image.Image) -> bool:
    """Return whether a file's compression blurs what it holds; a TIFF may hold a JPEG, and a WebP either kind."""
    if image.format == "WEBP":
        return b"VP8 " in _chunks(path)
    return image.format in ("JPEG", "MPO") or image.info.get("compression") in ("jpeg", "tiff_jpeg")


def _chunks(path: Path) -> Iterator[bytes]:
    """Yield the names of the chunks of a WebP file."""
    with path.open("rb") as file:
        file.seek(_RIFF)
        while len(head := file.read(8)) == 8:
            name, length = struct.unpack("<4sI", head)
            yield name
            file.seek(length + length % 2, 1)


def _orientation(image: Image.Image) -> int:
    value = image.getexif().get(EXIF_ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _histogram(pixels: UInt8) -> Int64:
    """Return how often each channel has each value, [C, 256]."""
    if pixels.shape[2] == COLORS:  # Pillow counts three times as fast
        return np.array(Image.fromarray(pixels).histogram(), np.int64).reshape(COLORS, 256)
    return np.stack([np.bincount(channel.ravel(), minlength=256) for channel in np.moveaxis(pixels, 2, 0)])


def _sharpness(pixels: UInt8) -> float:
    """Return ``ImageLook.sharpness`` of an image, uint8 [H, W, C]; 0 of one without a pixel between others."""
    height, width = pixels.shape[:2]
    top, left = max(height - _MIDDLE, 0) // 2, max(width - _MIDDLE, 0) // 2
    grey = pixels[top : top + _MIDDLE, left : left + _MIDDLE].mean(axis=2, dtype=np.float32)
    if min(grey.shape) <= 2:
        return 0.0
    inner = grey[1:-1, 1:-1]
    laplacian = 4 * inner - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    return float(np.log1p(laplacian.var()))


def _thumbnail(rgb: UInt8) -> UInt8:
    rows, columns = THUMBNAIL
    grey = Image.fromarray(rgb).convert("L")
    return np.array(grey.resize((columns, rows), Image.Resampling.BOX))


def _black(pixels: UInt8, histogram: Int64) -> Bool | None:
    enough = _ENOUGH_NODATA * pixels.shape[0] * pixels.shape[1]
    if histogram[:, 0].min() <= enough:
        return None
    black: Bool = reduce(np.bitwise_or, np.moveaxis(pixels, 2, 0)) == 0
    return black if black.sum() > enough else None
