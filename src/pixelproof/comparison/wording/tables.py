"""A comparison in the terminal: a table and the sentences for each pair."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from pixelproof.comparison.verdict import class_verdict, no_worse, over_pairs
from pixelproof.comparison.wording.sentences import sentences
from pixelproof.comparison.wording.words import difference_cells, metric_name, say
from pixelproof.errors import visible
from pixelproof.languages import Language
from pixelproof.numbers import count
from pixelproof.runs.comparison_file import ClassRecord, ComparisonRecord, PairRecord
from pixelproof.runs.metric_names import of_each, told
from pixelproof.terminal import add_row, console, table

CLASSES_SHOWN = 20


def as_json(record: ComparisonRecord, language: Language) -> dict[str, Any]:
    """Return a comparison as plain data, with what follows from it and without its images one by one."""
    values = record.model_dump(mode="json", exclude={"pairs": {"__all__": {"per_image"}}})
    for pair, plain, p in zip(record.pairs, values["pairs"], over_pairs(record).values(), strict=True):
        plain["p_adjusted"] = p
        plain["sentences"] = sentences(pair, record, language)
        if record.margin is not None:
            plain["no_worse"] = no_worse(pair, record)
    return values


def print_comparison(record: ComparisonRecord, language: Language) -> None:
    """Print a comparison to stdout."""
    out = console()
    values = {model.name: model.value for model in record.models}
    for pair in record.pairs:
        out.print(_table(pair, values, language))
        for sentence in sentences(pair, record, language):
            out.print(visible(sentence), soft_wrap=True)


def _table(pair: PairRecord, values: dict[str, float], language: Language) -> Table:
    """Return the figures of a pair: its classes, those that differ most first if they are many, and the whole."""
    heads = (say("head_class", language), pair.a, pair.b, say("head_difference", language), "95% CI", "p")
    figures = table(*heads, title=f"{pair.a} · {pair.b}")
    names = list(pair.classes)
    if len(names) > CLASSES_SHOWN:
        names.sort(key=lambda name: -abs(pair.classes[name].difference or 0.0))
    for name in names[:CLASSES_SHOWN]:
        record = pair.classes[name]
        style = "" if class_verdict(record) == "undecided" else "bold"
        add_row(figures, *_cells(of_each(pair.metric), name, record.a, record.b, record), style=style)
    if len(names) > CLASSES_SHOWN:
        add_row(figures, say("more_classes", language, count=count(len(names) - CLASSES_SHOWN)))
    figures.add_section()
    style = "" if pair.verdict == "undecided" else "bold"
    whole = _cells(pair.metric, metric_name(pair.metric, language), values[pair.a], values[pair.b], pair)
    add_row(figures, *whole, style=style)
    return figures


def _cells(
    metric: str, name: str, a: float | None, b: float | None, record: ClassRecord | PairRecord
) -> tuple[str, ...]:
    return name, told(metric, a, 4), told(metric, b, 4), *difference_cells(record.estimate, record.p)
