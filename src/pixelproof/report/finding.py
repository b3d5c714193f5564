"""What a page shows of how the images of one class are found among all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float64
from pixelproof.evaluation.finding import GOALS, Finding, average_precision, findings, precision_recall, roc_auc
from pixelproof.evaluation.metrics import mean_defined
from pixelproof.evaluation.summary import looks_line
from pixelproof.numbers import count, interval, score, share, significant
from pixelproof.report.figures.precision_recall import precision_recall_chart
from pixelproof.report.pictures import Picture, svg_uri
from pixelproof.runs import ClassificationScores

DRAWN = 8
"""Classes up to which their curves are drawn and each goal has a row."""
GOAL = 0.9


@dataclass(frozen=True)
class ClassRow:
    """One class, and one part of its images that is to be found."""

    name: str
    n: str
    precision: str
    auc: str
    goal: str
    probability: str
    share: str
    right: str
    interval: str


@dataclass(frozen=True)
class FindingTable:
    """How the images of each class are found."""

    picture: Picture | None
    mean: str
    looks: str
    rows: list[ClassRow]


def finding_table(model: str, scores: ClassificationScores) -> FindingTable | None:
    """Return how the images of each class are found; None where probabilities are unknown."""
    if scores.probabilities is None:
        return None
    precision, auc = average_precision(scores), roc_auc(scores)
    few = len(precision) <= DRAWN
    rows = [
        _row(scores, index, float(precision[index]), float(auc[index]), found)
        for index in range(len(precision))
        for found in findings(scores, index, GOALS if few else (GOAL,))
    ]
    mean = score(float(mean_defined(precision)), 3)
    return FindingTable(_picture(model, scores) if few else None, mean, looks_line(scores), rows)


def _row(scores: ClassificationScores, index: int, precision: float, auc: float, found: Finding) -> ClassRow:
    return ClassRow(
        name=scores.scheme.names[index],
        n=count(int((scores.truth == index).sum())),
        precision=score(precision, 3),
        auc=score(auc, 3),
        goal=share(found.goal, 0),
        probability=significant(found.probability),
        share=share(found.share),
        right=share(found.precision),
        interval=interval(found.low, found.high),
    )


def _picture(model: str, scores: ClassificationScores) -> Picture:
    curves = {scores.scheme.names[index]: _curve(scores, index) for index in np.unique(scores.truth)}
    caption = f"Precision over recall of each class, {model}. n = {count(len(scores.ids))} validation images."
    return Picture(svg_uri(precision_recall_chart(curves)), f"Precision-recall curves of {model}", caption)


def _curve(scores: ClassificationScores, index: int) -> tuple[Float64, Float64]:
    assert scores.probabilities is not None
    return precision_recall(scores.probabilities[:, index].astype(np.float64), scores.truth == index)
