"""Which image of a data set a prediction is of, whatever the tool that made it calls its files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from pixelproof.data import Parts, Sample
from pixelproof.data.folder import LeftOut
from pixelproof.errors import UserError
from pixelproof.runs.scores import Names

Samples = dict[str, Sample]


def match(splits: Parts, place: Callable[[Sample], str], names: Collection[str], truth: Path) -> Samples:
    """Return the samples that ``names`` are of, by these names: those of one split, or all.

    Args:
        splits: The samples of a data set.
        place: Gives a sample's path in the data set, as a tool would write it.
        names: What the tool calls the images: sample ids, such paths, or their ends.
        truth: The data set, for the message.

    Raises:
        UserError: Several splits hold all of ``names``.
    """
    groups = [*splits.values(), [sample for samples in splits.values() for sample in samples]]
    tables = [table for samples in groups for table in _by_every_name(samples, place)]

    def fit(table: Samples) -> tuple[int, int]:
        return len(set(names) & set(table)), -len(table)

    best = max(tables, key=fit)
    rivals = [table for table in tables if fit(table) == fit(best) and _meaning(table) != _meaning(best)]
    if rivals and set(names) <= set(best):
        raise UserError(f"what was predicted may be any of several splits of {truth}", "give the folder of one split")
    return best


def without(samples: Samples, left_out: Iterable[LeftOut]) -> tuple[Samples, set[str]]:
    """Return the samples that are not left out of a data set, and the names of those that are."""
    gone = {each.file for each in left_out}
    names = {name for name, sample in samples.items() if sample.image in gone}
    return {name: sample for name, sample in samples.items() if name not in names}, names


def ids_of(samples: Samples) -> dict[str, str]:
    """Return the sample ids by the names that were matched, or these names where ids repeat between splits."""
    ids = {name: sample.id for name, sample in samples.items()}
    return ids if len(set(ids.values())) == len(ids) else {name: name for name in ids}


def scenes_by(samples: Mapping[str, Sample], names: Sequence[str]) -> Names | None:
    """Return the group of each image, str [N], as a data set's tables say; None where they say none."""
    if not any(sample.group for sample in samples.values()):
        return None
    return np.array([samples[name].scene for name in names])


def require_same_images(predictions: Path, predicted: set[str], truth: Path, true: set[str]) -> None:
    """Refuse predictions and a truth of different images, each given by the names of its images.

    Raises:
        UserError: One side has an image that the other lacks.
    """
    for here, there, have, miss in ((predictions, truth, predicted, true), (truth, predictions, true, predicted)):
        if missing := sorted(miss - have):
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise UserError(f"{here} has nothing for '{missing[0]}'{more} of {there}", "score the same images")


def _by_every_name(samples: Sequence[Sample], place: Callable[[Sample], str]) -> list[Samples]:
    """Return samples by id, by place in the data set, and by the ends of these, where they do not repeat."""
    parts = [place(sample).split("/") for sample in samples]
    ends = [["/".join(p[skip:]) for p in parts] for skip in range(min(map(len, parts), default=0))]
    namings: list[list[str]] = [[sample.id for sample in samples], *ends]
    tables = [dict(zip(names, samples, strict=True)) for names in namings]
    return [table for table in tables if len(table) == len(samples)]


def _meaning(table: Samples) -> dict[str, tuple[str, int | None, Path | None]]:
    return {name: (sample.id, sample.label, sample.mask) for name, sample in table.items()}
