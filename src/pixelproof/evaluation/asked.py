"""What is asked of a classifier's thresholds beside its figures, and the answers as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pixelproof.evaluation.cost import Cost, Costs, costs
from pixelproof.evaluation.finding import Found, find
from pixelproof.evaluation.summary import defined
from pixelproof.evaluation.threshold import Looked, looked
from pixelproof.labels import LabelScheme
from pixelproof.labels.thresholds import Asked, Threshold, read_costs, read_goals, read_thresholds
from pixelproof.runs import Scores


@dataclass(frozen=True)
class Questions:
    """What is asked, as pairs of a class, or several as one, and a number."""

    thresholds: Sequence[Threshold] = ()
    goals: Sequence[Asked] = ()
    costs: Sequence[Asked] = ()


@dataclass(frozen=True)
class Answers:
    """What is answered, in the same order."""

    looked: Sequence[Looked] = ()
    found: Sequence[Found] = ()
    costs: Sequence[Costs] = ()


NO_ANSWERS = Answers()


def read_questions(
    scheme: LabelScheme, threshold: Sequence[str] | None, find: Sequence[str] | None, cost: Sequence[str] | None
) -> Questions:
    """Return what options ask; errors are those of ``read_thresholds``."""
    return Questions(
        read_thresholds(threshold or (), scheme), read_goals(find or (), scheme), read_costs(cost or (), scheme)
    )


def answer(scores: Scores, questions: Questions) -> Answers:
    """Return the answers.

    Raises:
        UserError: The scores cannot answer: see ``looked``, ``find`` and ``costs``.
    """
    return Answers(
        [looked(scores, *threshold) for threshold in questions.thresholds],
        [find(scores, *goal) for goal in questions.goals],
        [costs(scores, *cost, questions.thresholds) for cost in questions.costs],
    )


def plain_answers(answers: Answers) -> dict[str, Any]:
    """Return what was asked for as plain data, and nothing of the rest."""
    all_of_them = {
        "thresholds": [plain_looked(each) for each in answers.looked],
        "find": [_plain_found(each) for each in answers.found],
        "costs": [_plain_costs(each) for each in answers.costs],
    }
    return {name: found for name, found in all_of_them.items() if found}


def plain_looked(found: Looked) -> dict[str, Any]:
    """Return what looking at all images from a threshold on finds as plain data."""
    shares = {
        name: {
            "images": part.hits,
            "of": part.of,
            "value": defined(part.value),
            "low": defined(part.low),
            "high": defined(part.high),
        }
        for name, part in found.shares.items()
    }
    return {"class": found.name, "probability": found.probability} | shares


def _plain_found(found: Found) -> dict[str, Any]:
    facts = {name: value for name, value in vars(found).items() if name != "looked"}
    return facts | plain_looked(found.looked)


def _plain_costs(found: Costs) -> dict[str, Any]:
    return {
        "class": found.name,
        "times": found.times,
        "least": plain_cost(found.least),
        "all": plain_cost(found.every),
        "none": plain_cost(found.none),
        "thresholds": [plain_cost(each) for each in found.tested],
    }


def plain_cost(found: Cost) -> dict[str, Any]:
    """Return what looking from a probability on costs as plain data."""
    return {name: defined(value) if isinstance(value, float) else value for name, value in vars(found).items()}
