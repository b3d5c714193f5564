"""Masks in and out: colours or ids on disk, class indices inside. Encoding and decoding are exact inverses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Bool, UInt8
from pixelproof.labels.scheme import VOID, Color, LabelScheme, threshold_code
from pixelproof.labels.stretches import by_stretch, stretches
from pixelproof.numbers import counted

_LARGEST_ID = 65535


class UnknownValuesError(ValueError):
    """A mask holds values that the scheme does not name.

    Attributes:
        kind: "colour" or "class id".
        counts: Pixels by value, most frequent first.
    """

    def __init__(self, kind: str, counts: Mapping[Color, int] | Mapping[int, int]) -> None:
        self.kind = kind
        self.counts: dict[Color | int, int] = dict(sorted(counts.items(), key=lambda item: -item[1]))
        value, pixels = next(iter(self.counts.items()))
        more = f" and {len(counts) - 1} more" if len(counts) > 1 else ""
        super().__init__(f"{kind} {value} in {counted(pixels, 'pixel')}{more} is not in the label scheme")


def decode_colors(scheme: LabelScheme, rgb: UInt8) -> UInt8:
    """Return the class index of every pixel of a colour mask.

    Args:
        scheme: The label contract; every class needs a colour.
        rgb: uint8 [H, W, 3].

    Returns:
        uint8 [H, W], values 0..K-1 or ``VOID``.

    Raises:
        UnknownValuesError: A colour belongs to no class within the scheme's tolerance.
    """
    pixels = rgb.reshape(-1, 3)
    try:
        mask = by_stretch(lambda colors: _color_indices(scheme, colors), pixels)
    except UnknownValuesError:
        mask = _color_indices(scheme, pixels)  # says again what is unknown, by pixels rather than stretches
    return mask.reshape(rgb.shape[:-1])


def decode_ids(scheme: LabelScheme, ids: npt.NDArray[np.integer]) -> UInt8:
    """Return the class index of every pixel of an index mask of any integer type, [H, W].

    Raises:
        UnknownValuesError: An id belongs to no class and is not void.
    """
    pixels = ids.reshape(-1)
    try:
        mask = by_stretch(lambda values: _id_indices(scheme, values), pixels)
    except UnknownValuesError:
        mask = _id_indices(scheme, pixels)
    return mask.reshape(ids.shape)


def pack(rgb: UInt8) -> npt.NDArray[np.uint32]:
    """Return colours, uint8 [..., 3], as 24-bit numbers 0xRRGGBB, uint32 [...]."""
    wide = rgb.astype(np.uint32)
    return np.asarray(wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2], np.uint32)


def unpack(packed: npt.NDArray[np.integer]) -> UInt8:
    """Return numbers 0xRRGGBB, [...], as colours, uint8 [..., 3]; the inverse of ``pack``."""
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=-1).astype(np.uint8)


def count_colors(rgb: UInt8) -> dict[Color, int]:
    """Return how many pixels each colour of uint8 [..., 3] has."""
    colors, lengths = stretches(rgb.reshape(-1, 3))
    values, which = np.unique(pack(colors), return_inverse=True)
    counts = np.bincount(which, lengths).astype(np.int64)
    return {(r, g, b): n for (r, g, b), n in zip(unpack(values).tolist(), counts.tolist(), strict=True)}


def encode_colors(scheme: LabelScheme, mask: UInt8) -> UInt8:
    """Return the colour mask, uint8 [H, W, 3], of class indices [H, W]; the inverse of ``decode_colors``."""
    table = np.zeros((256, 3), np.uint8)
    for index, label in enumerate(scheme.classes):
        if label.color is None:
            raise ValueError(f"class {label.name} has no colour")
        table[index] = label.color
    if scheme.void_colors:
        table[VOID] = scheme.void_colors[0]
    elif (mask == VOID).any():
        raise ValueError("the mask holds void pixels and the scheme has no void colour")
    return table[mask]


def encode_ids(scheme: LabelScheme, mask: UInt8) -> npt.NDArray[np.uint16]:
    """Return the user's ids, uint16 [H, W], of class indices [H, W]; the inverse of ``decode_ids``."""
    table = np.zeros(256, np.uint16)
    table[: len(scheme.classes)] = [label.id for label in scheme.classes]
    if scheme.void_ids:
        table[VOID] = scheme.void_ids[0]
    elif (mask == VOID).any():
        raise ValueError("the mask holds void pixels and the scheme has no void id")
    return table[mask]


