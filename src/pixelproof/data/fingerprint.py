"""A short digest of a set of labelled images: two results are comparable only where it is the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import UInt8
from pixelproof.data.folder import Sample
from pixelproof.data.patches import that_count
from pixelproof.errors import explain_os_error

_HEAD = 65536
_AS_LONG = (".tif", ".tiff", ".bmp")  # formats whose files mostly stay as long when a pixel changes
_BLOCK = 2**20  # bytes that are held at once


def fingerprint(samples: Iterable[Sample]) -> str:
    """Return a digest of ids, labels, every mask, TIFF and BMP file, and the size and first 64 KiB of other images.

    The order of samples and the folder they lie in do not matter. JPEG, PNG and WebP are not read to their end because
    there may be many gigabytes of them, and a changed image hardly ever takes as many bytes; masks are, because labels
    are corrected, and regions count as corrections of them say.
    """
    lines = sorted(
        f"{s.id}\x1f{s.label}\x1f{_image_digest(s)}\x1f{_file_digest(s.mask) if s.mask else ''}{_patched(s)}"
        for s in samples
    )
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def image_digests(samples: Sequence[Sample]) -> UInt8:
    """Return a digest of each image's file, whatever it is called, uint8 [N, 16]; of as much as for ``fingerprint``."""
    digests = [hashlib.blake2b(_image_digest(s).encode(), digest_size=16).digest() for s in samples]
    return np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), 16)


def mask_fingerprint(mask: Path) -> str:
    """Return a digest of a mask file, by which a correction of it knows it again.

    Raises:
        UserError: It cannot be read.
    """
    return hashlib.sha256(_file_digest(mask).encode()).hexdigest()[:16]


def pixel_digest(array: npt.NDArray[np.generic]) -> bytes:
    """Return a digest of an image's or mask's size and values, equal for equal pixels whatever the file format."""
    digest = hashlib.blake2b(str(array.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


def _patched(sample: Sample) -> str:
    """Return what says how a mask is corrected; empty where it is as its file has it."""
    return "".join(f"\x1f{each.label}\x1f{each.outline}" for each in that_count(sample.patches))


def _image_digest(sample: Sample) -> str:
    return _file_digest(sample.image, sample.image.suffix.lower() in _AS_LONG)


def _file_digest(path: Path, whole: bool = True) -> str:
    """Return a file's size and a digest of all its bytes, or of the first ones."""
    try:
        with path.open("rb") as file:
            digest = hashlib.blake2b(file.read(_HEAD), digest_size=16)
            while whole and (block := file.read(_BLOCK)):
                digest.update(block)
        return f"{path.stat().st_size}:{digest.hexdigest()}"
    except OSError as error:
        raise explain_os_error(error, path) from error
