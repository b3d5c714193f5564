"""What stress costs models: the score by strength, with intervals, and how sure the models are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

from pixelproof.report.figures import style
from pixelproof.runs.stress_file import Curve, State

_AS_IS: dict[str, Any] = {"marker": "o", "markersize": 4, "markerfacecolor": "white", "linewidth": 0.8}


def stress_curves(curves: Mapping[str, tuple[State, Curve]], score: str, percent: bool, sure: bool) -> bytes:
    """Draw the score by strength, each model a line with a band, and how sure the model is as a dotted line.

    Args:
        curves: By model what it is on images as they are, and under one stress.
        score: What the score is called.
        percent: Whether it is told in per cent.
        sure: Whether confidence is drawn: it can be compared with the share that is right alone.

    Returns:
        An SVG file.
    """
    first = next(iter(curves.values()))[1]
    with style.figure(4.4, 3.0) as drawing:
        axes = drawing.add_subplot()
        for index, (name, (untouched, curve)) in enumerate(curves.items()):
            _line(axes, index, name, untouched, curve, sure)
        if sure:
            axes.plot([], [], ":", color=style.MUTED, label="confidence")
        if apart := first.cells[-1].before is not None:
            axes.plot([], [], color=style.MUTED, label="as is, same pixels", **_AS_IS)
        places = range(1 + len(first.cells))
        axes.set_xticks(list(places), ["as is", *(f"{cell.strength:g}" for cell in first.cells)])
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"] if percent else None)
        axes.set_ylabel(f"{style.label(score)}{', %' * percent}")
        axes.set_xlabel(f"{first.stress}, {first.unit}")
        axes.grid(axis="y")
        axes.tick_params(length=0)
        if len(curves) > 1 or sure or apart:
            axes.legend(loc="best", fontsize=9)
        return style.saved(drawing)


def _line(axes: Axes, index: int, name: str, untouched: State, curve: Curve, sure: bool) -> None:
    """Draw one model; strengths stand side by side at equal distances.

    Where images as they are count on other pixels for each strength, what is lost is the gap to a line of these.
    """
    color, dash = style.series(index)
    states = [untouched, *curve.cells]
    values = [_number(state.score.value) for state in states]
    low, high = (
        [_number(state.score.value if end is None else end) for state, end in zip(states, ends, strict=True)]
        for ends in ([s.score.low for s in states], [s.score.high for s in states])
    )
    places = range(len(states))
    axes.fill_between(places, low, high, color=color, alpha=0.15, linewidth=0)
    axes.plot(places, values, dash, color=color, marker="o", markersize=4, linewidth=1.8, label=style.label(name))
    if curve.cells[-1].before is not None:
        before = [untouched, *(cell.before or untouched for cell in curve.cells)]
        axes.plot(places, [_number(state.score.value) for state in before], color=color, **_AS_IS)
    if sure:
        axes.plot(places, [_number(state.confidence) for state in states], ":", color=color, linewidth=1.4)
    for line in axes.lines:
        line.set_clip_on(False)  # a point at 100 is shown whole


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
