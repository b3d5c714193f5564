"""One answer for each group of images, such as a patient's: the class with the highest mean of their probabilities.

The mean is what an ensemble says of an image, and a network of several looks at it: each probability counts as much,
none decides alone, and what adds up to 1 still does. That the images are alike does not matter to it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np

from pixelproof.array_types import Int64
from pixelproof.errors import UserError
from pixelproof.evaluation.merge_classes import as_one
from pixelproof.evaluation.outcomes import answered_anew
from pixelproof.evaluation.resampling import by_unit
from pixelproof.evaluation.units import members_of
from pixelproof.labels.thresholds import with_highest
from pixelproof.runs import ClassificationScores, Scores
from pixelproof.runs.scores import Names

GROUP = "group"
"""``Source.unit`` of what this makes."""


def scores_per_group(scores: Scores, any_of: str | None = None) -> ClassificationScores:
    """Return scores with one row for each group, called as it is, its truth the class of all its images.

    Args:
        scores: The scores.
        any_of: A class, or several as one such as ``scratch+dent``: a group is of it if any of its images is, and as
            likely as the likeliest of them. So a threshold that any image must reach is told as one of groups.

    Raises:
        UserError: The scores are a segmenter's, know no groups or no probabilities, there is no such class, or images
            of a group have different truths.
    """
    scores, index = _with_groups(scores), None
    if any_of is not None:
        scores, index = as_one(scores, any_of)
    members = members_of(scores)
    assert members is not None
    assert scores.probabilities is not None
    groups, truth = _truths(scores, members, index)
    mean = by_unit(scores.probabilities, members) / np.bincount(members)[:, None]
    if index is not None:
        highest = np.zeros(len(mean))
        np.maximum.at(highest, members, scores.probabilities[:, index].astype(np.float64))
        mean = with_highest(mean, highest, index)
    name = f"{scores.source.name} per group".lstrip()
    source = replace(scores.source, name=name, unit=GROUP, members=_who_is_where(scores))
    rows = answered_anew(replace(scores, source=source), mean, truth)
    return replace(rows, ids=tuple(groups.tolist()), groups=None)


def _who_is_where(scores: ClassificationScores) -> str:
    """Return a digest of the images of each group, whatever their order."""
    assert scores.groups is not None
    pairs = sorted(zip(scores.groups.tolist(), scores.ids, strict=True))
    return hashlib.sha256(json.dumps(pairs).encode()).hexdigest()[:16]


def _with_groups(scores: Scores) -> ClassificationScores:
    """Return scores that know groups and probabilities; refuse others."""
    name = scores.source.name
    if not isinstance(scores, ClassificationScores):
        raise UserError(f"--per-group is for classifiers, and the scores of {name} are of masks", "leave it out")
    if scores.source.unit == GROUP:
        raise UserError(f"the scores of {name} have one row for each group already", "leave --per-group out")
    if scores.groups is None:
        remedy = "name them in groups.csv beside the images, or by train --set groups=..., and evaluate or score again"
        raise UserError(f"the scores of {name} know no groups of images, which --per-group asks for", remedy)
    if scores.probabilities is None:
        problem = f"the scores of {name} hold no probabilities, whose mean --per-group asks for"
        remedy = "evaluate the run again (tables of labels and older files have none; of folds give each one's file)"
        raise UserError(problem, remedy)
    return scores


def _truths(scores: ClassificationScores, members: Int64, index: int | None) -> tuple[Names, Int64]:
    """Return the names of the groups, str [G], and the class of each, int64 [G]; ``index`` where any image has it."""
    assert scores.groups is not None
    names, first = np.unique(scores.groups, return_index=True)
    truth: Int64 = scores.truth[first]
    if index is not None:
        truth[members[scores.truth == index]] = index
    if (other := (scores.truth != truth[members]) & (truth[members] != index)).any():
        image = int(other.argmax())
        group, classes = members[image], scores.scheme.names
        both = f"'{classes[truth[group]]}' and '{classes[scores.truth[image]]}'"
        problem = f"group '{names[group]}' of the scores of {scores.source.name} has images of {both}"
        raise UserError(problem, "correct their labels or the groups, or leave --per-group out")
    return names, truth
