"""What the page shows of the number of training images: the answer, the curve, its numbers, and the classes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pixelproof.comparison.wording.sizes import gained, headline, size_sentences
from pixelproof.comparison.wording.words import metric_heading, p_value
from pixelproof.languages import LANGUAGES, Texts, translated
from pixelproof.numbers import count, share
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.figures.forest import Difference, Forest, forest, with_interval
from pixelproof.report.figures.sizes import size_chart
from pixelproof.report.pictures import Picture, drawn
from pixelproof.runs.fields import Estimate
from pixelproof.runs.metric_names import in_percent, told, told_ends
from pixelproof.runs.sizes_file import Forecast, Point, SizeCurve, SizesRecord

SHOWN = 30
"""Classes whose gains are drawn; all are in the table beside the page."""


@dataclass(frozen=True)
class Row:
    """So many training images, found or expected."""

    images: str
    share: str
    score: str
    interval: str
    spread: str
    runs: str
    gain: str
    found: bool


@dataclass(frozen=True)
class Sized:
    """One model."""

    model: str
    headline: Texts
    said: list[Texts]
    chart: Picture
    rows: list[Row]
    expects: bool
    classes: Forest | None
    classes_caption: str
    exponent: str


@dataclass(frozen=True)
class Sizes:
    """All models of a part that learned from fewer images as well."""

    heading: str
    seeds: bool
    models: list[Sized]


def sizes(part: PartArtefacts) -> Sizes | None:
    """Return what a part's page shows of the number of training images; None where each model learned from all."""
    record = part.sizes
    if record is None:
        return None
    seeds = any(len(point.scores) > 1 for curve in record.curves for point in curve.points)
    return Sizes(metric_heading(record.metric, "en"), seeds, [_sized(curve, record) for curve in record.curves])


def _sized(curve: SizeCurve, record: SizesRecord) -> Sized:
    heading, last = metric_heading(record.metric, "en"), curve.last
    caption = f"{heading} of {curve.model} by the number of training images."
    alt = f"{caption} {'; '.join(f'{count(p.images)}: {told(record.metric, p.score.value)}' for p in curve.points)}"
    gains = [
        Difference(each.name, each.gain, "better" if gained(each) else "", f"p {p_value(each.p)}")
        for each in curve.classes[:SHOWN]
    ]
    return Sized(
        model=curve.model,
        headline={tongue: headline(curve, record, tongue) for tongue in LANGUAGES},
        said=translated(lambda tongue: size_sentences(curve, record, tongue)),
        chart=drawn(size_chart(curve, heading, in_percent(record.metric)), (curve.model, "sizes"), alt, caption),
        rows=[*_rows(curve, record)],
        expects=bool(curve.forecasts),
        classes=forest(gains),
        classes_caption=f"Gain by class, {count(last.after)} minus {count(last.before)} training images, points; 95% "
        " interval over images and, where there are several, seeds. Test after Holm over the classes.",
        exponent=_exponent(curve.exponent),
    )


def _rows(curve: SizeCurve, record: SizesRecord) -> Iterator[Row]:
    for point in curve.points:
        yield _found(point, record)
    for each in curve.forecasts:
        yield _expected(each, record)


def _found(point: Point, record: SizesRecord) -> Row:
    return Row(
        images=count(point.images),
        share=share(point.share),
        score=told(record.metric, point.score.value),
        interval=_interval(point.score, record),
        spread=told(record.metric, point.spread),
        runs=", ".join(told(record.metric, score) for score in point.scores),
        gain="",
        found=True,
    )


def _expected(each: Forecast, record: SizesRecord) -> Row:
    return Row(
        images=count(each.images),
        share=f"{each.times:g} x",
        score=told(record.metric, each.score.value),
        interval=_interval(each.score, record),
        spread="",
        runs="",
        gain=with_interval(each.gain),
        found=False,
    )


def _interval(estimate: Estimate, record: SizesRecord) -> str:
    return told_ends(record.metric, estimate.low, estimate.high)


def _exponent(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return ""
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"
