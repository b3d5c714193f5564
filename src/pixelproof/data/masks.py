"""Mask files as class indices, told apart by what the file is. Input is hostile until it is decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from pixelproof.array_types import UInt8
from pixelproof.data.images import opened, upright
from pixelproof.data.png import read_plain_png
from pixelproof.data.tiffs import DEEP, misread_numbers
from pixelproof.errors import UserError
from pixelproof.labels import LARGEST_ID, LabelScheme, UnknownValuesError, decode_colors, decode_ids

Ids = npt.NDArray[np.integer]


def read_mask(path: Path, scheme: LabelScheme) -> UInt8:
    """Return a mask as class indices, uint8 [H, W]; RGB, palette and index masks are told apart by the file's mode.

    Raises:
        UserError: The file is unreadable, or holds a colour or id that the scheme does not name.
    """
    try:
        return decode_mask_values(path, *read_mask_values(path), scheme)
    except UnknownValuesError as error:
        beyond = [value for value in error.counts if isinstance(value, int) and not 0 <= value <= LARGEST_ID]
        remedy = f"write 255 in place of {beyond[0]}, and 'void_ids: [255]' into labels.yaml" if beyond else ""
        raise UserError(f"mask {path}: {error}", remedy or "add it to labels.yaml or correct the mask") from None


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
    """Return a mask's raw (ids [H, W], colours [H, W, 3]); a palette mask has both, others one of the two.

    Ids are of the file's own type.
    """
    if (plain := read_plain_png(path)) is not None:
        return None, plain
    with opened(path, mask=True) as image:
        return mask_values(path, image)


def mask_values(path: Path, image: Image.Image) -> tuple[Ids | None, UInt8 | None]:
    """Return what ``read_mask_values`` returns, of a file that is already open."""
    kind = misread_numbers(image)
    image = upright(image)
    if image.mode == "F":
        raise UserError(f"mask {path} holds floating-point pixels", "save it as whole numbers or colours")
    if image.mode == "P":
        return np.asarray(image), np.array(image.convert("RGB"))
    if image.mode == "1":
        return np.asarray(image).astype(np.uint8), None
    if image.mode in ("L", *DEEP):
        stored = np.asarray(image)
        return (stored if kind is None else stored.view(kind)), None
    if image.mode in ("RGBA", "LA"):
        _refuse_transparency(path, image)
    if image.mode == "LA":
        return np.asarray(image)[..., 0], None
    return None, np.array(image.convert("RGB"))


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
