"""Regions of a mask that are probably labelled wrong: large, of one class, and the model is sure of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from pixelproof.array_types import Bool, Float32, Float64, Int64, UInt8
from pixelproof.evaluation.metrics import ratio
from pixelproof.labels.outlines import outline_of
from pixelproof.numbers import share
from pixelproof.prediction.tiles import LARGE
from pixelproof.runs.ranked_file import Box, Ranked

THICK = 5
"""Strips of disagreement thinner than this many pixels lie along edges, where every mask is a little off."""
LONGEST = 30_000
"""Characters of an outline above which a region is cut in two: spreadsheets cut off what is in a cell beyond 32,767."""
_MOVED = 8
"""Characters that a piece of an outline grows by at most where its image begins farther left and above."""
SMALLEST = 0.001
"""Share of the image, or of the largest that is looked at whole, below which a region is not worth a look."""


Slices = tuple[slice, slice]


@dataclass(frozen=True)
class Region:
    """A region labelled as one class that the model takes for another.

    Attributes:
        given: The class it is labelled as.
        suggested: The class the model sees.
        pixels: How many.
        confidence: Mean probability of the suggested class.
        excess: Sum over its pixels of the probability of the suggested class minus that of the given one.
        box: Left, top, width and height in the image.
        outline: Which pixels it is, as ``labels.outlines`` writes it.
    """

    given: int
    suggested: int
    pixels: int
    confidence: float
    excess: float
    box: Box
    outline: str


def disagreements(
    truth: UInt8, chances: Float32, scored: Bool, pixels: int, left: int = 0, top: int = 0, looked: Bool | None = None
) -> list[Region]:
    """Return the regions in which a mask and a model disagree, edges left out.

    Args:
        truth: uint8 [H, W], the mask, or a window of it.
        chances: float32 [K, H, W], the model's probabilities.
        scored: bool [K], False for ignored classes, whose pixels are nobody's error.
        pixels: Size of the whole image, which decides what is large.
        left: The column of the image in which the window begins.
        top: The row likewise.
        looked: bool [H, W], what a person has looked at, and is not asked again; None is nothing.
    """
    predicted = chances.argmax(axis=0)
    differ = np.isin(truth, np.flatnonzero(scored)) & (predicted != truth)
    if looked is not None:
        differ &= ~looked
    pairs = np.where(differ, truth.astype(np.int64) * len(chances) + predicted, -1)
    # Windows cut regions, and a share of a huge image would be more than a window holds.
    smallest = SMALLEST * min(pixels, LARGE)
    found = []
    for pair in np.flatnonzero(np.bincount(pairs[differ]) >= max(smallest, 1)).tolist():
        given, suggested = divmod(pair, len(chances))
        for (rows, columns), inside in _solid(pairs == pair, smallest):
            sure = chances[suggested][rows, columns][inside]
            excess = float((sure - chances[given][rows, columns][inside]).sum())
            box = (left + columns.start, top + rows.start, inside.shape[1], inside.shape[0])
            outline = outline_of(inside, *box[:2])
            found.append(Region(given, suggested, int(inside.sum()), float(sure.mean()), excess, box, outline))
    return found


def _solid(differs: Bool, smallest: float) -> Iterator[tuple[Slices, Bool]]:
    """Yield where connected and thick parts of so many pixels lie, and which pixels they are, bool [h, w]."""
    # Opening by a square removes what is thinner than it and leaves the rest as it is, but for its corners. That of
    # grey values is the same here and twice as fast, because it goes along rows and columns.
    solid = ndimage.grey_opening(differs.view(np.uint8), size=(THICK, THICK), mode="constant")
    places, count = ndimage.label(solid)
    for number, window in enumerate(ndimage.find_objects(places, count), start=1):
        inside = places[window] == number
        if inside.sum() >= smallest:
            yield from _handy(window, inside)


def _handy(window: Slices, inside: Bool) -> Iterator[tuple[Slices, Bool]]:
    """Yield what is in a window, cut in two until no outline is longer than ``LONGEST``."""
    if not inside.any():
        return
    if len(outline := outline_of(inside)) + _MOVED * outline.count("M") <= LONGEST:
        yield window, inside
        return
    axis = int(inside.shape[1] > inside.shape[0])
    middle = inside.shape[axis] // 2
    for start, half in zip((0, middle), np.split(inside, [middle], axis), strict=True):
        cut = [*window]
        first = window[axis].start + start
        cut[axis] = slice(first, first + half.shape[axis])
        yield from _handy((cut[0], cut[1]), half)


@dataclass(frozen=True)
class MaskEvidence:
    """What a model says of one image's mask.

    Attributes:
        id: The sample's id.
        split: Where it lies.
        pixels: Size of the image.
        regions: Where they disagree.
        labelled: int64 [K], pixels labelled as each class.
        agreed: float64 [K], summed probability that the model gives to their own class.
    """

    id: str
    split: str
    pixels: int
    regions: tuple[Region, ...]
    labelled: Int64
    agreed: Float64


def suspect_regions(masks: Sequence[MaskEvidence], names: Sequence[str]) -> list[Ranked]:
    """Return regions that are probably labelled wrong, the most wrong pixels first.

    As in confident learning, a region counts if the model is as sure of the other class there as it is, on average, of
    pixels labelled so. Its score is the share of the image that would change, each pixel weighted by how much more the
    model believes in the other class.
    """
    labelled = sum(mask.labelled for mask in masks)
    agreed = sum(mask.agreed for mask in masks)
    threshold = ratio(agreed, labelled, undefined=np.inf)
    rows = [
        _row(mask, region, names)
        for mask in masks
        for region in mask.regions
        if region.confidence >= threshold[region.suggested]
    ]
    return sorted(rows, key=lambda row: (-row.score, row.split, row.id))


def _row(mask: MaskEvidence, region: Region, names: Sequence[str]) -> Ranked:
    given, suggested = names[region.given], names[region.suggested]
    why = f"{region.pixels:,} pixels labelled {given}; the model is {share(region.confidence, 0)} sure of {suggested}"
    score = float(np.clip(region.excess / mask.pixels, 0, 1))
    return Ranked(mask.id, mask.split, given, suggested, score, why, region.box, region.outline)
