"""Image files as arrays. Input is hostile until it is decoded."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from pixelproof.array_types import UInt8
from pixelproof.data.png import read_plain_png
from pixelproof.data.tiffs import (
    BY_BANDS,
    DEEP,
    ONE_BAND,
    bands_of,
    note_unread,
    refuse_misread,
    refuse_misread_mask,
    refuse_other_numbers,
)
from pixelproof.errors import UserError, explain_os_error
from pixelproof.runs.files import write_bytes

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")
"""What Pillow may decode, whatever a file is called: some of its other readers run programs or are little tested."""
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
        note_unread(image)
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
        note_unread(image)
        return as_rgb(name, image)


def as_rgb(path: Path | str, image: Image.Image) -> UInt8:
    """Return what ``read_image`` returns, of a file that is already open; ``path`` is what messages call it."""
    if image.mode == "F":
        raise UserError(f"{path} holds floating-point pixels", "save it with 8 or 16 bits a channel")
    refuse_other_numbers(path, image)
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
def opened(path: Path | str, file: BinaryIO | None = None, *, mask: bool = False) -> Iterator[Image.Image]:
    """Open an image and turn whatever Pillow raises, then or while its pixels are read, into one sentence.

    Args:
        path: The file, or with ``file`` what messages call it.
        file: Where the bytes come from, if not from ``path``.
        mask: Whether it is read as a mask.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns from 89 megapixels on, common in remote sensing, and refuses from twice that.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # damaged EXIF or TIFF tags; the pixels still count
            with Image.open(file or path, formats=FORMATS) as image:
                (refuse_misread_mask if mask else refuse_misread)(path, image)
                yield image
    except Image.DecompressionBombError:
        raise Oversized(f"{path} claims more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels", "cut it up") from None
    except UnidentifiedImageError:
        raise _unidentified(path, file, mask) from None
    except MemoryError:
        raise UserError(f"{path} does not fit into memory, or is damaged", "cut it up, or replace it") from None
    except (SyntaxError, ValueError, IndexError, KeyError, EOFError, struct.error, zlib.error):
        raise UserError(f"{path} is damaged", "remove or replace it") from None
    except OSError as error:
        if error.errno is not None:
            raise explain_os_error(error, Path(path)) from error
        raise UserError(f"{path} is truncated or damaged", "remove or replace it") from None


def _unidentified(path: Path | str, file: BinaryIO | None, mask: bool) -> UserError:
    with Path(path).open("rb") if file is None else nullcontext(file) as readable:
        readable.seek(0)
        head = readable.read(4)
    if head in _TIFF:
        if (held := bands_of(path, file)) is not None:
            kind, remedy = ("a mask", ONE_BAND) if mask else ("colours", BY_BANDS)
            return UserError(f"{path} holds {held}, which are not read as {kind}", remedy)
        bands = "save it as grey or RGB of 8 or 16 bits; other bands need the extra geo and the setting bands"
        problem = f"{path} is a TIFF that is damaged, or whose bands or bits are not read here"
        return UserError(problem, ONE_BAND if mask else bands)
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