def _color_indices(scheme: LabelScheme, colors: UInt8) -> UInt8:
    """Return the class index of each colour, uint8 [N, 3] -> [N]."""
    if scheme.decode == "threshold":
        bits = colors >> 7
        codes = bits[:, 0] << 2 | bits[:, 1] << 1 | bits[:, 2]
        table, known = _code_table(scheme)
        if not known.all() and not known[codes].all():
            raise UnknownValuesError("colour", count_colors(colors[~known[codes]]))
        decoded: UInt8 = table[codes]
        return decoded
    indices, known = _lookup(scheme, pack(colors))
    if not known.all():
        indices[~known] = _nearest(scheme, colors[~known])
    return indices


def _id_indices(scheme: LabelScheme, ids: npt.NDArray[np.integer]) -> UInt8:
    """Return the class index of each id, [N] -> uint8 [N]."""
    table, known = _id_table(scheme)
    inside = (ids >= 0) & (ids <= _LARGEST_ID)
    if not inside.all() or not known[ids].all():
        bad = ids[~(inside & known[np.where(inside, ids, 0)])]
        values, counts = np.unique(bad, return_counts=True)
        raise UnknownValuesError("class id", dict(zip(values.tolist(), counts.tolist(), strict=True)))
    decoded: UInt8 = table[ids]
    return decoded


@lru_cache(maxsize=8)
def _id_table(scheme: LabelScheme) -> tuple[UInt8, Bool]:
    """Return the index of each 16-bit id and whether the scheme names it."""
    return _table(_LARGEST_ID + 1, scheme.indexed_ids())


@lru_cache(maxsize=8)
def _code_table(scheme: LabelScheme) -> tuple[UInt8, Bool]:
    """Return the index of each 3-bit code and whether the scheme names it."""
    return _table(8, ((index, threshold_code(color)) for index, color in scheme.indexed_colors()))


def _table(size: int, pairs: Iterable[tuple[int, int]]) -> tuple[UInt8, Bool]:
    """Return the index of each of so many values, from pairs of an index and a value, and whether any pair has it."""
    table, known = np.full(size, VOID, np.uint8), np.zeros(size, bool)
    for index, value in pairs:
        table[value], known[value] = index, True
    return table, known


@lru_cache(maxsize=8)
def _sorted_colors(scheme: LabelScheme) -> tuple[npt.NDArray[np.uint32], UInt8]:
    """Return the scheme's colours as packed 24-bit numbers in rising order, and the index of each."""
    pairs = sorted((red << 16 | green << 8 | blue, index) for index, (red, green, blue) in scheme.indexed_colors())
    return np.array([p for p, _ in pairs], np.uint32), np.array([i for _, i in pairs], np.uint8)


def _lookup(scheme: LabelScheme, packed: npt.NDArray[np.uint32]) -> tuple[UInt8, Bool]:
    colors, indices = _sorted_colors(scheme)
    place = np.searchsorted(colors, packed).clip(max=len(colors) - 1)
    return indices[place], colors[place] == packed


def _nearest(scheme: LabelScheme, pixels: UInt8) -> UInt8:
    """Return the index of the colour within the scheme's tolerance of each pixel, uint8 [N, 3] -> [N]."""
    values, where = np.unique(pack(pixels), return_inverse=True)
    indexed = scheme.indexed_colors()
    palette = np.array([color for _, color in indexed], np.int16)
    distance = np.abs(unpack(values)[:, None].astype(np.int16) - palette).max(axis=-1)
    best = distance.argmin(axis=1)
    outside = distance[np.arange(len(values)), best] > scheme.tolerance
    if outside.any():
        raise UnknownValuesError("colour", count_colors(pixels[outside[where]]))
    nearest: UInt8 = np.array([index for index, _ in indexed], np.uint8)[best[where]]
    return nearest
