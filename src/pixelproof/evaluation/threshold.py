"""What looking at all images from a probability of a class on finds: the test of a threshold on other images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Bool, Int64
from pixelproof.errors import UserError
from pixelproof.evaluation.intervals import share_interval
from pixelproof.evaluation.merge_classes import as_one
from pixelproof.evaluation.metrics import ratio
from pixelproof.evaluation.selective import learned_from
from pixelproof.evaluation.units import members_of
from pixelproof.labels.thresholds import reached
from pixelproof.runs import ClassificationScores, Scores


@dataclass(frozen=True)
class Share:
    """``hits`` of ``of`` images, and the ends of the 95% interval of that share; NaN where it is undefined."""

    hits: int
    of: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Looked:
    """What is found by looking at all images with at least a probability of a class.

    Attributes:
        name: The class, or several as one, such as ``scratch+dent``.
        probability: From where on.
        shares: ``sensitivity``, also called recall, of the class's images those looked at; ``specificity``, of all
            other images those not looked at, and ``others_looked_at`` those looked at, which are false alarms;
            ``precision``, of the images looked at those of the class; ``looked_at``, of all images those looked at.
    """

    name: str
    probability: float
    shares: dict[str, Share]


def looked(scores: Scores, name: str, probability: float) -> Looked:
    """Return what looking at all images with at least this probability of a class, or several as one, finds.

    Raises:
        UserError: The scores hold no probabilities, or there is no such class.
    """
    scores, index = told(scores, name)
    assert scores.probabilities is not None
    members, own = members_of(scores), scores.truth == index
    chosen = reached(scores.probabilities[:, index], probability)
    shares = {
        "sensitivity": _share(chosen, own, members),
        "specificity": _share(~chosen, ~own, members),
        "others_looked_at": _share(chosen, ~own, members),
        "precision": _share(own, chosen, members),
        "looked_at": _share(chosen, np.ones_like(own), members),
    }
    return Looked(name, probability, shares)


def told(scores: Scores, name: str) -> tuple[ClassificationScores, int]:
    """Return scores in which a class, or several as one, has a probability, and its place in them.

    Raises:
        UserError: The scores hold no probabilities, or there is no such class.
    """
    if not isinstance(scores, ClassificationScores) or scores.probabilities is None:
        problem = f"the scores of {scores.source.name} hold no probabilities, which thresholds are of"
        raise UserError(problem, "evaluate the run again (tables of labels and older files have none)")
    return as_one(scores, name)


def choosable(scores: Scores, name: str) -> tuple[ClassificationScores, int]:
    """Return the same of scores by which a threshold of the class can be chosen.

    Raises:
        UserError: As of ``told``; or the model has learned from any of the images; or none is of the class.
    """
    scores, index = told(scores, name)
    if learned_from(scores):
        problem = (
            f"{scores.source.name} has learned from some of these images, or was chosen by some: it finds too many"
        )
        raise UserError(problem, "choose a threshold on others, such as the split validation, without copies")
    if not (scores.truth == index).any():
        problem = f"no image in the scores of {scores.source.name} is of '{name}', so that no threshold can be chosen"
        raise UserError(problem, "score images of it")
    return scores, index


def _share(hit: Bool, counted: Bool, members: Int64 | None) -> Share:
    """Return the share of the images counted, bool [N], that are hit, bool [N]."""
    right, total = int((hit & counted).sum()), int(counted.sum())
    low, high = share_interval(hit[counted], None if members is None else members[counted])
    return Share(right, total, float(ratio(right, total)), float(low), float(high))
