"""What the number of training images does, in plain words: what more brought, and what still more would bring."""

from __future__ import annotations

from collections.abc import Iterator

from pixelproof.comparison.verdict import estimate_verdict
from pixelproof.comparison.wording.words import bound, listed, metric_name, p_value, points, say, set_in
from pixelproof.languages import Language
from pixelproof.numbers import count
from pixelproof.runs.metric_names import told
from pixelproof.runs.sizes_file import ClassStep, SizeCurve, SizesRecord

NAMED = 5
"""Classes that a sentence names."""


def headline(curve: SizeCurve, record: SizesRecord, language: Language) -> str:
    """Return what the last step brought, and what more labels would bring or why that cannot be told."""
    return _joined([_step(curve, record, language), _more(curve, language)], language)


def size_sentences(curve: SizeCurve, record: SizesRecord, language: Language) -> list[str]:
    """Return what there is to be said of one model, the answer first."""
    said = [headline(curve, record, language), *_backtest(curve, record, language), *_classes(curve, language)]
    seeds = len(curve.points[0].scores)
    drawn = say("size_drawn", language, seeds=count(seeds)) if seeds > 1 else say("size_drawn_once", language)
    return [*said, _joined([say(f"size_{record.equal}", language), drawn], language)]


def gained(step: ClassStep) -> bool:
    """Return whether a class gained beyond chance."""
    return estimate_verdict(step.gain, step.p) == "b"


def _step(curve: SizeCurve, record: SizesRecord, language: Language) -> str:
    step = curve.last
    found = {"b": "size_gain", "a": "size_loss"}.get(estimate_verdict(step.gain, step.p), "size_no_gain")
    return say(
        found,
        language,
        model=curve.model,
        before=count(step.before),
        after=count(step.after),
        metric=set_in(metric_name(record.metric, language), language),
        gain=points(step.gain.value),
        low=bound(step.gain.low),
        high=bound(step.gain.high),
        p=p_value(step.p),
    )


def _more(curve: SizeCurve, language: Language) -> str:
    if curve.unknown:
        why = say(f"size_{curve.unknown}", language, sizes=count(len(curve.points)))
        return say("size_untold", language, model=curve.model, why=why)
    twice, fourfold = curve.forecasts
    return say(
        "size_forecast",
        language,
        model=curve.model,
        twice=count(twice.images),
        gain=points(twice.gain.value),
        low=bound(twice.gain.low),
        high=bound(twice.gain.high),
        fourfold=count(fourfold.images),
        farther=points(fourfold.gain.value),
        farther_low=bound(fourfold.gain.low),
        farther_high=bound(fourfold.gain.high),
    )


def _backtest(curve: SizeCurve, record: SizesRecord, language: Language) -> Iterator[str]:
    if (test := curve.backtest) is not None:
        ends = {"low": told(record.metric, test.predicted.low), "high": told(record.metric, test.predicted.high)}
        values = {"predicted": told(record.metric, test.predicted.value), "found": told(record.metric, test.found)}
        key = "size_backtest_met" if test.met else "size_backtest_missed"
        yield say(key, language, images=count(test.images), **values, **ends)


def _classes(curve: SizeCurve, language: Language) -> Iterator[str]:
    sure = [step for step in curve.classes if gained(step)]
    if sure:
        named = listed((_class(step, language) for step in sure[:NAMED]), language)
        if more := len(sure) - NAMED if len(sure) > NAMED else 0:
            named = say("size_more_classes", language, classes=named, count=count(more))
        yield say("size_classes", language, classes=named)
    elif curve.classes and (curve.classes[0].gain.value or 0.0) > 0:
        first = curve.classes[0]
        yield say("size_no_class", language, name=first.name, gain=points(first.gain.value))


def _class(step: ClassStep, language: Language) -> str:
    return say("class", language, name=step.name, difference=points(step.gain.value))


def _joined(sentences: list[str], language: Language) -> str:
    return ("" if language == "zh-Hant" else " ").join(sentences)
