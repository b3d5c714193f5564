"""What a page shows of how the images of one class are found among all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float64
from pixelproof.evaluation.areas import average_precision, roc_auc
from pixelproof.evaluation.finding import GOALS, Finding, findings, precision_recall, reached
from pixelproof.evaluation.intervals import area_intervals
from pixelproof.evaluation.metrics import mean_defined
from pixelproof.evaluation.resampling import CERTAINTY
from pixelproof.evaluation.sentences import ONE_OF_EACH, looks_line
from pixelproof.evaluation.units import members_of
from pixelproof.numbers import between, count, counted, if_known, interval, score, share, significant
from pixelproof.report.class_table import Part
from pixelproof.report.figures.precision_recall import precision_recall_chart
from pixelproof.report.pictures import Picture, drawn
from pixelproof.runs import ClassificationScores

DRAWN = 8
"""Classes up to which their curves are drawn and each goal has a row."""
GOAL = 0.9


@dataclass(frozen=True)
class AreaRow:
    """How well one class is told from all others."""

    name: str
    n: str
    precision: Part
    auc: Part


@dataclass(frozen=True)
class GoalRow:
    """One class, and one part of its images that is to be found."""

    name: str
    goal: str
    certainty: str
    probability: str
    share: str
    right: Part
    others: str


@dataclass(frozen=True)
class FindingTable:
    """How the images of each class are found."""

    picture: Picture | None
    mean: str
    looks: str
    areas: list[AreaRow]
    goals: list[GoalRow]
    grouped: str
    """That groups count for what is promised; empty where each image stands for itself."""


def finding_table(model: str, scores: ClassificationScores) -> FindingTable | None:
    """Return how the images of each class are found; None where probabilities are unknown."""
    if scores.probabilities is None:
        return None
    precision, few = average_precision(scores), len(scores.scheme.classes) <= DRAWN
    goals = [
        _goal(scores.scheme.names[index], sure, here)
        for index in range(len(precision))
        for sure, here in _both(scores, index, GOALS if few else (GOAL,))
    ]
    mean = score(float(mean_defined(precision)), 3)
    picture = _picture(model, scores) if few else None
    grouped = "" if scores.groups is None else ONE_OF_EACH
    return FindingTable(picture, mean, looks_line(scores), _areas(scores, precision), goals, grouped)


def _areas(scores: ClassificationScores, precision: Float64) -> list[AreaRow]:
    ends = area_intervals(scores, members_of(scores))
    values = precision, roc_auc(scores)
    parts = [
        [
            Part(score(value, 3), if_known(between(low, high, 3)))
            for value, low, high in zip(each.tolist(), *within.tolist(), strict=True)
        ]
        for each, within in zip(values, ends.values(), strict=True)
    ]
    counts = np.bincount(scores.truth, minlength=len(precision)).tolist()
    return [AreaRow(*row) for row in zip(scores.scheme.names, map(count, counts), *parts, strict=True)]


def _both(scores: ClassificationScores, index: int, goals: Sequence[float]) -> Iterator[tuple[Finding, Finding]]:
    """Yield what finds each part of a class with certainty, and what does on these images."""
    return zip(findings(scores, index, goals), reached(scores, index, goals), strict=True)


def _goal(name: str, sure: Finding, here: Finding) -> GoalRow:
    return GoalRow(
        name=name,
        goal=share(here.goal, 0),
        certainty="none" if math.isnan(sure.probability) else share(CERTAINTY, 0),
        probability=significant(here.probability),
        share=share(here.share),
        right=Part(share(here.precision), if_known(interval(here.low, here.high))),
        others=share(here.others),
    )


def _picture(model: str, scores: ClassificationScores) -> Picture:
    curves = {scores.scheme.names[index]: _curve(scores, index) for index in np.unique(scores.truth)}
    caption = f"Precision over recall of each class, {model}. n = {counted(len(scores.ids), 'validation image')}."
    words = (model, "precision-recall")
    return drawn(precision_recall_chart(curves), words, f"Precision-recall curves of {model}", caption)


def _curve(scores: ClassificationScores, index: int) -> tuple[Float64, Float64]:
    assert scores.probabilities is not None
    return precision_recall(scores.probabilities[:, index].astype(np.float64), scores.truth == index)
