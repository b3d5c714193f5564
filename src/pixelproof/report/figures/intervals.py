"""Figures with their intervals on one axis: a chart as rows that a page draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pixelproof.report.figures.style import series, turn
from pixelproof.runs.fields import Estimate

PERCENT = (0, 20, 40, 60, 80, 100)
SHIFT = 5.0
"""Pixels by which marks of several models in one row are apart from its middle, so that none hides another."""


@dataclass(frozen=True)
class Measured:
    """A figure to draw; ``model`` is its place among the models, whose colour and shape it has, None for the truth's.

    Attributes:
        name: Of the row; empty where it goes on with the one above.
        estimate: The figure, with or without bounds.
        text: The figure in words.
        model: See above.
        swatch: Colour of what the row is about, or empty.
        beside: Other figures in the same row, as (model, value, text).
    """

    name: str
    estimate: Estimate
    text: str
    model: int | None = None
    swatch: str = ""
    beside: tuple[tuple[int, float | None, str], ...] = ()


@dataclass(frozen=True)
class Dot:
    """A figure on the axis: ``place`` is in percent of it, ``shift`` in pixels beneath it; the truth's has no shape."""

    place: float
    color: str
    shape: int | None
    title: str
    shift: float = 0.0


@dataclass(frozen=True)
class Row:
    """One row; the bar from ``low`` to ``high`` is in percent of the axis, None where no interval is known."""

    name: str
    swatch: str
    text: str
    color: str
    bar: tuple[float, float] | None
    dots: list[Dot]


@dataclass(frozen=True)
class Intervals:
    """A chart: its rows, and its ticks as (place, label)."""

    rows: list[Row]
    ticks: list[tuple[float, str]]


def intervals(figures: Sequence[Measured]) -> Intervals:
    """Lay out shares on an axis in percent."""
    return Intervals([_row(figure, lambda value: 100 * value) for figure in figures], [(t, f"{t}") for t in PERCENT])


def amounts(figures: Sequence[Measured], scale: float = 1.0) -> Intervals:
    """Lay out figures from 0 to the largest on an axis of square roots, where small ones can be seen beside large ones.

    Its labels are multiplied by ``scale``.
    """
    reach = max((each for figure in figures for each in _ends(figure)), default=0.0) or 1.0
    decade = math.floor(math.log10(scale * reach))
    steps = [step * 10.0**power for power in range(decade - 1, decade + 1) for step in (1, 2, 5)]

    def place(value: float) -> float:
        return 100 * math.sqrt(value / reach)

    ticks = [(place(step / scale), f"{step:,.10g}") for step in (0.0, *steps) if step <= scale * reach]
    return Intervals([_row(figure, place) for figure in figures], ticks)


def _ends(figure: Measured) -> list[float]:
    found = (figure.estimate.value, figure.estimate.high, *(value for _, value, _ in figure.beside))
    return [each for each in found if each is not None]


def _row(figure: Measured, place: Callable[[float], float]) -> Row:
    each, own = figure.estimate, _dot(figure.model, figure.estimate.value, figure.text, place)
    middle = (len(figure.beside) - 1) / 2
    beside = [
        replace(dot, shift=SHIFT * (number - middle) / max(middle, 1))
        for number, (model, value, text) in enumerate(figure.beside)
        for dot in _dot(model, value, text, place)
    ]
    return Row(
        name=figure.name,
        swatch=figure.swatch,
        text=figure.text,
        color="" if figure.model is None else series(figure.model)[0],
        bar=None if each.low is None or each.high is None else (place(each.low), place(each.high)),
        dots=[*own, *beside],
    )


def _dot(model: int | None, value: float | None, title: str, place: Callable[[float], float]) -> list[Dot]:
    """Return the mark of a figure, none where it is undefined."""
    if value is None:
        return []
    color, shape = ("", None) if model is None else (series(model)[0], turn(model))
    return [Dot(place(value), color, shape, title)]
