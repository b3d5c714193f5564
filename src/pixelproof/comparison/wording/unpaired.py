"""An unpaired comparison in plain words, in the terminal and as plain data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from pixelproof.comparison.paired import ROUGH, SIGNIFICANCE
from pixelproof.comparison.unpaired import least_p
from pixelproof.comparison.verdict import estimate_verdict, times_as_many, within_margin
from pixelproof.comparison.wording.tables import CLASSES_SHOWN
from pixelproof.comparison.wording.words import (
    bound,
    difference_cells,
    listed,
    metric_name,
    p_value,
    points,
    say,
    set_in,
)
from pixelproof.errors import visible
from pixelproof.languages import Language
from pixelproof.numbers import count, share
from pixelproof.runs.comparison_file import NoWorse
from pixelproof.runs.fields import Estimate
from pixelproof.runs.metric_names import of_each, told
from pixelproof.runs.unpaired_file import ClassSets, UnpairedRecord
from pixelproof.terminal import add_row, console, table

TELLING = 10
"""How many times as many images are told to a decimal."""
MEANS = ("miou", "f1", "boundary_iou", "boundary_f1")
"""Means over the classes that are pulled down where few images show a class."""
CLASSES_NAMED = 20
"""How many classes a sentence names."""


def sentences(record: UnpairedRecord, language: Language = "en") -> list[str]:
    """Return what is shown: the verdict first, then what it is made of, then what limits it."""
    return [
        _verdict(record, language),
        *_made_of(record, language),
        *_margin(record, language),
        *_limits(record, language),
    ]


def no_worse(record: UnpairedRecord) -> NoWorse:
    """Return whether the figure of the second set is shown to be no lower than the first's but for the margin."""
    if least_p(record.a.units, record.b.units) >= SIGNIFICANCE:
        return "open"
    return within_margin(record.difference, record.margin or 0.0, beaten=record.verdict == "a")


def differing(record: UnpairedRecord) -> dict[str, ClassSets]:
    """Return the classes whose figure differs beyond chance, the largest difference first."""
    found = {name: each for name, each in record.classes.items() if differs(each)}
    return dict(sorted(found.items(), key=lambda item: -abs(item[1].difference.value or 0.0)))


def differs(each: ClassSets) -> bool:
    """Return whether a class differs, by its p adjusted over the classes and its interval."""
    return estimate_verdict(each.difference, each.p) != "undecided"


def as_json(record: UnpairedRecord, language: Language) -> dict[str, Any]:
    """Return the comparison as plain data, with what follows from it."""
    said = {"no_worse": no_worse(record)} if record.margin is not None else {}
    return record.model_dump(mode="json") | said | {"sentences": sentences(record, language)}


def print_sets(record: UnpairedRecord, language: Language) -> None:
    """Print the comparison to stdout."""
    out, names = console(), (record.a.name, record.b.name)
    heads = (*(say(f"head_{key}", language) for key in ("class", "share")), *names)
    heads = (*heads, say("head_difference", language), "95% CI", "p")
    figures = table(*heads)
    rows = list(record.classes.items())
    if len(rows) > CLASSES_SHOWN:
        rows.sort(key=lambda row: -abs(row[1].difference.value or 0.0))
    for name, each in rows[:CLASSES_SHOWN]:
        add_row(figures, *class_cells(record.metric, name, each), style="bold" if differs(each) else "")
    if len(rows) > CLASSES_SHOWN:
        add_row(figures, say("set_more_classes", language, count=count(len(rows) - CLASSES_SHOWN)))
    figures.add_section()
    for cells, sure in whole_rows(record, language):
        add_row(figures, *cells, style="bold" if sure else "")
    out.print(figures)
    for sentence in sentences(record, language):
        out.print(visible(sentence), soft_wrap=True)


def class_cells(metric: str, name: str, each: ClassSets) -> tuple[str, ...]:
    """Return the cells of a class: its shares, figures, difference, interval and p."""
    shares, figure = " → ".join(map(share, each.shares)), of_each(metric)
    return (name, shares, told(figure, each.a, 4), told(figure, each.b, 4), *difference_cells(each.difference, each.p))


