"""One look at an image or mask file: everything the checks ask about it, so that no file is decoded twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from pixelproof.data.fingerprint import pixel_digest
from pixelproof.data.images import EXIF_ORIENTATION, UInt8, as_rgb, mask_values, opened
from pixelproof.data.proposal import MaskValues, count_values

THUMBNAIL = (16, 18)  # rows, columns: halves to the 8 x 9 of a difference hash
_ENOUGH_NODATA = 0.05


@dataclass(frozen=True)
class ImageLook:
    """What is remembered of an image.

    Attributes:
        size: (height, width) after the turn its EXIF orientation asks for.
        mode: Pillow's mode of the file: "RGB", "L", "I;16", ...
        orientation: EXIF orientation, 1 if there is none.
        digest: Of size and decoded RGB values; equal digests are equal images, whatever the file format.
        thumbnail: Grey, uint8 [16, 18].
        sums: Sum of each channel, int64 [3].
        squares: Sum of squares of each channel, int64 [3].
        constant: True if every pixel is the same.
    """

    size: tuple[int, int]
    mode: str
    orientation: int
    digest: bytes
    thumbnail: UInt8
    sums: npt.NDArray[np.int64]
    squares: npt.NDArray[np.int64]
    constant: bool


@dataclass(frozen=True)
class MaskLook:
    """What is remembered of a mask.

    Attributes:
        size: (height, width) after the turn its EXIF orientation asks for.
        lossy: True if it was compressed as JPEG.
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


def look_at_image(path: Path) -> tuple[ImageLook, npt.NDArray[np.bool_] | None]:
    """Return what there is to know of an image, and where it is pure black if that is more than a twentieth of it.

    Raises:
        UserError: The file cannot be read as an image.
    """
    with opened(path) as image:
        mode, orientation = image.mode, _orientation(image)
        rgb = as_rgb(path, image)
    histogram = np.array(Image.fromarray(rgb).histogram(), np.int64).reshape(3, 256)
    levels = np.arange(256)
    look = ImageLook(
        size=(rgb.shape[0], rgb.shape[1]),
        mode=mode,
        orientation=orientation,
        digest=pixel_digest(rgb),
        thumbnail=_thumbnail(rgb),
        sums=histogram @ levels,
        squares=histogram @ levels**2,
        constant=bool((np.count_nonzero(histogram, axis=1) == 1).all()),
    )
    return look, _black(rgb, histogram)


def look_at_mask(path: Path, black: npt.NDArray[np.bool_] | None) -> MaskLook:
    """Return what there is to know of a mask; ``black`` tells where its image is pure black, bool [H, W].

    Raises:
        UserError: The file cannot be read as a mask.
    """
    with opened(path) as image:
        lossy, orientation = image.format in ("JPEG", "MPO"), _orientation(image)
        ids, colors = mask_values(path, image)
    raw = ids if colors is None else colors
    assert raw is not None
    on_black = None
    if black is not None and black.shape == raw.shape[:2]:
        on_black = count_values(None if ids is None else ids[black], None if colors is None else colors[black])
    size = (raw.shape[0], raw.shape[1])
    return MaskLook(size, lossy, orientation, pixel_digest(raw), count_values(ids, colors), on_black)


def _orientation(image: Image.Image) -> int:
    value = image.getexif().get(EXIF_ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _thumbnail(rgb: UInt8) -> UInt8:
    rows, columns = THUMBNAIL
    grey = Image.fromarray(rgb).convert("L")
    return np.array(grey.resize((columns, rows), Image.Resampling.BOX))


def _black(rgb: UInt8, histogram: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_] | None:
    enough = _ENOUGH_NODATA * rgb.shape[0] * rgb.shape[1]
    if histogram[:, 0].min() <= enough:
        return None
    black: npt.NDArray[np.bool_] = (rgb[..., 0] | rgb[..., 1] | rgb[..., 2]) == 0
    return black if black.sum() > enough else None
