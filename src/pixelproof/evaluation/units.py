"""What of a score file is independent: its images, or the groups, as of one patient, that they are of."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from pixelproof.array_types import Bool, Int64
from pixelproof.randomness import derive
from pixelproof.runs import ClassificationScores, Scores


def members_of(scores: Scores) -> Int64 | None:
    """Return the group of each image, int64 [N], 0 to G-1; None where every image stands for itself."""
    return None if scores.groups is None else np.unique(scores.groups, return_inverse=True)[1].astype(np.int64)


def noun_of(scores: Scores) -> str:
    """Return what a row of the scores is about, "image" or "group"."""
    return scores.source.unit or "image"


def one_of_each(scores: ClassificationScores) -> ClassificationScores:
    """Return the scores of one image of each group, which are independent; of all where each stands for itself.

    Which one is chosen by the images' names, so that it has nothing to do with what was answered.
    """
    if scores.groups is None:
        return scores
    first: dict[str, int] = {}
    for place in sorted(range(len(scores.ids)), key=lambda n: derive(0, "one of a group", scores.ids[n])):
        first.setdefault(str(scores.groups[place]), place)
    return subset(scores, np.array(sorted(first.values()), np.int64))


def subset(scores: ClassificationScores, chosen: Bool | Int64) -> ClassificationScores:
    """Return the scores of some of the images, by their places, int64 [n], or bool [N]."""
    values = {f.name: getattr(scores, f.name) for f in fields(scores)}
    kept: dict[str, Any] = {name: value[chosen] for name, value in values.items() if isinstance(value, np.ndarray)}
    return replace(scores, **kept, ids=tuple(np.array(scores.ids, dtype=np.str_)[chosen].tolist()))


def units_of(counted: Bool, members: Int64 | None) -> int:
    """Return how many groups have an image that is counted, bool [N]; how many images where each stands for itself."""
    return int(counted.sum()) if members is None else len(np.unique(members[counted]))
