"""Image files as arrays. Input is hostile until it is decoded."""

from __future__ import annotations

import io
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from pixelproof.array_types import UInt8
from pixelproof.data.png import read_plain_png
from pixelproof.errors import UserError
from pixelproof.numbers import counted
from pixelproof.progress import say
from pixelproof.runs.atomic import explain_os_error
from pixelproof.runs.files import write_bytes

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")
"""What Pillow may decode, whatever a file is called: some of its other readers run programs or are little tested."""
DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")
"""Pillow's modes of more than 8 bits."""
EXIF_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings an image of each orientation upright."""
BITS, SAMPLES, PLANAR, FORMAT = 258, 277, 284, 339
"""Tags of TIFF: bits of each band, how many bands, whether they are interleaved by pixel (1) or lie apart (2), and what
their numbers are."""
TILE = (322, 323)
"""Tags of TIFF: width and height of its tiles."""
SIGNED = 2
_IMPORTING = Lock()
BY_BANDS = "name the bands to read, such as --set bands=[1,2,3] for train and study, --bands 1,2,3 for doctor and map"
_PLAIN = ((1, "uint8"), (3, "uint8"), (4, "uint8"), (1, "uint16"), (3, "uint16"))
"""Bands and their type in images that Pillow reads."""
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_image(path: Path) -> UInt8:
    """Return an image of any mode as RGB, uint8 [H, W, 3], turned as its EXIF orientation says.

    Grey is repeated, transparency and further bands are dropped, and of 16 bits the upper 8 are kept, so that the same
    scene in 8 and in 16 bits gives the same array.

    Raises:
        UserError: The file is missing, empty, truncated, no image, too large, or holds floating-point pixels.
    """
    if (plain := read_plain_png(path)) is not None:
        return plain
    with opened(path) as image:
        return as_rgb(path, image)


def decode_image(data: bytes, name: str = "the image") -> UInt8:
    """Return what ``read_image`` returns, of the bytes of a file.

    Args:
        data: The bytes.
        name: What messages call it.

    Raises:
        UserError: As ``read_image``.
    """
    with opened(name, io.BytesIO(data)) as image:
        return as_rgb(name, image)


def as_rgb(path: Path | str, image: Image.Image) -> UInt8:
    """Return what ``read_image`` returns, of a file that is already open; ``path`` is what messages call it."""
    if isinstance(image, TiffImageFile) and image.mode in ("RGB", "RGBA"):
        _note_bands(image.tag_v2.get(SAMPLES, 3))
    if image.mode == "F":
        raise UserError(f"{path} holds floating-point pixels", "save it with 8 or 16 bits a channel")
    _refuse_other_numbers(path, image)
    image = upright(image)
    if image.mode in DEEP:
        grey = (np.asarray(image).clip(0, 65535) >> 8).astype(np.uint8)  # as Pillow does with colours
        return np.repeat(grey[..., None], 3, axis=2)
    return np.array(image.convert("RGB"))


def upright(image: Image.Image) -> Image.Image:
    """Return an image turned as its EXIF orientation says.

    As ``ImageOps.exif_transpose`` does, which writes all of EXIF anew, and fails in many ways where it is damaged.
    """
    image.load()  # after which a TIFF has been turned by Pillow itself, and says so no more
    turn = _TURNS.get(image.getexif().get(EXIF_ORIENTATION, 1))
    return image if turn is None else image.transpose(turn)


def image_size(path: Path) -> tuple[int, int]:
    """Return (height, width) as ``read_image`` would give it; only PNG, whose orientation may come last, is decoded."""
    with opened(path) as image:
        # Pillow turns a TIFF by itself, and says so before it does.
        turned = image.getexif().get(EXIF_ORIENTATION) in (5, 6, 7, 8) and not isinstance(image, TiffImageFile)
        return (image.width, image.height) if turned else (image.height, image.width)


def tile_pixels(image: Image.Image) -> int:
    """Return how many pixels a tile of a TIFF has, which are decoded at once, however few of them are the image's."""
    sides = [image.tag_v2.get(tag, 0) for tag in TILE] if isinstance(image, TiffImageFile) else [0]
    return math.prod(side if isinstance(side, int) else 0 for side in sides)


def write_png(path: Path, array: UInt8 | npt.NDArray[np.uint16]) -> None:
    """Write uint8 [H, W], uint8 [H, W, 3] or uint16 [H, W] as PNG, atomically."""
    write_bytes(path, encode_png(array))


def encode_png(array: UInt8 | npt.NDArray[np.uint16]) -> bytes:
    """Return the bytes of the file that ``write_png`` writes."""
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="PNG")
    return buffer.getvalue()


class Oversized(UserError):
    """An image claims more pixels than Pillow reads."""


