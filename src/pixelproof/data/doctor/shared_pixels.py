"""Tiles without a place that share pixels, because they were cut out of one scene with an overlap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from pixelproof.array_types import Bool, UInt8
from pixelproof.data.doctor.duplicates import SPREAD
from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.scenes import scenes_that_keep
from pixelproof.data.doctor.survey import Survey
from pixelproof.errors import UserError
from pixelproof.numbers import counted, share
from pixelproof.progress import track
from pixelproof.runs.diagnosis_file import Severity
from pixelproof.runs.learned import MANY

Pair = tuple[float, Path, Path]
Shift = tuple[int, int]

_ALIKE = 2  # marks that two images must share at one shift, before their pixels are compared
_COMMON = 16  # images that have a mark: more of them show a logo, a frame or a texture
_COMPARED = 500  # pairs whose pixels are compared, those with most marks in common first
_EQUAL = 0.9  # of the pixels that two tiles share and where there is something; tiles of one JPEG may differ a little
_LEAST = 0.01  # of the smaller one's area, as on the ground


def shared_pixels(survey: Survey) -> Iterator[Finding]:
    """Images of different splits, or of a train of which a part gives the score, that share pixels at some shift."""
    splits = survey.splits
    paths = [path for path, look in survey.images.items() if look.place is None and len(look.marks.hashes)]
    shifts = _shifts(survey, paths)
    apart = {pair: shift for pair, shift in shifts.items() if splits[pair[0]] != splits[pair[1]]}
    if pairs := _sharing(survey, apart):
        yield _across_splits(survey, pairs, len(apart) > _COMPARED)
    if survey.carved and (pairs := _sharing(survey, {pair: shifts[pair] for pair in shifts.keys() - apart.keys()})):
        yield _in_train(survey, pairs)


def _across_splits(survey: Survey, pairs: Sequence[Pair], more: bool) -> Finding:
    splits, said, worst = survey.splits, [], 0.0
    of = {frozenset(splits[path] for path in both) for _, *both in pairs}
    for other, split in combinations([name for name in survey.found.splits if any(name in two for two in of)], 2):
        shown = {path for _, *both in pairs for path in both if {splits[p] for p in both} == {other, split}}
        if own := {path for path in shown if splits[path] == split}:
            worst = max(worst, len(own) / len(survey.found.splits[split]))
            part = f"{len(own):,} of {counted(len(survey.found.splits[split]), 'image')} of {split}"
            said.append(f"{'at least ' * more}{part} show pixels of {other}, at another place")
    message = f"{'; '.join(said)} ({_most(survey, pairs)}): tiles were cut with an overlap, and the score rewards "
    fix = "split by scene, so that tiles that overlap are on one side"
    if (groups := scenes_that_keep(survey, survey.samples, pairs)) is not None:
        fix = f"{fix}; or put all images into train, and train with {groups}"
    severity: Severity = "error" if worst > MANY else "warning"
    return survey.finding("shared-pixels", severity, _paths(pairs), f"{message}learning by heart", fix)


def _in_train(survey: Survey, pairs: Sequence[Pair]) -> Finding:
    shown = len({path for _, *both in pairs for path in both})
    total = counted(len(survey.found.splits["train"]), "image")
    message = f"{shown:,} of {total} of train share pixels with others, at another place ({_most(survey, pairs)})"
    groups = scenes_that_keep(survey, survey.found.splits["train"], pairs)
    fix = "add a folder 'validation' with images of other scenes"
    fix = f"train with {groups}; or {fix}" if groups is not None else fix
    return survey.finding("shared-pixels-in-train", "warning", _paths(pairs), f"{message}: {SPREAD}", fix)


def _shifts(survey: Survey, paths: Sequence[Path]) -> dict[tuple[Path, Path], Shift]:
    """Return by how many rows and columns pairs of images may be shifted, those with most marks in common first."""
    marks = [survey.images[path].marks for path in paths]
    if not marks:
        return {}
    owner = np.repeat(np.arange(len(marks)), [len(own.hashes) for own in marks])
    hashes, places = (np.concatenate([getattr(own, name) for own in marks]) for name in ("hashes", "places"))
    order = np.argsort(hashes, kind="stable")
    starts = np.flatnonzero(np.diff(hashes[order], prepend=~hashes[order[:1]]))
    sizes = np.diff(starts, append=len(order))
    several = (sizes > 1) & (sizes <= _COMMON)
    seen = Counter[tuple[int, int, Shift]]()
    for start, size in zip(starts[several].tolist(), sizes[several].tolist(), strict=True):
        for one, other in combinations(order[start : start + size].tolist(), 2):
            down, along = (places[one] - places[other]).tolist()
            seen[int(owner[one]), int(owner[other]), (down, along)] += 1
    found: dict[tuple[Path, Path], Shift] = {}
    for (one, other, shift), count in seen.most_common():
        if count >= _ALIKE and shift != (0, 0):  # at the same place they are copies, or of one camera
            found.setdefault((paths[one], paths[other]), shift)
    return found


def _sharing(survey: Survey, shifts: dict[tuple[Path, Path], Shift]) -> list[Pair]:
    """Return the pairs whose pixels are equal where they lie over each other, with the shared part of the smaller."""
    asked = list(shifts.items())[:_COMPARED]
    found: list[Pair] = []
    for (one, other), shift in track(asked, "comparing pixels", len(asked)):
        try:
            part = _shared(survey.reader(one), survey.reader(other), shift)
        except UserError:  # which another check says
            continue
        if part >= _LEAST:
            found.append((part, one, other))
    return found


def _shared(one: UInt8, other: UInt8, shift: Shift) -> float:
    """Return how much of the smaller image lies over the other one and is equal; 0 where too few pixels are.

    Those alone count at which either shows something: pages of text have their white in common wherever one lies.
    """
    (ours, theirs), (left, right) = (
        _over(length, width, by) for length, width, by in zip(one.shape, other.shape, shift, strict=False)
    )
    both = one[ours, left], other[theirs, right]
    shown = _uneven(both[0]) | _uneven(both[1])
    if not shown.any() or (both[0] == both[1]).all(axis=2)[shown].mean() < _EQUAL:
        return 0.0
    smaller = min(image.shape[0] * image.shape[1] for image in (one, other))
    return float(both[0].shape[0] * both[0].shape[1] / smaller)


def _uneven(pixels: UInt8) -> Bool:
    """Return which pixels differ from the one to the right or the one below, [H, W]."""
    uneven = np.zeros(pixels.shape[:2], bool)
    uneven[:, :-1] |= (pixels[:, :-1] != pixels[:, 1:]).any(axis=2)
    uneven[:-1] |= (pixels[:-1] != pixels[1:]).any(axis=2)
    return uneven


def _over(length: int, width: int, by: int) -> tuple[slice, slice]:
    """Return where a line of pixels lies over another one that begins so many pixels later in it, of both."""
    start, end = max(by, 0), min(length, width + by)
    return slice(start, max(end, start)), slice(start - by, max(end, start) - by)


def _most(survey: Survey, pairs: Sequence[Pair]) -> str:
    """Return the pairs that share most, in words."""
    first = sorted(pairs, key=lambda pair: -pair[0])[:3]
    return "most: " + ", ".join(f"{survey.name(a)} ~ {survey.name(b)} {share(part, 0)}" for part, a, b in first)


def _paths(pairs: Sequence[Pair]) -> list[Path]:
    return [path for _, *both in sorted(pairs, key=lambda pair: -pair[0]) for path in both]
