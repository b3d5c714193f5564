"""IoU by class and model as tables, with what the figures are of and by which rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Bool, Float64
from pixelproof.comparison.evidence.measures import value_of
from pixelproof.comparison.verdict import class_verdict
from pixelproof.comparison.wording.words import metric_heading
from pixelproof.evaluation import PROTOCOLS, frequency_weighted_iou, iou, mean_iou, pixel_accuracy
from pixelproof.evaluation.intervals import mask_intervals
from pixelproof.evaluation.metrics import Protocol
from pixelproof.evaluation.units import members_of
from pixelproof.labels import LabelScheme
from pixelproof.numbers import counted, if_known, share, signed
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.key_results import enumerated, segmenters
from pixelproof.report.pair import CHANGE
from pixelproof.report.segmentation import class_key
from pixelproof.runs import SegmentationScores
from pixelproof.runs.comparison_file import ComparisonRecord
from pixelproof.runs.metric_names import in_percent, parted, told, told_ends

TITLES: dict[Protocol, str] = {
    "unknown_counted": "Unknown counted",
    "unknown_ignored": "Unknown ignored",
}
DIGITS = 4
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
class _Scored:
    """What a table is made of.

    Attributes:
        part: The part.
        every: The scores of its models.
        protocol: How pixels of ignored classes count.
        ends: Ends of intervals by figure: of "iou" float64 [M, 2, K], else [M, 2].
        sure: What is known of the differences to the first model, of each other one.
    """

    part: PartArtefacts
    every: Sequence[SegmentationScores]
    protocol: Protocol
    ends: Mapping[str, Float64]
    sure: Sequence[Mapping[str, str]]

    @property
    def by_class(self) -> Float64:
        """IoU, float64 [M, K]."""
        return np.stack([iou(scores, self.protocol) for scores in self.every])

    def decides(self, metric: str) -> Sequence[Mapping[str, str]]:
        """Return what is known of differences in the figure that decides, if that is this one."""
        return self.sure if (self.part.record.metric or "miou") == metric else ()


def iou_tables(part: PartArtefacts) -> list[IouTable]:
    """Return the IoU table of a part under every protocol, one where all agree; empty if nothing is scored."""
    if not segmenters(part):
        return []
    tables = [_table(part, protocol) for protocol in PROTOCOLS]
    return tables if part.scheme is not None and not part.scheme.scored.all() else tables[:1]


def _table(part: PartArtefacts, protocol: Protocol) -> IouTable:
    names, every = [model.name for model, _ in segmenters(part)], [scores for _, scores in segmenters(part)]
    scheme, tested = every[0].scheme, part.comparison
    agree = scheme.scored.all()  # then both protocols do
    sure = _confirmed(tested if tested is not None and (agree or tested.protocol == protocol) else None, names)
    found = [mask_intervals(scores, protocol, members_of(scores)) for scores in every]
    ends = {name: np.stack([one[name] for one in found]) for name in found[0]}
    scored = _Scored(part, every, protocol, ends, sure)
    existing = scheme.scored if protocol == "unknown_ignored" else np.full_like(scheme.scored, True)
    return IouTable(
        title="All classes scored" if agree else TITLES[protocol],
        rule=_rule(scheme, protocol),
        heads=[names[0], *(head for name in names[1:] for head in (name, "Δ"))],
        lines=_lines(scored, existing),
        totals=_totals(scored),
        n=_counted(every[0], existing),
        undefined=bool(np.isnan(scored.by_class[:, scheme.scored]).any()),
    )


def _lines(scored: _Scored, existing: Bool) -> list[Line]:
    """Return a row for each class that is scored, with its share of the pixels of ``existing`` classes, bool [K]."""
    scheme, figures, ends = scored.every[0].scheme, scored.by_class, scored.ends["iou"]
    true = np.where(existing, scored.every[0].confusion.sum(axis=(0, 2))[: len(scheme.classes)], 0)
    shares = [share(pixels / max(true.sum(), 1), 2) for pixels in true]
    return [
        Line(name, _values("iou", figures[:, i].tolist(), ends[..., i], scored.sure, name), color, shares[i])
        for i, (name, color) in enumerate(class_key(scheme))
        if scheme.scored[i]
    ]


def _totals(scored: _Scored) -> list[Line]:
    """Return the figures over all classes."""
    every, protocol, ends = scored.every, scored.protocol, scored.ends
    defined = sorted(set((~np.isnan(scored.by_class)).sum(axis=1).tolist()))
    averaged = f"{defined[0]} classes" if len(defined) == 1 else "the classes defined for each model"
    means, pixels = [mean_iou(scores, protocol) for scores in every], [pixel_accuracy(scores) for scores in every]
    weighted = [frequency_weighted_iou(scores, protocol) for scores in every]
    named = {"miou": f"mIoU (mean of {averaged})", "pixel_accuracy": "Pixel accuracy (scored classes)"}
    whole, right = (
        Line(named[metric], _values(metric, values, ends[metric], scored.decides(metric), DECIDES))
        for metric, values in (("miou", means), ("pixel_accuracy", pixels))
    )
    return [*_deciding(scored), whole, Line("Frequency-weighted IoU", _values("iou", weighted)), right]


def _deciding(scored: _Scored) -> list[Line]:
    """Return the figure by which the models are compared, where the table has no line of it."""
    metric = scored.part.record.metric
    if metric in (None, "miou", "pixel_accuracy"):
        return []
    values = [value_of(scores, scored.protocol, metric) for scores in scored.every]
    return [Line(metric_heading(metric, "en"), _values(metric, values, None, scored.sure, DECIDES))]


def _confirmed(comparison: ComparisonRecord | None, names: list[str]) -> list[dict[str, str]]:
    """Return for each model but the first which differences to the first are known: IoU by class, and what decides."""
    known: dict[tuple[str, str], dict[str, str]] = {}
    for pair in comparison.pairs if comparison is not None else ():
        classes = pair.classes.items() if parted(pair.metric)[0] in ("miou", "iou") else ()
        known[pair.a, pair.b] = {name: CHANGE[class_verdict(record)] for name, record in classes}
        known[pair.a, pair.b][DECIDES] = CHANGE[pair.verdict]
    return [known.get((names[0], name), {}) for name in names[1:]]


def _values(
    metric: str,
    figures: list[float],
    ends: Float64 | None = None,
    sure: Sequence[Mapping[str, str]] = (),
    row: str = "",
) -> list[Value]:
    """Return the first model's figure, then each other's with its difference to the first, marked where it is known.

    Args:
        metric: What they are.
        figures: Of M models.
        ends: float64 [M, 2], of their intervals; None where they are not known.
        sure: What is known of the differences to the first, of each other model, by row.
        row: Which one this is.
    """
    within = (
        [""] * len(figures) if ends is None else [if_known(told_ends(metric, low, high, DIGITS)) for low, high in ends]
    )
    values = [Value(told(metric, figures[0], DIGITS), interval=within[0])]
    for place, figure in enumerate(figures[1:]):
        change = sure[place].get(row, "") if sure else ""
        values += [Value(told(metric, figure, DIGITS), interval=within[place + 1])]
        values.append(Value(_change(metric, figure - figures[0]), change))
    return values


def _change(metric: str, difference: float) -> str:
    """Return a difference: in percentage points of what is read in per cent."""
    return signed(100 * difference, DIGITS - 2) if in_percent(metric) else signed(difference, DIGITS)


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
