"""What a page shows of each class of a classifier: how much of it is found, and how much of what is called so is it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float64
from pixelproof.evaluation.intervals import share_intervals
from pixelproof.evaluation.metrics import f1_of_counts, image_counts, precision_of_counts, recall_of_counts
from pixelproof.evaluation.units import members_of
from pixelproof.numbers import count, counted, first_of, if_known, interval, score, share
from pixelproof.report.figures.confusion import numbered
from pixelproof.runs import ClassificationScores

FEW = 20
"""Classes up to which the table is open at once."""
UNEVEN = 2
"""How many times the images of the smallest class the largest one has where classes are called unbalanced."""
NAMED = 3


@dataclass(frozen=True)
class Part:
    """A figure with its interval, which may be empty."""

    text: str
    interval: str


@dataclass(frozen=True)
class ClassLine:
    """One class; ``n`` images are of it, and ``called`` are said to be."""

    name: str
    n: str
    recall: Part
    called: str
    precision: Part
    f1: str


@dataclass(frozen=True)
class ClassTable:
    """Every class, in the order of the labels."""

    lines: list[ClassLine]
    few: bool


def class_table(scores: ClassificationScores) -> ClassTable:
    """Return the table of the classes of a classifier."""
    counts, ends = image_counts(scores), share_intervals(scores, members_of(scores))
    recall = _parts(recall_of_counts(counts), ends["recall"])
    precision = _parts(precision_of_counts(counts), ends["precision"])
    _, images, called = counts.tolist()
    lines = [
        ClassLine(
            name=numbered(scores.scheme, index),
            n=count(images[index]),
            recall=recall[index],
            called=count(called[index]),
            precision=precision[index],
            f1=score(f1, 3),
        )
        for index, f1 in enumerate(f1_of_counts(counts).tolist())
    ]
    return ClassTable(lines, len(lines) <= FEW)


def _parts(values: Float64, ends: Float64) -> list[Part]:
    return [
        Part(share(value), if_known(interval(*pair)))
        for value, pair in zip(values.tolist(), ends.T.tolist(), strict=True)
    ]


def weakest(scores: ClassificationScores) -> str:
    """Return which class is found least, where classes are unbalanced or one is not found at all; else nothing."""
    hits, images, _ = image_counts(scores)
    names, shown = scores.scheme.names, np.flatnonzero(images)
    if unfound := [names[index] for index in shown if hits[index] == 0]:
        return f"It finds no image of {first_of(unfound, NAMED)} (recall 0%)."
    least, most = int(images[shown].min()), int(images[shown].max())
    if most < UNEVEN * least:
        return ""
    low = int(shown[np.argmin(hits[shown] / images[shown])])
    found = f"{share(hits[low] / images[low])}, {count(int(hits[low]))} of {counted(int(images[low]), 'image')}"
    return f"Classes have {count(least)} to {count(most)} images; the lowest recall is that of {names[low]}: {found}."
