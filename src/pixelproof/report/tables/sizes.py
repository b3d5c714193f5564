"""Tables of what models reach by the number of their training images, and of what that brought to each class."""

from __future__ import annotations

from collections.abc import Iterator

from pixelproof.numbers import count
from pixelproof.report.beside import Beside, stem
from pixelproof.report.tables.latex import UNDEFINED, escaped, in_lines, table
from pixelproof.report.tables.table import Cell, Row, Table
from pixelproof.runs.fields import Estimate
from pixelproof.runs.sizes_file import SizeCurve, SizesRecord


def size_tables(record: SizesRecord | None) -> list[Table]:
    """Return the score by the number of training images, found and expected, and the gain of each class."""
    curves = record.curves if record else ()
    metric = record.metric if record else ""
    says = (
        "Scores by the number of training images; expected ones are of a power law through those found. gain is over "
        "all images; backtest rows are what the sizes below would have said of all images."
    )
    gains = "What the last step in the number of training images brought to each class; p is adjusted over the classes."
    return [
        Table("sizes", says, [row for curve in curves for row in _rows(curve, metric)]),
        Table("size-classes", gains, [row for curve in curves for row in _classes(curve)]),
    ]


def _rows(curve: SizeCurve, metric: str) -> Iterator[Row]:
    for point in curve.points:
        row: dict[str, Cell] = {"model": curve.model, "kind": "found", "images": point.images, "times": point.share}
        row |= {"metric": metric} | _estimate("score", point.score) | {"std": point.spread}
        yield row | {f"run_{number}": value for number, value in enumerate(point.scores, start=1)}
    if (test := curve.backtest) is not None:
        row = {"model": curve.model, "kind": "backtest", "images": test.images, "times": 1.0, "metric": metric}
        yield row | _estimate("score", test.predicted)
    for each in curve.forecasts:
        row = {"model": curve.model, "kind": "expected", "images": each.images, "times": each.times, "metric": metric}
        yield row | _estimate("score", each.score) | _estimate("gain", each.gain)


def _classes(curve: SizeCurve) -> Iterator[Row]:
    for each in curve.classes:
        row: dict[str, Cell] = {"model": curve.model, "class": each.name}
        row |= {"images_before": curve.last.before, "images_after": curve.last.after}
        row |= {"before": each.before, "after": each.after}
        yield row | _estimate("gain", each.gain) | {"p_adjusted": each.p}


def _estimate(name: str, estimate: Estimate) -> dict[str, Cell]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def printed_sizes(record: SizesRecord | None, part: str, title: str) -> list[Beside]:
    """Return the score by the number of training images as LaTeX; none where there is nothing of it."""
    if record is None:
        return []
    blocks = [[*_lines(curve)] for curve in record.curves]
    heads = ["Model", "Training images", "", "Score", r"95\% interval"]
    caption = f"{escaped(title)}: {escaped(record.metric)} by the number of training images, in percent. "
    caption += "Expected values are of a power law through those found."
    text = table("lrlrr", [in_lines(head) for head in heads], blocks, caption, stem((part, "sizes")))
    return [Beside((part, "sizes"), "tex", text.encode("utf-8"), "Scores by the number of training images, as LaTeX.")]


def _lines(curve: SizeCurve) -> Iterator[list[str]]:
    for point in curve.points:
        yield [escaped(curve.model), count(point.images), "found", *_cells(point.score)]
    for each in curve.forecasts:
        yield [escaped(curve.model), count(each.images), "expected", *_cells(each.score)]


def _cells(estimate: Estimate) -> list[str]:
    low, value, high = (_percent(end) for end in (estimate.low, estimate.value, estimate.high))
    return [value, UNDEFINED if low == UNDEFINED else f"{low}--{high}"]


def _percent(value: float | None) -> str:
    return UNDEFINED if value is None else f"{100 * value:.1f}"
