"""Image and mask files as arrays. Input is hostile until it is decoded."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from pixelproof.data.png import read_plain_png
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme, UnknownValuesError, decode_colors, decode_ids
from pixelproof.progress import say
from pixelproof.runs.atomic import explain_os_error
from pixelproof.runs.files import write_bytes

UInt8 = npt.NDArray[np.uint8]
Ids = npt.NDArray[np.int64]
FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP")
"""What Pillow may decode, whatever a file is called: some of its other readers run programs or are little tested."""
_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")
EXIF_ORIENTATION = 0x0112
BITS, SAMPLES, PLANAR = 258, 277, 284
"""Tags of TIFF: bits of each band, how many bands, and whether they are interleaved by pixel (1) or lie apart (2)."""
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
    image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        raise UserError(f"{path} holds floating-point pixels", "save it with 8 or 16 bits a channel")
    if image.mode in _DEEP:
        grey = (np.asarray(image).clip(0, 65535) >> 8).astype(np.uint8)  # as Pillow does with colours
        return np.repeat(grey[..., None], 3, axis=2)
    return np.array(image.convert("RGB"))


def read_mask(path: Path, scheme: LabelScheme) -> UInt8:
    """Return a mask as class indices, uint8 [H, W]; RGB, palette and index masks are told apart by the file's mode.

    Raises:
        UserError: The file is unreadable, or holds a colour or id that the scheme does not name.
    """
    try:
        return decode_mask_values(path, *read_mask_values(path), scheme)
    except UnknownValuesError as error:
        raise UserError(f"mask {path}: {error}", "add it to labels.yaml or correct the mask") from None


def decode_mask_values(path: Path, ids: Ids | None, colors: UInt8 | None, scheme: LabelScheme) -> UInt8:
    """Return the class indices [H, W] of a mask's raw values, as ``read_mask_values`` gives them.

    Raises:
        UserError: The scheme has no colours, or a palette mask can be read in two ways.
        UnknownValuesError: The scheme does not name a colour or id.
    """
    if colors is None:
        assert ids is not None
        return decode_ids(scheme, ids)
    if not scheme.has_colors or scheme.masks == "index":
        if ids is None and scheme.has_colors:
            raise UserError(f"{path} holds colours, but labels.yaml says masks: index", "correct one of the two")
        if ids is None:
            raise UserError(f"{path} holds colours, but labels.yaml names none", "add a color to every class")
        return decode_ids(scheme, ids)
    if ids is None or scheme.masks == "color":
        return decode_colors(scheme, colors)
    return _decode_palette(path, ids, colors, scheme)


def read_mask_values(path: Path) -> tuple[Ids | None, UInt8 | None]:
    """Return a mask's raw (ids [H, W], colours [H, W, 3]); a palette mask has both, others one of the two."""
    if (plain := read_plain_png(path)) is not None:
        return None, plain
    with opened(path) as image:
        return mask_values(path, image)


def mask_values(path: Path, image: Image.Image) -> tuple[Ids | None, UInt8 | None]:
    """Return what ``read_mask_values`` returns, of a file that is already open."""
    image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        raise UserError(f"mask {path} holds floating-point pixels", "save it as whole numbers or colours")
    if image.mode == "P":
        return np.asarray(image).astype(np.int64), np.array(image.convert("RGB"))
    if image.mode in ("L", "1", *_DEEP):
        return np.asarray(image).astype(np.int64), None
    if image.mode in ("RGBA", "LA"):
        _refuse_transparency(path, image)
    if image.mode == "LA":
        return np.asarray(image)[..., 0].astype(np.int64), None
    return None, np.array(image.convert("RGB"))


def image_size(path: Path) -> tuple[int, int]:
    """Return (height, width) as ``read_image`` would give it; only PNG, whose orientation may come last, is decoded."""
    with opened(path) as image:
        turned = image.getexif().get(EXIF_ORIENTATION) in (5, 6, 7, 8)
        return (image.width, image.height) if turned else (image.height, image.width)


def write_png(path: Path, array: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> None:
    """Write uint8 [H, W], uint8 [H, W, 3] or uint16 [H, W] as PNG, atomically."""
    write_bytes(path, encode_png(array))


def encode_png(array: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> bytes:
    """Return the bytes of the file that ``write_png`` writes."""
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="PNG")
    return buffer.getvalue()


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
        raise UserError(f"{path} claims more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels", "cut it up") from None
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
            f"{path} keeps 16-bit bands one after the other, which is not read",
            "save it interleaved by pixel or with 8 bits",
        )
    if image.mode in ("L", *_DEEP) and image.tag_v2.get(SAMPLES, 1) > 1:
        raise UserError(f"{path} has two bands that are not grey and transparency", "save the one that is meant")


@cache  # once a process, not for each image of each epoch
def _note_bands(count: int) -> None:
    """Say that only the colours of a TIFF are read: a further band is often near infrared, even where it is alpha."""
    if count > 3:
        say(f"note: of TIFFs with {count} bands, bands 1 to 3 are read, as red, green and blue")


def _unidentified(path: Path | str, file: BinaryIO | None) -> UserError:
    with Path(path).open("rb") if file is None else file as readable:
        readable.seek(0)
        head = readable.read(4)
    if head in _TIFF:
        return UserError(
            f"{path} is a TIFF that is damaged, or whose bands or bits are not read here",
            "save it as grey or RGB of 8 or 16 bits; 'pixelproof map' reads other bands, too",
        )
    return UserError(
        f"{path} is {'not a PNG, JPEG, BMP, TIFF or WebP image' if head else 'an empty file'}", "remove or replace it"
    )


def _decode_palette(path: Path, ids: Ids, colors: UInt8, scheme: LabelScheme) -> UInt8:
    """Read a palette mask by its colours or by its ids, whichever the scheme knows."""
    try:
        by_color = decode_colors(scheme, colors)
    except UnknownValuesError:
        return decode_ids(scheme, ids)
    try:
        by_id = decode_ids(scheme, ids)
    except UnknownValuesError:
        return by_color
    if not np.array_equal(by_color, by_id):
        raise UserError(
            f"palette mask {path} means one thing by its colours and another by its ids",
            "add 'masks: color' or 'masks: index' to labels.yaml, beside its classes or its preset",
        )
    return by_color


def _refuse_transparency(path: Path, image: Image.Image) -> None:
    lowest = np.asarray(image)[..., -1].min()
    if lowest < 255:
        raise UserError(f"mask {path} has transparent pixels", "save it without transparency, void as a colour")
