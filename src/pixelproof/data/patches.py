"""Masks as a person has corrected them: regions painted over what the file holds, and checked against it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from pixelproof.array_types import Bool, UInt8
from pixelproof.data.folder import Patch, Sample
from pixelproof.data.masks import read_mask
from pixelproof.errors import UserError
from pixelproof.labels import VOID, LabelScheme
from pixelproof.labels.outlines import Region, box_of, region_of
from pixelproof.runs.corrections_file import UNTELLABLE

AGAIN = "look at the image again, or remove the line"


def read_truth(sample: Sample, scheme: LabelScheme) -> UInt8:
    """Return the mask of a sample that has one, class indices as uint8 [H, W], as corrected.

    Raises:
        UserError: The file is unreadable, or a correction does not fit it.
    """
    assert sample.mask is not None
    mask = read_mask(sample.mask, scheme)
    if not sample.corrected:
        return mask
    mask = mask if mask.flags.writeable else mask.copy()
    paint(mask, sample, scheme)
    return mask


def paint(mask: UInt8, sample: Sample, scheme: LabelScheme) -> None:
    """Correct a mask, class indices as uint8 [H, W]; of regions that overlap, the last one counts.

    Raises:
        UserError: A region lies outside of it, or is not of the class there that its correction says it was.
    """
    patches = [patch for patch in sample.patches if patch.heeded]
    was = [class_of(patch.was, scheme) if patch.was else None for patch in patches]
    # Of a region that lies over an earlier one, some may be of its class in the file, and some as corrected before.
    doubts = [_others(mask, _region(patch, sample, mask), k) for patch, k in zip(patches, was, strict=True)]
    for patch, index, doubt in zip(patches, was, doubts, strict=True):
        region = _region(patch, sample, mask)  # drawn again, so that no two are held at once
        part = mask[region.window]
        if doubt is not None and (_unpacked(doubt, region.inside.shape) & (part != index)).any():
            where = f"in all of the region ({box_of(patch.outline).words})"
            problem = f"{patch.place} says that {sample.mask} was '{patch.was}' {where}, and it is not"
            raise UserError(f"{problem}: the correction no longer fits", AGAIN)
        part[region.inside] = class_of(patch.label, scheme)


def class_of(name: str, scheme: LabelScheme) -> int:
    """Return the index of a class, ``VOID`` for ``UNTELLABLE``.

    Raises:
        UserError: There is no such class.
    """
    if name in scheme.names:
        return scheme.names.index(name)
    if name == UNTELLABLE:
        return VOID
    raise UserError(f"a correction names the class '{name}', which the data do not have", "correct it, or remove it")


def looked_at(patches: Iterable[Patch], rows: slice, columns: slice) -> Bool:
    """Return which pixels of a window of a mask a person has looked at, bool [h, w]."""
    looked = np.zeros((rows.stop - rows.start, columns.stop - columns.start), bool)
    for patch in patches:
        box = box_of(patch.outline)
        down, right = box.top + box.height, box.left + box.width
        top, left = max(rows.start, box.top), max(columns.start, box.left)
        bottom, end = min(rows.stop, down), min(columns.stop, right)
        if top < bottom and left < end:
            inside = region_of(patch.outline, down, right).inside
            seen = inside[top - box.top : bottom - box.top, left - box.left : end - box.left]
            looked[top - rows.start : bottom - rows.start, left - columns.start : end - columns.start] |= seen
    return looked


def corrections_among(samples: Iterable[Sample]) -> dict[str, str]:
    """Return how many images have corrected labels, and of masks how many pixels, as a score file says it.

    Both are in digits, and empty where there are none.
    """
    corrected = [sample for sample in samples if sample.corrected]
    pixels = sum(corrected_pixels(sample.patches) for sample in corrected)
    return {"corrected": str(len(corrected) or ""), "corrected_pixels": str(pixels or "")}


def corrected_pixels(patches: Sequence[Patch]) -> int:
    """Return how many pixels of a mask the last correction that covers them gives another class."""
    heeded = [patch for patch in patches if patch.heeded]
    pixels = 0
    for place, patch in enumerate(heeded, start=1):
        if patch.change:
            left, top, width, height = box_of(patch.outline)
            rows, columns = slice(top, top + height), slice(left, left + width)
            over = looked_at(heeded[place:], rows, columns)
            pixels += int((looked_at([patch], rows, columns) & ~over).sum())
    return pixels


def overridden(patches: Sequence[Patch]) -> int:
    """Return how many corrections lie over an earlier one that says another class."""
    return sum(lies_over(patch, patches[:place]) for place, patch in enumerate(patches))


def lies_over(patch: Patch, earlier: Iterable[Patch]) -> bool:
    """Return whether a correction shares pixels with others that say another class."""
    others = [each for each in earlier if each.label != patch.label]
    left, top, width, height = box_of(patch.outline)
    rows, columns = slice(top, top + height), slice(left, left + width)
    return bool(others) and bool((looked_at([patch], rows, columns) & looked_at(others, rows, columns)).any())


def that_count(patches: Iterable[Patch]) -> list[Patch]:
    """Return the corrections that decide of which class pixels are: not those that find right what nothing changed."""
    heeded = [patch for patch in patches if patch.heeded]
    return [each for place, each in enumerate(heeded) if each.change or lies_over(each, heeded[:place])]


def _region(patch: Patch, sample: Sample, mask: UInt8) -> Region:
    try:
        return region_of(patch.outline, *mask.shape)
    except ValueError as error:
        raise UserError(f"{patch.place}: the region does not fit {sample.mask}: {error}", AGAIN) from None


def _others(mask: UInt8, region: Region, index: int | None) -> UInt8 | None:
    """Return which pixels of a region are of another class than this index; None if none, or any class will do.

    Eight are packed into a byte, since those of all regions of a mask are held at once.
    """
    if index is None:
        return None
    others: Bool = region.inside & (mask[region.window] != index)
    return np.packbits(others) if others.any() else None


def _unpacked(packed: UInt8, shape: tuple[int, ...]) -> Bool:
    return np.unpackbits(packed, count=math.prod(shape)).reshape(shape).view(bool)
