"""What the page shows of a segmentation part: figures by class. The masks are in ``gallery.py``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Bool, Float64
from pixelproof.comparison.evidence.measures import value_of
from pixelproof.comparison.verdict import class_verdict
from pixelproof.comparison.wording.words import metric_heading
from pixelproof.evaluation import (
    PROTOCOLS,
    confusion_matrix,
    frequency_weighted_iou,
    iou,
    mean_iou,
    pixel_accuracy,
)
from pixelproof.evaluation.intervals import mask_intervals
from pixelproof.evaluation.metrics import Protocol
from pixelproof.evaluation.units import members_of
from pixelproof.labels import LabelScheme, class_colors
from pixelproof.labels.palettes import hex_color
from pixelproof.numbers import between, counted, if_known, score, share, signed
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.figures.confusion import Matrix, matrix
from pixelproof.report.figures.style import series, turn
from pixelproof.report.key_results import enumerated, segmenters
from pixelproof.report.pair import CHANGE
from pixelproof.runs import SegmentationScores
from pixelproof.runs.comparison_file import ComparisonRecord
from pixelproof.runs.metric_names import parted

TITLES: dict[Protocol, str] = {
    "unknown_counted": "Unknown counted",
    "unknown_ignored": "Unknown ignored",
}
DECIDES = ""
"""Stands for the figure that decides among the names of classes, none of which is empty."""


@dataclass(frozen=True)
class Value:
    """One number of a table; ``change`` is "better", "worse" or empty, and so may be its interval."""

    text: str
    change: str = ""
    interval: str = ""


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
    if not segmenters(part):
        return []
    tables = [_table(part, protocol) for protocol in PROTOCOLS]
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


def _table(part: PartArtefacts, protocol: Protocol) -> IouTable:
    names, every = [model.name for model, _ in segmenters(part)], [scores for _, scores in segmenters(part)]
    scheme = every[0].scheme
    tested = part.comparison
    agree = scheme.scored.all()  # then both protocols do
    sure = _confirmed(tested if tested is not None and (agree or tested.protocol == protocol) else None, names)
    by_class = np.stack([iou(scores, protocol) for scores in every])
    found = [mask_intervals(scores, protocol, members_of(scores)) for scores in every]
    ends = {name: np.stack([one[name] for one in found]) for name in found[0]}
    existing = scheme.scored if protocol == "unknown_ignored" else np.full_like(scheme.scored, True)
    true = np.where(existing, every[0].confusion.sum(axis=(0, 2))[: len(scheme.classes)], 0)
    lines = [
        Line(
            name,
            _values(by_class[:, i].tolist(), ends["iou"][..., i], sure, name),
            color,
            share(true[i] / max(true.sum(), 1), 2),
        )
        for i, (name, color) in enumerate(class_key(scheme))
        if scheme.scored[i]
    ]
    means = [mean_iou(scores, protocol) for scores in every]
    weighted = [frequency_weighted_iou(scores, protocol) for scores in every]
    defined = sorted(set((~np.isnan(by_class)).sum(axis=1).tolist()))
    averaged = f"{defined[0]} classes" if len(defined) == 1 else "the classes defined for each model"
    return IouTable(
        title="All classes scored" if agree else TITLES[protocol],
        rule=_rule(scheme, protocol),
        heads=[names[0], *(head for name in names[1:] for head in (name, "Δ"))],
        lines=lines,
        totals=[
            *_deciding(part, every, protocol, sure),
            Line(f"mIoU (mean of {averaged})", _values(means, ends["miou"], _if_decides("miou", part, sure), DECIDES)),
            Line("Frequency-weighted IoU", _values(weighted)),
            Line(
                "Pixel accuracy (scored classes)",
                _values(
                    [pixel_accuracy(scores) for scores in every],
                    ends["pixel_accuracy"],
                    _if_decides("pixel_accuracy", part, sure),
                    DECIDES,
                ),
            ),
        ],
        n=_counted(every[0], existing),
        undefined=bool(np.isnan(by_class[:, scheme.scored]).any()),
    )


def _deciding(
    part: PartArtefacts, every: Sequence[SegmentationScores], protocol: Protocol, sure: Sequence[Mapping[str, str]]
) -> list[Line]:
    """Return the figure by which the models are compared, where the table has no line of it."""
    metric = part.record.metric
    if metric in (None, "miou", "pixel_accuracy"):
        return []
    values = [value_of(scores, protocol, metric) for scores in every]
    return [Line(metric_heading(metric, "en"), _values(values, None, sure, DECIDES))]


def _if_decides(metric: str, part: PartArtefacts, sure: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
    """Return what is known of differences in the figure that decides, if that is this one."""
    return sure if (part.record.metric or "miou") == metric else ()


def _confirmed(comparison: ComparisonRecord | None, names: list[str]) -> list[dict[str, str]]:
    """Return for each model but the first which differences to the first are known: IoU by class, and what decides."""
    known: dict[tuple[str, str], dict[str, str]] = {}
    for pair in comparison.pairs if comparison is not None else ():
        classes = pair.classes.items() if parted(pair.metric)[0] in ("miou", "iou") else ()
        known[pair.a, pair.b] = {name: CHANGE[class_verdict(record)] for name, record in classes}
        known[pair.a, pair.b][DECIDES] = CHANGE[pair.verdict]
    return [known.get((names[0], name), {}) for name in names[1:]]


def _values(
    figures: list[float], ends: Float64 | None = None, sure: Sequence[Mapping[str, str]] = (), row: str = ""
) -> list[Value]:
    """Return the first model's figure, then each other's with its difference to the first, marked where it is known.

    Args:
        figures: Of M models.
        ends: float64 [M, 2], of their intervals; None where they are not known.
        sure: What is known of the differences to the first, of each other model, by row.
        row: Which one this is.
    """
    within = [""] * len(figures) if ends is None else [if_known(between(*pair)) for pair in ends]
    values = [Value(score(figures[0]), interval=within[0])]
    for place, figure in enumerate(figures[1:]):
        change = sure[place].get(row, "") if sure else ""
        values += [Value(score(figure), interval=within[place + 1]), Value(signed(figure - figures[0]), change)]
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
    return f"n = {counted(len(scores.ids), 'image')}, {counted(pixels, 'pixel')}"
