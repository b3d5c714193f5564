"""Checks of several folders that are one data set: what one of them alone has, so that it tells what it should not."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np

from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.doctor.tally import Reading, Tally
from pixelproof.data.folder import Sample
from pixelproof.data.layouts import class_index
from pixelproof.data.layouts.united import SAID, folder_of
from pixelproof.numbers import counted, first_of

_ENOUGH = 5
"""Images of a class from which on it is warned of."""
_UNLIKELY = 0.05
"""Where a folder has so few images that it may as well lack a class by chance, it tells a model nothing of that."""


def told_by_folder(reading: Reading) -> Iterator[Finding]:
    """Classes that are learned from the images of one folder alone, while other folders are learned from, too."""
    learned = reading.survey.found.splits.get("train", [])
    folders = list(dict.fromkeys(map(folder_of, learned)))
    if len(reading.survey.found.folders) < 2 or len(folders) < 2:
        return
    words, paths = [], list[Path]()
    for name, samples in _by_class(reading, learned).items():
        holders = {*map(folder_of, samples)}
        if len(holders) == 1 and len(samples) >= _ENOUGH and _by_chance(len(samples), holders, learned) < _UNLIKELY:
            words.append(f"all {counted(len(samples), 'image')} with {name} are of {holders.pop()}")
            paths += [sample.image for sample in samples]
    if words:
        message = (
            f"{first_of(words, SAID)}, and train has images of {first_of(folders, SAID)}: a model may tell a class "
            "so by what is peculiar to its folder, such as camera, place or season, and not by what it is"
        )
        fix = "add images of it to other folders, or score on a folder apart, by 'split: test' in folders.yaml"
        yield reading.survey.finding("class-by-folder", "warning", paths, message, fix)


def _by_chance(count: int, holders: Collection[str], learned: Sequence[Sample]) -> float:
    """Return how probable it is that none of so many images is of another folder, were they any images of train."""
    own = sum(folder_of(sample) in holders for sample in learned)
    return math.prod((own - n) / (len(learned) - n) for n in range(count))


def _by_class(reading: Reading, samples: Sequence[Sample]) -> dict[str, list[Sample]]:
    """Return the samples that are of each class, or whose masks hold it."""
    scheme, found = reading.scheme, reading.survey.found
    index = class_index(scheme, found.class_of.values())
    by_class: dict[str, list[Sample]] = {name: [] for name in scheme.names}
    for sample in samples:
        if sample.mask is None:
            held = [index[called]] if (called := found.class_of[sample.image]) in index else []
        else:
            pixels = reading.masks.get(sample.mask, Tally()).pixels[: len(scheme.classes)]
            held = np.flatnonzero((pixels > 0) & scheme.scored).tolist()
        for place in held:
            by_class[scheme.names[place]].append(sample)
    return by_class


def folders_not_scored(survey: Survey) -> Iterator[Finding]:
    """Folders that are learned from and of which validation has no image."""
    splits = survey.found.splits
    if len(survey.found.folders) < 2 or "validation" not in splits:
        return
    learned, scored = ({*map(folder_of, splits.get(split, []))} for split in ("train", "validation"))
    if missing := sorted(learned - scored):
        message = f"validation has no images of {first_of(missing, SAID)}: no score says how good a model is there"
        fix = "give the folder a split 'validation'; where no folder brings one, a part of all is set aside"
        yield Finding("folder-not-scored", "note", (), len(missing), message, fix)


def groups_of_one_name(survey: Survey) -> Iterator[Finding]:
    """Groups that are called alike in several folders, and are taken for different ones."""
    named: dict[str, set[str]] = defaultdict(set)
    for sample in survey.samples if len(survey.found.folders) > 1 else []:
        folder = f"{folder_of(sample)}/"
        if sample.group and sample.group.startswith(folder):
            named[sample.group.removeprefix(folder)].add(folder)
    if both := sorted(name for name, folders in named.items() if len(folders) > 1):
        message = (
            f"{counted(len(both), 'group')} of the same name in several folders ({first_of(both, SAID)}): they are "
            "taken for different ones, so that one in train and the other in validation would go unseen"
        )
        fix = "write 'same_groups: true' into folders.yaml if they are the same; nothing, if each folder counts anew"
        yield Finding("groups-of-one-name", "note", (), len(both), message, fix)
