"""Images on both sides of a score that are almost the same: crops, recolourings, neighbouring frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Float32
from pixelproof.data.doctor.duplicates import SPREAD
from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.looks import THUMBNAIL
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


class Thumbnails(NamedTuple):
    """N images as they are compared.

    Attributes:
        paths: Their files.
        vectors: Thumbnails of mean 0 and norm 1, [N, D], whose products are correlations.
        hashes: Difference hashes, [N].
        digests: Of all pixels, 16 bytes each, [N].
    """

    paths: list[Path]
    vectors: Float32
    hashes: npt.NDArray[np.uint64]
    digests: npt.NDArray[np.void]


def near_duplicates(survey: Survey) -> Iterator[Finding]:
    """Images of other splits that have a near twin in train, and such of train where a part of it gives the score."""
    if pairs := twins(survey):
        harm = "the score rewards learning by heart"
        yield _finding(survey, "near-duplicate", pairs, harm, "move both of a pair into the same split")
    train = _thumbnails(survey, "train")
    if survey.carved and (pairs := list(_twins(train, train))):
        fix = "add a folder 'validation' with images of other places or times"
        yield _finding(survey, "near-duplicate-in-train", pairs, SPREAD, fix)


def twins(survey: Survey) -> list[Pair]:
    """Return the images of other splits that have a near twin in train, each with the nearest one."""
    train = _thumbnails(survey, "train")
    others = (_thumbnails(survey, split) for split in survey.found.splits if split != "train")
    return [pair for other in others for pair in _twins(other, train)]


def _finding(survey: Survey, check: str, pairs: list[Pair], harm: str, fix: str) -> Finding:
    """Return the finding of pairs, the nearest first."""
    pairs = sorted(pairs, key=lambda pair: -pair[0])
    shown = ", ".join(f"{survey.name(a)} ~ {survey.name(b)}" for _, a, b in pairs[:3])
    what = f"{counted(len(pairs), 'image')} with a near twin in train (closest: {shown})"
    message = f"{what}: if they show the same thing, {harm}"
    files = [path for _, a, b in pairs for path in (a, b)]
    return survey.finding(check, "warning", files, message, f"look at the pairs; {fix}")


def _thumbnails(survey: Survey, split: str) -> Thumbnails:
    """Return the images of a split that are large and varied enough to be compared."""
    looks = [(s.image, survey.images.get(s.image)) for s in survey.found.splits.get(split, [])]
    usable = [
        (path, look)
        for path, look in looks
        if look and min(look.size) >= _LEAST_SIDE and look.thumbnail.std() >= _LEAST_CONTRAST
    ]
    thumbs = np.array([look.thumbnail for _, look in usable], np.float32).reshape(-1, *THUMBNAIL)
    digests = np.array([look.digest for _, look in usable], "V16")
    vectors = thumbs.reshape(-1, THUMBNAIL[0] * THUMBNAIL[1])
    vectors = vectors - vectors.mean(axis=1, keepdims=True)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Thumbnails([path for path, _ in usable], vectors, _hash(thumbs), digests)


def _hash(thumbs: Float32) -> npt.NDArray[np.uint64]:
    """Return the 64-bit difference hash of each thumbnail: is a cell brighter than its left neighbour?"""
    cells = thumbs.reshape(-1, 8, 2, 9, 2).mean(axis=(2, 4))
    bits = (cells[:, :, 1:] > cells[:, :, :-1]).reshape(-1, 64)
    return np.packbits(bits, axis=1).view(np.uint64).ravel()


def _twins(some: Thumbnails, train: Thumbnails) -> Iterator[Pair]:
    """Yield each image that has a twin in train, with the nearest one; identical images are another check's matter.

    Of train itself, twins are looked for among the images before, so that each pair is found once.
    """
    if not train.paths:
        return
    rows = max(1, _AT_ONCE // len(train.paths))
    for start in range(0, len(some.paths), rows):
        part = slice(start, start + rows)
        correlations = some.vectors[part] @ train.vectors.T
        correlations[np.bitwise_count(some.hashes[part, None] ^ train.hashes) > _MOST_BITS] = 0
        correlations[some.digests[part, None] == train.digests] = 0
        if some is train:
            correlations[:] = np.tril(correlations, start - 1)
        best = correlations.argmax(axis=1)
        for index, (twin, row) in enumerate(zip(best.tolist(), correlations, strict=True), start):
            if row[twin] >= _LEAST_CORRELATION:
                yield float(row[twin]), some.paths[index], train.paths[twin]
