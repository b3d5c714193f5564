"""Images that show the same ground: on both sides of a score, or in a train that will be divided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.places import Footprint
from pixelproof.data.doctor.scenes import scenes_that_keep
from pixelproof.data.doctor.survey import Survey
from pixelproof.errors import UserError
from pixelproof.numbers import counted, share
from pixelproof.runs.diagnosis_file import Severity
from pixelproof.runs.learned import MANY

if TYPE_CHECKING:
    from pixelproof.data.doctor.ground import Overlaps

Places = dict[Footprint, list[Path]]
"""Images by the ground they show."""
Search = Callable[[Sequence[Footprint], Sequence[Footprint] | None], "Overlaps"]
_SPLITS = ("train", "validation", "test")
_COPIES = 10  # images at one place that may have been given the place of the scene they were cut from


class Shared(NamedTuple):
    """What images share with others.

    Attributes:
        images: How many of them overlap others.
        ground: How much of their ground the others show, of the mean image.
        pairs: Share of the smaller one's area, and the two images.
    """

    images: int
    ground: float
    pairs: list[tuple[float, Path, Path]]


def overlaps(survey: Survey) -> Iterator[Finding]:
    """Images of different splits, or of a train of which a part gives the score, that overlap on the ground."""
    placed = [path for path, look in survey.images.items() if look.place is not None]
    if not placed:
        return
    try:
        from pixelproof.data.doctor.ground import overlaps as search
    except UserError as missing:
        message = f"{counted(len(placed), 'image')} tell where they lie; whether they overlap there is not known, as "
        yield survey.finding("overlap-unknown", "note", placed, message + missing.problem, missing.remedy)
        return
    places = {split: _places(survey, split) for split in _SPLITS if split in survey.found.splits}
    if copied := _most_at_one_place(places):
        yield _copied(survey, copied)
        return
    yield from _across_splits(survey, places, search)
    if survey.carved:
        yield from _in_train(survey, places["train"], search)


def _across_splits(survey: Survey, places: Mapping[str, Places], search: Search) -> Iterator[Finding]:
    pairs, said, worst = [], [], 0.0
    for other, split in combinations(places, 2):
        shared = _shared(places[split], places[other], search)
        if shared.images:
            part = f"{shared.images:,} of {counted(_images(places[split]), 'image')} of {split}"
            said.append(f"{part} show ground of {other}, {share(shared.ground)} of all that {split} shows")
            pairs += shared.pairs
            worst = max(worst, shared.ground)
    if pairs:
        message = (
            f"{'; '.join(said)}{_most(survey, pairs)}: the score rewards learning places by heart, whatever the date"
        )
        fix = "split by place, so that images that overlap are on one side"
        if (groups := scenes_that_keep(survey, survey.samples, pairs)) is not None:
            fix = f"{fix}; or put all images into train, and train with {groups}"
        severity: Severity = "error" if worst > MANY else "warning"
        yield survey.finding("overlap-across-splits", severity, _paths(pairs), message, fix)


def _in_train(survey: Survey, places: Places, search: Search) -> Iterator[Finding]:
    shared = _shared(places, None, search)
    if shared.images:
        message = (
            f"{shared.images:,} of {counted(_images(places), 'image')} of train overlap others on the ground, "
            f"{share(shared.ground)} of all that they show{_most(survey, shared.pairs)}: without a validation split, "
            "they are spread over train and the part set aside, whose score rewards learning places by heart"
        )
        fix = "add a folder 'validation' with images of other places"
        groups = scenes_that_keep(survey, survey.found.splits["train"], shared.pairs)
        fix = f"{fix}; no part of the names keeps them together" if groups is None else f"train with {groups}; or {fix}"
        yield survey.finding("overlap-in-train", "warning", _paths(shared.pairs), message, fix)


def _shared(places: Places, others: Places | None, search: Search) -> Shared:
    """Return what images share with others, or with each other."""
    found = search(list(places), None if others is None else list(others))
    own, covered = list(places.values()), found.covered.tolist()
    pairs: list[tuple[float, Path, Path]] = []
    if others is None:
        pairs = [(1.0, group[0], twin) for group in own for twin in group[1:]]
        covered = [1.0 if len(group) > 1 else part for group, part in zip(own, covered, strict=True)]
    theirs = own if others is None else list(others.values())
    each = found.pairs if others is not None else np.sort(found.pairs, axis=1)  # which may hold a pair both ways
    for (one, other), part in dict(zip(map(tuple, each.tolist()), found.shares.tolist(), strict=True)).items():
        pairs += [(part, path, theirs[other][0]) for path in own[one]]
    images = sum(len(group) for group, part in zip(own, covered, strict=True) if part)
    ground = sum(len(group) * part for group, part in zip(own, covered, strict=True))
    return Shared(images, ground / max(_images(places), 1), pairs)


def _places(survey: Survey, split: str) -> Places:
    places: Places = defaultdict(list)
    for sample in survey.found.splits[split]:
        look = survey.images.get(sample.image)
        if look is not None and look.place is not None:
            places[look.place].append(sample.image)
    return places


def _images(places: Places) -> int:
    return sum(map(len, places.values()))


def _most_at_one_place(places: Mapping[str, Places]) -> list[Path]:
    """Return the images of one place, if they are more than half of all."""
    at: Places = defaultdict(list)
    for own in places.values():
        for place, paths in own.items():
            at[place] += paths
    most = max(at.values(), key=len, default=[])
    return most if len(most) >= _COPIES and len(most) > _images(at) / 2 else []


def _copied(survey: Survey, paths: list[Path]) -> Finding:
    message = (
        f"{counted(len(paths), 'image')} claim the very same place on the ground ({survey.names(paths)}): where they "
        "were cut from one scene, they were given its place instead of their own, and no overlap can be told; where it "
        "is true, a score on some of them rewards learning the place by heart"
    )
    return survey.finding("same-place", "warning", paths, message, "give each its own transform, or split by place")


def _most(survey: Survey, pairs: list[tuple[float, Path, Path]]) -> str:
    """Return the pairs of different images that share most, and how many images were left out, in brackets."""
    best = {a: (b, part) for part, a, b in sorted(pairs, key=lambda pair: pair[0])}
    first = sorted(best.items(), key=lambda item: -item[1][1])[:3]
    shown = ", ".join(f"{survey.name(a)} ~ {survey.name(b)} {share(part, 0)}" for a, (b, part) in first)
    lost = sum(look.place is None for look in survey.images.values())
    return f" (most: {shown}" + (f"; {counted(lost, 'image')} without a place left out)" if lost else ")")


def _paths(pairs: list[tuple[float, Path, Path]]) -> list[Path]:
    return [path for _, *both in sorted(pairs, key=lambda pair: -pair[0]) for path in both]
