"""The score by the number of training images: points with intervals, the law through them, and where it leads."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, NullLocator

from pixelproof.numbers import count
from pixelproof.report.figures import style
from pixelproof.runs.fields import Estimate
from pixelproof.runs.sizes_file import Forecast, SizeCurve

INK, LAW, DASHED = style.INK, style.SERIES[0], (0, (5, 3))
HOLLOW: dict[str, Any] = {"marker": "o", "markerfacecolor": "white", "markersize": 5}


def size_chart(curve: SizeCurve, score: str, percent: bool) -> bytes:
    """Draw a model's scores; what is not measured is dashed and hollow, so that it is told apart without colours.

    Args:
        curve: The model.
        score: What the score is called.
        percent: Whether it is told in per cent.

    Returns:
        An SVG file.
    """
    unit = 100 if percent else 1
    with style.figure(6.4, 3.6) as drawing:
        axes = drawing.add_subplot()
        axes.set_xscale("log", base=2)
        if curve.band:
            _law(axes, curve, unit)
        _points(axes, curve, unit)
        images = [point.images for point in curve.points] + [each.images for each in curve.forecasts]
        axes.set_xticks(images, [count(number) for number in images])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("training images")
        axes.set_ylabel(f"{style.label(score)}{', %' * percent}")
        axes.grid(axis="y")
        axes.tick_params(length=0)
        axes.legend(loc="lower right", fontsize=9)
        return style.saved(drawing)


def _points(axes: Axes, curve: SizeCurve, unit: int) -> None:
    """Draw what was found: the mean at each size with its interval, and each seed as a thin dash."""
    for point in curve.points:
        seeds = [unit * score for score in point.scores if score is not None]
        axes.plot([point.images] * len(seeds), seeds, "_", color=style.MUTED, markersize=9, linewidth=1)
        _bar(axes, point.images, point.score, unit, {"marker": "o", "color": INK, "markersize": 5})
    axes.plot([], [], "o", color=INK, markersize=5, label="found, 95% interval")
    axes.plot([], [], "_", color=style.MUTED, markersize=9, label="each seed")


def _law(axes: Axes, curve: SizeCurve, unit: int) -> None:
    inside = [each for each in curve.band if each.times <= 1]
    outside = [*inside[-1:], *(each for each in curve.band if each.times > 1)]
    looks: list[tuple[list[Forecast], Any, float]] = [(inside, "-", 0.16), (outside, DASHED, 0.09)]
    for part, dash, alpha in looks:
        images = [each.images for each in part]
        low, value, high = ([unit * end for end in ends] for ends in zip(*map(_ends, part), strict=True))
        axes.fill_between(images, low, high, color=LAW, alpha=alpha, linewidth=0)
        axes.plot(images, value, linestyle=dash, color=LAW, linewidth=1.6)
    for each in curve.forecasts:
        _bar(axes, each.images, each.score, unit, {"color": LAW, "linestyle": "none"} | HOLLOW)
    axes.plot([], [], "-", color=LAW, label="power law, 95% band")
    axes.plot([], [], linestyle=DASHED, color=LAW, label="expected, not measured", **HOLLOW)


def _ends(each: Forecast) -> tuple[float, float, float]:
    return _number(each.score.low), _number(each.score.value), _number(each.score.high)


def _bar(axes: Axes, images: int, score: Estimate, unit: int, look: dict[str, Any]) -> None:
    """Draw a value with its interval."""
    if score.value is None:
        return
    value = unit * score.value
    low, high = (value if end is None else unit * end for end in (score.low, score.high))
    reach = [[value - low], [high - value]]
    axes.errorbar([images], [value], yerr=reach, capsize=3, elinewidth=1.3, zorder=3, **look)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