def whole_rows(record: UnpairedRecord, language: Language) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the cells of the figure and of the parts of its difference, each with whether it is beyond chance."""
    figures = (told(record.metric, each.figure.value, 4) for each in (record.a, record.b))
    whole = (metric_name(record.metric, language), "", *figures, *difference_cells(record.difference, record.p))
    yield whole, record.verdict != "undecided"
    for key, part in (("head_same", record.same), ("head_shares", record.shares)):
        if part is not None:
            sure = estimate_verdict(part.difference, part.p) != "undecided"
            yield (say(key, language), *[""] * 3, *difference_cells(part.difference, part.p)), sure


def _verdict(record: UnpairedRecord, language: Language) -> str:
    key = {"a": "set_lower", "b": "set_higher", "undecided": "set_undecided"}[record.verdict]
    sizes = {"images_a": count(record.a.images), "images_b": count(record.b.images)}
    names = {"a": record.a.name, "b": record.b.name, "metric": set_in(metric_name(record.metric, language), language)}
    return say(key, language, **names, **sizes, **_numbers("", record.difference, record.p))


def _numbers(prefix: str, difference: Estimate, p: float | None) -> dict[str, str]:
    value = points(difference.value)
    ends = {f"{prefix}low": bound(difference.low), f"{prefix}high": bound(difference.high), f"{prefix}p": p_value(p)}
    return ends | ({prefix.rstrip("_"): value} if prefix else {"difference": value})


def _made_of(record: UnpairedRecord, language: Language) -> Iterator[str]:
    if record.verdict == "undecided" and ((record.difference.low or 0) > 0 or (record.difference.high or 0) < 0):
        yield say("disagree", language)
    if found := differing(record):
        each = (say("class", language, name=n, difference=points(c.difference.value)) for n, c in found.items())
        yield say("set_classes", language, classes=_some([*each], language))
    if record.missing:
        yield say("set_missing", language, b=record.b.name, classes=_some(record.missing, language))
    elif record.same is not None and record.shares is not None:
        numbers = _numbers("same_", record.same.difference, record.same.p)
        numbers |= _numbers("shares_", record.shares.difference, record.shares.p)
        yield say("set_same", language, a=record.a.name, b=record.b.name, **numbers)


def _margin(record: UnpairedRecord, language: Language) -> Iterator[str]:
    if record.margin is None:
        return
    found, margin = no_worse(record), record.margin
    words = {"margin": points(margin).removeprefix("+"), "low": bound(record.difference.low)}
    yield say(f"set_no_worse_{found}", language, a=record.a.name, b=record.b.name, **words)
    if found == "open" and (times := times_as_many(record.difference, margin)) is not None:
        yield say("set_more_show", language, times=f"{times:.1f}" if times < TELLING else count(math.ceil(times)))


def _limits(record: UnpairedRecord, language: Language) -> Iterator[str]:
    sides, classes = (record.a, record.b), record.classes.items()
    if unknown := [side.name for side in sides if side.figure.low is None]:
        yield say("set_no_interval", language, names=listed(unknown, language))
    if one_sided := [name for name, each in classes if (each.a is None) != (each.b is None)]:
        yield say("set_one_sided", language, classes=_some(one_sided, language))
    if record.common:
        yield say("set_common", language, common=count(record.common))
    for side in sides:
        names = {"name": side.name, "images": count(side.images)}
        if side.groups is not None:
            yield say("set_grouped", language, groups=count(side.groups), **names)
        elif any(other.groups is not None for other in sides):
            yield say("set_half_grouped", language, name=side.name)
        if side.learned:
            yield say("set_learned", language, known=count(side.learned), **names)
        if side.stress:
            yield say("stressed", language, name=side.name, stress=side.stress)
        if side.units < ROUGH:
            yield say("set_few", language, name=side.name, units=count(side.units), rough=count(ROUGH))
    if record.metric in MEANS and min(side.units for side in sides) < ROUGH <= max(side.units for side in sides):
        yield say("set_few_mean", language, metric=set_in(metric_name(record.metric, language), language))
    known = [(name, each) for name, each in classes if each.difference.low is not None]
    rough = [name for name, each in known if any(e is None or e < ROUGH for e in each.effective)]
    if rough:
        yield say("set_rough", language, classes=_some(rough, language))


def _some(classes: Sequence[str], language: Language) -> str:
    """Return the first of so many classes that a sentence can name them, and how many more there are."""
    first, more = listed(classes[:CLASSES_NAMED], language), len(classes) - CLASSES_NAMED
    return say("set_and_more", language, classes=first, count=count(more)) if more > 0 else first
