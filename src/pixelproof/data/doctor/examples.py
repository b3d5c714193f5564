"""Which images show what the labels of a data set mean: some of each class, at random and always the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pixelproof.array_types import Bool, UInt8
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.doctor.tally import Reading
from pixelproof.data.folder import Sample
from pixelproof.data.layouts import class_index
from pixelproof.data.patches import read_truth
from pixelproof.data.reader import as_picture
from pixelproof.errors import UserError, printable
from pixelproof.labels import VOID, LabelScheme
from pixelproof.progress import track
from pixelproof.randomness import derive
from pixelproof.runs.explanation_folder import picture_key
from pixelproof.runs.shown import Labelled

ALL, MOST = 600, 8
"""Examples of all classes together, of which each has at least one, and of one class; classification."""
IMAGES = 24
"""Examples of masks."""
ENOUGH = 0.01  # of an image, for it to be an example of a class
SIDE = 768
"""Pixels a side of what is shown of larger images."""


class Placed(NamedTuple):
    """A sample and the split it is of."""

    split: str
    sample: Sample

    @property
    def key(self) -> str:
        """What its pictures are called."""
        return printable(picture_key(self.split, self.sample.id))


def shuffled(survey: Survey) -> list[Placed]:
    """Return the samples whose images can be read, in an order that depends on their names alone."""
    known = [
        Placed(split, sample)
        for split, samples in survey.found.splits.items()
        for sample in samples
        if sample.image in survey.images
    ]
    return sorted(known, key=lambda each: derive(0, "example", each.key))


def class_names(survey: Survey, scheme: LabelScheme | None) -> dict[Path, str]:
    """Return the class of each image by its name, or where the contract knows none, as the data call it."""
    class_of = survey.found.class_of
    index = class_index(scheme, class_of.values()) if scheme else {}
    return {path: scheme.names[index[word]] if scheme and word in index else word for path, word in class_of.items()}


def of_classes(survey: Survey, scheme: LabelScheme) -> dict[str, list[Placed]]:
    """Return for each class some of its images."""
    most, called = max(1, min(MOST, ALL // len(scheme.classes))), class_names(survey, scheme)
    chosen: dict[str, list[Placed]] = {name: [] for name in scheme.names}
    for each in shuffled(survey):
        of_class = chosen.get(called[each.sample.image])
        if of_class is not None and len(of_class) < most:
            of_class.append(each)
    return {name: found for name, found in chosen.items() if found}


def of_masks(reading: Reading) -> list[Labelled]:
    """Return images with their masks, among them some of each class as far as there are that many.

    Of an image with a side above ``SIDE`` a part is shown that holds much of the class it was chosen for.
    """
    candidates = [each for each in shuffled(reading.survey) if _whole(reading, each.sample)]
    shares = np.array([_shares(reading, each.sample) for each in candidates]).reshape(-1, len(reading.scheme.classes))
    chosen = list(islice(_cover(shares), IMAGES))
    shown = (_read(reading, candidates[n], k) for n, k in track(chosen, "pictures", len(chosen)))
    return [each for each in shown if each is not None]


def _whole(reading: Reading, sample: Sample) -> bool:
    """Return whether each pixel of a sample's mask has a meaning, and lies on one of the image."""
    if sample.mask is None or (tally := reading.masks.get(sample.mask)) is None:
        return False
    sizes = reading.survey.images[sample.image].size, reading.survey.masks[sample.mask].size
    return tally.problem is None and tally.unknown is None and sizes[0] == sizes[1]


def _shares(reading: Reading, sample: Sample) -> list[float]:
    """Return how much of a mask each class is, [K]."""
    assert sample.mask is not None
    pixels = reading.masks[sample.mask].pixels
    shares: list[float] = (pixels[: len(reading.scheme.classes)] / max(pixels.sum(), 1)).tolist()
    return shares


def _cover(shares: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Iterator[tuple[int, int]]:
    """Yield (image, the class it is chosen for) until each class is seen in several, of N images' shares, [N, K].

    Next is always the class that was seen least, and of these the rarest one.
    """
    images, classes = shares.shape
    holds: Bool = (shares > 0) & (shares >= np.minimum(ENOUGH, shares.max(axis=0, initial=0)))
    wanted, seen, rarity = max(2, IMAGES // classes), np.zeros(classes), holds.sum(axis=0)
    free = np.ones(images, bool)
    while (open_ := (seen < wanted) & holds[free].any(axis=0)).any():
        index = min(np.flatnonzero(open_).tolist(), key=lambda k: (seen[k], rarity[k]))
        image = int(np.flatnonzero(free & holds[:, index])[0])
        free[image] = False
        seen += holds[image]
        yield image, index


def _read(reading: Reading, each: Placed, index: int) -> Labelled | None:
    try:
        image, mask = reading.survey.reader(each.sample.image), read_truth(each.sample, reading.scheme)
    except UserError:  # changed since it was examined
        return None
    rows, columns = _part(mask, index)
    return Labelled(each.key, as_picture(image[rows, columns]), mask[rows, columns])


def _part(mask: UInt8, index: int) -> tuple[slice, slice]:
    """Return the rows and columns of the part, at most ``SIDE`` a side, that holds most of a class and least void."""
    heights, widths = (_steps(length) for length in mask.shape)
    parts = [(slice(top, top + SIDE), slice(left, left + SIDE)) for top in heights for left in widths]
    return max(parts, key=lambda part: int((mask[part] == index).sum()) - int((mask[part] == VOID).sum()))


def _steps(length: int) -> list[int]:
    """Return the starts of parts that lie side by side; the last one ends where the image does."""
    return [min(start, max(length - SIDE, 0)) for start in range(0, length, SIDE)]
