"""What the page shows of a segmentation part beside its tables: IoU by class as dots, and confusions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pixelproof.evaluation import confusion_matrix, iou
from pixelproof.evaluation.mask_baseline import mask_baseline_lines
from pixelproof.labels import LabelScheme, class_colors
from pixelproof.labels.palettes import hex_color
from pixelproof.numbers import score
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.figures.confusion import Matrix, matrix
from pixelproof.report.figures.style import series, turn
from pixelproof.report.key_results import no_better, segmenters


@dataclass(frozen=True)
class Dot:
    """One model's IoU of a class on the chart; ``place`` is in percent of the axis, ``shape`` 0 to 3."""

    place: float
    color: str
    shape: int
    title: str


@dataclass(frozen=True)
class DotRow:
    """One class of the chart."""

    name: str
    dots: list[Dot]
    low: float
    high: float


def class_key(scheme: LabelScheme) -> list[tuple[str, str]]:
    """Return (name, colour) of every class."""
    return [(name, hex_color(rgb)) for name, rgb in zip(scheme.names, class_colors(scheme).tolist(), strict=False)]


def chart(part: PartArtefacts) -> list[DotRow]:
    """Return IoU by class with one dot a model, unknown counted."""
    compared = [(model.name, part.place(model), iou(scores, "unknown_counted")) for model, scores in segmenters(part)]
    if part.scheme is None or not compared:
        return []
    rows = []
    for index in np.flatnonzero(part.scheme.scored).tolist():
        dots = [
            Dot(100 * values[index], series(place)[0], turn(place), f"{name}: {score(values[index])}")
            for name, place, values in compared
            if not math.isnan(values[index])
        ]
        places = [dot.place for dot in dots] or [0.0]
        rows.append(DotRow(part.scheme.names[index], dots, min(places), max(places)))
    return rows


def legend(part: PartArtefacts) -> list[tuple[str, str, int]]:
    """Return (model, colour, shape) of every scored model."""
    places = [(model.name, part.place(model)) for model, _ in segmenters(part)]
    return [(name, series(place)[0], turn(place)) for name, place in places]


def matrices(part: PartArtefacts) -> list[tuple[str, Matrix]]:
    """Return (model, confusion matrix of pixels) of every scored model."""
    return [(model.name, matrix(confusion_matrix(s), s.scheme, "pixels")) for model, s in segmenters(part)]


def beside_one_answer(part: PartArtefacts) -> list[str]:
    """Return what always answering the most frequent class would reach, and what better models never answer."""
    said = list[str]()
    for model, scores in segmenters(part):
        first, *rest = mask_baseline_lines(scores) or [""]
        said += [first] if first and not said else []
        said += [f"{model.name}: {' '.join(rest)}"] if rest and not no_better(scores) else []
    return said
