"""What the page shows of a segmentation part: figures by class. The masks are in ``gallery.py``."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Bool
from pixelproof.evaluation import (
    PROTOCOLS,
    confusion_matrix,
    frequency_weighted_iou,
    iou,
    mean_iou,
    pixel_accuracy,
)
from pixelproof.evaluation.metrics import Protocol
from pixelproof.labels import LabelScheme, class_colors
from pixelproof.labels.palettes import hex_color
from pixelproof.numbers import count, score, share, signed
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.figures.confusion import Matrix, matrix
from pixelproof.report.figures.style import series, turn
from pixelproof.report.key_results import enumerated, segmenters
from pixelproof.runs import SegmentationScores

TITLES: dict[Protocol, str] = {
    "unknown_counted": "Unknown counted",
    "unknown_ignored": "Unknown ignored",
}


@dataclass(frozen=True)
class Value:
    """One number of a table; ``change`` is "better", "worse" or empty."""

    text: str
    change: str = ""


@dataclass(frozen=True)
class Line:
    """One row of a table: a class, or a figure over all of them."""

    name: str
    values: list[Value]
    color: str = ""
    pixels: str = ""


@dataclass(frozen=True)
class IouTable:
    """IoU by class and model under one protocol."""

    title: str
    rule: str
    heads: list[str]
    lines: list[Line]
    totals: list[Line]
    n: str
    undefined: bool


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


def iou_tables(part: PartArtefacts) -> list[IouTable]:
    """Return the IoU table of a part under every protocol, one where all agree; empty if nothing is scored."""
    compared = [(model.name, scores) for model, scores in segmenters(part)]
    if not compared:
        return []
    tables = [_table(compared, protocol) for protocol in PROTOCOLS]
    return tables if part.scheme is not None and not part.scheme.scored.all() else tables[:1]


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


def _table(compared: list[tuple[str, SegmentationScores]], protocol: Protocol) -> IouTable:
    names, every = [name for name, _ in compared], [scores for _, scores in compared]
    scheme = every[0].scheme
    by_class = np.stack([iou(scores, protocol) for scores in every])
    true = every[0].confusion.sum(axis=(0, 2))[: len(scheme.classes)]
    lines = [
        Line(scheme.names[i], _values(by_class[:, i].tolist()), class_key(scheme)[i][1], share(true[i] / true.sum(), 2))
        for i in np.flatnonzero(scheme.scored)
    ]
    means = [mean_iou(scores, protocol) for scores in every]
    weighted = [frequency_weighted_iou(scores, protocol) for scores in every]
    defined = sorted(set((~np.isnan(by_class)).sum(axis=1).tolist()))
    averaged = f"{defined[0]} classes" if len(defined) == 1 else "the classes defined for each model"
    return IouTable(
        title="All classes scored" if scheme.scored.all() else TITLES[protocol],
        rule=_rule(scheme, protocol),
        heads=[names[0], *(head for name in names[1:] for head in (name, "Δ"))],
        lines=lines,
        totals=[
            Line(f"mIoU (mean of {averaged})", _values(means)),
            Line("Frequency-weighted IoU", _values(weighted)),
            Line("Pixel accuracy (scored classes)", _values([pixel_accuracy(scores) for scores in every])),
        ],
        n=_counted(every[0], scheme.scored if protocol == "unknown_ignored" else np.full_like(scheme.scored, True)),
        undefined=bool(np.isnan(by_class[:, scheme.scored]).any()),
    )


def _values(figures: list[float]) -> list[Value]:
    """Return the first model's figure, then each other's with its difference to the first."""
    values = [Value(score(figures[0]))]
    for figure in figures[1:]:
        difference = figure - figures[0]
        text = signed(difference)
        change = {"+": "better", "−": "worse"}.get(text[0], "") if not math.isnan(difference) else ""
        values += [Value(score(figure)), Value(text, change)]
    return values


def _rule(scheme: LabelScheme, protocol: Protocol) -> str:
    ignored = [name for name, scored in zip(scheme.names, scheme.scored, strict=True) if not scored]
    if not ignored:
        return "Every class is scored, so both protocols, unknown counted and unknown ignored, agree."
    what = enumerated(ignored)
    if protocol == "unknown_counted":
        return f"Predicting a class where the truth is {what} counts as a false positive: the reference study's rule."
    return f"Pixels whose truth is {what} are left out, as most benchmarks do."


def scored_on(part: PartArtefacts) -> str:
    """Return on how many images and pixels a part's figures rest."""
    scores = segmenters(part)[0][1]
    return _counted(scores, np.full_like(scores.scheme.scored, True))


def _counted(scores: SegmentationScores, classes: Bool) -> str:
    """Return how many images, and how many pixels whose truth is one of ``classes``, bool [K], were scored."""
    pixels = int(scores.confusion[:, :-1][:, classes].sum())
    return f"n = {count(len(scores.ids))} images, {count(pixels)} pixels"
