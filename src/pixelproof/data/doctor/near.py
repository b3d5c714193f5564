"""Images in different splits that are almost the same: crops, recolourings, neighbouring frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Float32
from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.survey import Survey
from pixelproof.numbers import counted

# Set by looking at the pairs found in 50 classes of CIFAR-100: nearly all within these bounds show the same object
# in the same pose, recoloured, cropped or compressed again; beyond them, different objects that look alike.
_MOST_BITS = 8  # of 64 in which two difference hashes may differ
_LEAST_CORRELATION = 0.95  # of two thumbnails
_LEAST_CONTRAST = 8.0  # standard deviation of a thumbnail in grey levels; flat images all look alike
_LEAST_SIDE = 24  # pixels; smaller images have too little in them
_AT_ONCE = 1 << 22  # comparisons held in memory

Pair = tuple[float, Path, Path]


def near_duplicates(survey: Survey) -> Iterator[Finding]:
    """Images of other splits that have a near twin in train."""
    pairs = sorted(_pairs(survey), key=lambda pair: -pair[0])
    if not pairs:
        return
    twins = dict.fromkeys(path for _, path, _ in pairs)
    shown = ", ".join(f"{survey.name(a)} ~ {survey.name(b)}" for _, a, b in pairs[:3])
    message = (
        f"{counted(len(twins), 'image')} with a near twin in train (closest: {shown}): "
        "if they show the same thing, the score rewards learning by heart"
    )
    fix = "look at the pairs; move both of a pair into the same split"
    files = [path for _, a, b in pairs for path in (a, b)]
    yield survey.finding("near-duplicate", "warning", files, message, fix)


def _pairs(survey: Survey) -> Iterator[Pair]:
    digests = {path: look.digest for path, look in survey.images.items()}
    train, train_thumbs = _thumbnails(survey, "train")
    hashes = _hash(train_thumbs)
    for split in survey.found.splits:
        paths, thumbs = _thumbnails(survey, split) if split != "train" else ([], train_thumbs)
        for i, j in _close(_hash(thumbs), hashes) if paths and train else ():
            correlation = np.corrcoef(thumbs[i].ravel(), train_thumbs[j].ravel())[0, 1]
            if correlation >= _LEAST_CORRELATION and digests[paths[i]] != digests[train[j]]:
                yield float(correlation), paths[i], train[j]


def _thumbnails(survey: Survey, split: str) -> tuple[list[Path], Float32]:
    """Return the images of a split that are large and varied enough, and their thumbnails [N, 16, 18]."""
    looks = [(s.image, survey.images.get(s.image)) for s in survey.found.splits.get(split, [])]
    usable = [
        (path, look.thumbnail)
        for path, look in looks
        if look and min(look.size) >= _LEAST_SIDE and look.thumbnail.std() >= _LEAST_CONTRAST
    ]
    thumbs = np.array([thumb for _, thumb in usable], np.float32).reshape(-1, 16, 18)
    return [path for path, _ in usable], thumbs


def _hash(thumbs: Float32) -> npt.NDArray[np.uint64]:
    """Return the 64-bit difference hash of each thumbnail: is a cell brighter than its left neighbour?"""
    cells = thumbs.reshape(-1, 8, 2, 9, 2).mean(axis=(2, 4))
    bits = (cells[:, :, 1:] > cells[:, :, :-1]).reshape(-1, 64)
    return np.packbits(bits, axis=1).view(np.uint64).ravel()


def _close(a: npt.NDArray[np.uint64], b: npt.NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
    """Yield the index pairs of hashes that differ in few bits."""
    rows = max(1, _AT_ONCE // max(len(b), 1))
    for start in range(0, len(a), rows):
        distance = np.bitwise_count(a[start : start + rows, None] ^ b[None])
        for i, j in zip(*np.nonzero(distance <= _MOST_BITS), strict=True):
            yield start + int(i), int(j)
