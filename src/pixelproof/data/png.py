"""A quick reader for the commonest mask file: an RGB PNG of 8 bits that holds pixels and nothing else."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from kornia_rs.io import read_image_png_u8
from PIL import Image

from pixelproof.array_types import UInt8

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB8 = bytes([8, 2, 0, 0, 0])  # bit depth, colour type, compression, filter, interlace
_WITHOUT_MEANING = {b"IDAT", b"gAMA", b"cHRM", b"sRGB", b"pHYs", b"tIME", b"bKGD", b"sBIT"}
"""Chunks that change no pixel; others may turn the image (EXIF) or make it transparent."""


def read_plain_png(path: Path) -> UInt8 | None:
    """Return an RGB PNG as Pillow would, uint8 [H, W, 3], in a tenth of the time.

    None where the file is anything else, or damaged: then the general reader must look at it and say what is wrong.
    The CRC of every chunk is checked, the stream's own checksum is not.
    """
    try:
        if not _is_plain(path):
            return None
        return np.asarray(read_image_png_u8(str(path), "rgb"))
    except Exception:  # the reader raises the base class
        return None


def _is_plain(path: Path) -> bool:
    """Return whether a file is complete, of 8-bit RGB, of a size that Pillow would read, and without further chunks."""
    with path.open("rb") as file:
        head = file.read(33)
        if len(head) < 33 or head[:8] != _SIGNATURE or head[12:16] != b"IHDR" or head[24:29] != _RGB8:
            return False
        width, height = struct.unpack(">II", head[16:24])
        if width * height > (Image.MAX_IMAGE_PIXELS or 0):
            return False
        while len(chunk := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", chunk)
            if kind not in _WITHOUT_MEANING:
                return bool(kind == b"IEND" and len(file.read(4)) == 4)
            file.seek(length + 4, 1)
    return False
