"""What Pillow does not say of a TIFF, and what of it is left to GDAL."""

from __future__ import annotations

import math
import re
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import BinaryIO

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from pixelproof.errors import UserError
from pixelproof.numbers import counted
from pixelproof.progress import say_once

DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")
"""Pillow's modes of more than 8 bits."""
BITS, SAMPLES, PLANAR, FORMAT = 258, 277, 284, 339
"""Tags of TIFF: bits of each band, how many bands, whether they are interleaved by pixel (1) or lie apart (2), and what
their numbers are."""
TILE = (322, 323)
"""Tags of TIFF: width and height of its tiles."""
SIGNED = 2
SUBFILE, REDUCED, MASK = 254, 1, 4
"""Tag of TIFF that says what a page is, and its bits for a smaller copy of another page, and for a mask of one."""
MOST_PAGES = 32
"""Pages that are looked at; a pyramid has fewer."""
_IMPORTING = Lock()
BY_BANDS = "name the bands to read, such as --set bands=[1,2,3] for train and study, --bands 1,2,3 for doctor and map"
BY_COLORS = "1 to 3 are read as red, green and blue"
_PLAIN = ((1, "uint8"), (3, "uint8"), (4, "uint8"), (1, "uint16"), (3, "uint16"))
"""Bands and their type in images that Pillow reads."""
ONE_BAND = "save it as one band of 8 or 16 bits"


def refuse_misread(path: Path | str, image: Image.Image, remedy: str = BY_BANDS) -> None:
    """Refuse TIFFs that Pillow reads as something else without a word: 16-bit colours band by band, two plain bands.

    Args:
        path: What messages call it.
        image: The file, not yet read.
        remedy: How its bands may be read.

    Raises:
        UserError: This is one.
    """
    if not isinstance(image, TiffImageFile):
        return
    apart = image.tag_v2.get(PLANAR) == 2 and image.tag_v2.get(SAMPLES, 1) > 1
    if apart and bits_of(image) > 8:
        raise UserError(
            f"{path} keeps bands of more than 8 bits one after the other, which are not read as colours",
            f"save it interleaved by pixel or with 8 bits, or {remedy}",
        )
    if image.mode in ("L", *DEEP) and image.tag_v2.get(SAMPLES, 1) > 1:
        raise UserError(f"{path} has two bands that are not grey and transparency", remedy)


def refuse_misread_mask(path: Path | str, image: Image.Image) -> None:
    """Refuse masks of which Pillow keeps the upper half of each number, or counts from white down.

    Raises:
        UserError: This is one.
    """
    refuse_misread(path, image, ONE_BAND)
    raw = ""  # how Pillow unpacks it
    if isinstance(image, ImageFile) and image.tile:
        how = image.tile[0].args
        raw = str(how[0] if isinstance(how, tuple) else how)
    if re.match("(RGB|LA|CMYK).*;16", raw):
        raise UserError(
            f"mask {path} holds several bands of 16 bits, of which only the upper 8 are read",
            f"{ONE_BAND}, or colours with 8 bits each",
        )
    if raw.startswith("L;") and raw.endswith("I"):
        raise UserError(f"mask {path} counts from white to black, so that its ids are not known", ONE_BAND)


def misread_numbers(image: Image.Image) -> type[np.generic] | None:
    """Return the type of a TIFF's numbers where Pillow gives them another of the same size; None where it is right."""
    if not isinstance(image, TiffImageFile):
        return None
    signed = SIGNED in image.tag_v2.get(FORMAT, ())
    if image.mode == "L" and signed:
        return np.int8
    return np.uint32 if image.mode == "I" and bits_of(image) == 32 and not signed else None


def bits_of(image: TiffImageFile) -> int:
    """Return the bits of a TIFF's largest channel."""
    return int(max(image.tag_v2.get(BITS, (1,))))


def refuse_other_numbers(path: Path | str, image: Image.Image) -> None:
    """Refuse TIFFs whose numbers are signed or of more than 16 bits: what is black and white of them is not known.

    Raises:
        UserError: This is one.
    """
    if not isinstance(image, TiffImageFile):
        return
    bits, signed = bits_of(image), SIGNED in image.tag_v2.get(FORMAT, ())
    if bits > 16 or signed:
        kind = f"{'signed ' * signed}numbers of {bits} bits"
        raise UserError(f"{path} holds {kind}, whose range is not known", f"{BY_BANDS}, with a stretch")


def note_unread(image: Image.Image) -> None:
    """Say what is not read of a TIFF: further bands, further pages."""
    if count := bands_beyond_colors(image):
        say_once(f"note: of TIFFs with {count} bands, {BY_COLORS}, unless 'bands' names others")
    if has_further_pages(image):
        note_first_page()


def note_first_page() -> None:
    """Say that only the first page of a TIFF is read."""
    say_once("note: of TIFFs with several pages only the first is read")


def bands_beyond_colors(image: Image.Image) -> int:
    """Return how many bands a TIFF has of which only the colours are read; 0 if it has no others.

    A further band is often near infrared, even where the file calls it alpha.
    """
    if not isinstance(image, TiffImageFile) or image.mode not in ("RGB", "RGBA"):
        return 0
    count = int(image.tag_v2.get(SAMPLES, 3))
    return count if count > 3 else 0


def has_further_pages(image: Image.Image) -> bool:
    """Return whether a TIFF has further pages; smaller copies of it, and masks, as GeoTIFFs have, are none."""
    if not isinstance(image, TiffImageFile) or not image.is_animated:
        return False
    try:
        for page in range(1, MOST_PAGES):
            image.seek(page)
            if not image.tag_v2.get(SUBFILE, 0) & (REDUCED | MASK):
                return True
    except Exception:  # there are no more, or one that Pillow cannot read, which nobody asked for
        return False
    finally:
        image.seek(0)
    return False


def tile_pixels(image: Image.Image) -> int:
    """Return how many pixels a tile of a TIFF has, which are decoded at once, however few of them are the image's."""
    sides = [image.tag_v2.get(tag, 0) for tag in TILE] if isinstance(image, TiffImageFile) else [0]
    return math.prod(side if isinstance(side, int) else 0 for side in sides)


def rasters() -> ModuleType:
    """Return what reads rasters.

    Raises:
        UserError: GDAL is not installed.
    """
    with _IMPORTING:  # a thread that meets another one's failing import would be told something else
        import pixelproof.data.rasters as module

        return module


def bands_of(path: Path | str, file: BinaryIO | None) -> str | None:
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