@contextmanager
def opened(path: Path | str, file: BinaryIO | None = None) -> Iterator[Image.Image]:
    """Open an image and turn whatever Pillow raises, then or while its pixels are read, into one sentence.

    Args:
        path: The file, or with ``file`` what messages call it.
        file: Where the bytes come from, if not from ``path``.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns from 89 megapixels on, common in remote sensing, and refuses from twice that.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # damaged EXIF or TIFF tags; the pixels still count
            with Image.open(file or path, formats=FORMATS) as image:
                _refuse_misread(path, image)
                yield image
    except Image.DecompressionBombError:
        raise Oversized(f"{path} claims more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels", "cut it up") from None
    except UnidentifiedImageError:
        raise _unidentified(path, file) from None
    except (SyntaxError, ValueError, IndexError, KeyError, EOFError, struct.error, zlib.error, MemoryError):
        raise UserError(f"{path} is damaged", "remove or replace it") from None
    except OSError as error:
        if error.errno is not None:
            raise explain_os_error(error, Path(path)) from error
        raise UserError(f"{path} is truncated or damaged", "remove or replace it") from None


def _refuse_misread(path: Path | str, image: Image.Image) -> None:
    """Refuse TIFFs that Pillow reads as something else without a word: 16-bit colours band by band, two plain bands."""
    if not isinstance(image, TiffImageFile):
        return
    apart = image.tag_v2.get(PLANAR) == 2 and image.tag_v2.get(SAMPLES, 1) > 1
    if apart and max(image.tag_v2.get(BITS, (1,))) > 8:
        raise UserError(
            f"{path} keeps bands of more than 8 bits one after the other, which are not read as colours",
            f"save it interleaved by pixel or with 8 bits, or {BY_BANDS}",
        )
    if image.mode in ("L", *DEEP) and image.tag_v2.get(SAMPLES, 1) > 1:
        raise UserError(f"{path} has two bands that are not grey and transparency", BY_BANDS)


def _refuse_other_numbers(path: Path | str, image: Image.Image) -> None:
    """Refuse TIFFs whose numbers are signed or of more than 16 bits: what is black and white of them is not known."""
    if not isinstance(image, TiffImageFile):
        return
    bits, signed = max(image.tag_v2.get(BITS, (1,))), SIGNED in image.tag_v2.get(FORMAT, ())
    if bits > 16 or signed:
        kind = f"{'signed ' * signed}numbers of {bits} bits"
        raise UserError(f"{path} holds {kind}, whose range is not known", f"{BY_BANDS}, with a stretch")


@cache  # once a process, not for each image of each epoch
def _note_bands(count: int) -> None:
    """Say that only the colours of a TIFF are read: a further band is often near infrared, even where it is alpha."""
    if count > 3:
        say(f"note: of TIFFs with {count} bands, 1 to 3 are read as red, green and blue, unless 'bands' names others")


def _unidentified(path: Path | str, file: BinaryIO | None) -> UserError:
    with Path(path).open("rb") if file is None else nullcontext(file) as readable:
        readable.seek(0)
        head = readable.read(4)
    if head in _TIFF:
        if (held := _bands_of(path, file)) is not None:
            return UserError(f"{path} holds {held}, which are not read as colours", BY_BANDS)
        return UserError(
            f"{path} is a TIFF that is damaged, or whose bands or bits are not read here",
            "save it as grey or RGB of 8 or 16 bits; other bands need the extra geo and the setting bands",
        )
    return UserError(
        f"{path} is {'not a PNG, JPEG, BMP, TIFF or WebP image' if head else 'an empty file'}", "remove or replace it"
    )


def refuse_orientation(path: Path | str, file: BinaryIO | None = None) -> None:
    """Refuse an image that says it is stored sideways, for those who read its rows and columns as they are.

    Raises:
        UserError: It is, and Pillow can tell.
    """
    turn = 1
    with suppress(Exception), warnings.catch_warnings():  # what Pillow does not know, others may read
        warnings.simplefilter("ignore")
        with Image.open(file or path, formats=FORMATS) as image:
            turn = image.getexif().get(EXIF_ORIENTATION, 1)
    if turn not in (0, 1):
        raise UserError(f"{path} is stored turned (EXIF orientation {turn})", "save it upright")


def rasters() -> ModuleType:
    """Return what reads rasters.

    Raises:
        UserError: GDAL is not installed.
    """
    with _IMPORTING:  # a thread that meets another one's failing import would be told something else
        import pixelproof.data.rasters as module

        return module


def _bands_of(path: Path | str, file: BinaryIO | None) -> str | None:
    """Return what a TIFF holds that Pillow cannot read, in words; None where GDAL is missing or cannot either."""
    try:
        if file is not None:
            file.seek(0)
        with rasters().opened_raster(path, None if file is None else file.read()) as raster:
            count, kinds = raster.count, sorted(set(raster.dtypes))
    except UserError:
        return None
    if (count, *kinds) in _PLAIN:  # then it is something else that Pillow minds
        return None
    return f"{counted(count, 'band')} of {' and '.join(kinds)}"
