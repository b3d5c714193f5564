"""Training curves: a quantity over the epochs, all models of a part in one chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pixelproof.array_types import Float64
from pixelproof.report.figures import style
from pixelproof.runs.metrics_log import Row

MOST_INSIDE = 6
"""Lines up to which their names find room among them."""
MARKS = ("o", "s", "D", "^")
"""At the ends of the lines of a model, where dashes tell columns apart."""


def curves(
    logs: Mapping[str, Sequence[Row]], columns: Mapping[str, str], label: str, best: Mapping[str, int | None]
) -> bytes | None:
    """Draw columns of training logs over the epochs, the first one solid and the second one dashed.

    Args:
        logs: Rows by model; all models of the part, so that each keeps its colour.
        columns: One or two columns of ``metrics.csv``, and what the legend calls them where both hold a value.
        label: What the vertical axis shows.
        best: The epoch to mark, by model; None marks nothing.

    Returns:
        An SVG file, or None if no log holds a value.
    """
    found = {column: [_points(rows, column) for rows in logs.values()] for column in columns}
    drawn = {column: lines for column, lines in found.items() if any(map(len, lines))}
    if not drawn:
        return None
    many = len(logs) > MOST_INSIDE
    with style.figure(7.8 if many else 5.6, max(3.2, 0.24 * len(logs))) as drawing:
        axes = drawing.add_subplot()
        for place, (column, lines) in enumerate(drawn.items()):
            for index, (name, points) in enumerate(zip(logs, lines, strict=True)):
                if len(points):
                    _line(axes, points, _look(index, name, place, len(drawn)), best.get(name))
            if len(drawn) > 1:
                axes.plot([], [], style.DASHES[place], color=style.MUTED, label=columns[column])
        axes.set_xlabel("epoch")
        axes.set_ylabel(label)
        axes.grid(axis="y")
        axes.tick_params(length=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))  # of one epoch, too
        if many:
            drawing.legend(loc="outside right upper")
        else:
            axes.legend(loc="best")
        return style.saved(drawing)


def _points(rows: Sequence[Row], column: str) -> Float64:
    """Return (epoch, value) pairs, float64 [N, 2], without those that have no finite value."""
    pairs = np.array([(row["epoch"], row[column]) for row in rows], np.float64).reshape(-1, 2)
    kept: Float64 = pairs[np.isfinite(pairs).all(axis=1)]
    return kept


def _look(index: int, name: str, place: int, columns: int) -> dict[str, Any]:
    """Return the look of a model's line, in the column at ``place`` of so many; the legend names the model once."""
    color, dash = style.series(index)
    named = {"label": style.label(name)} if place == 0 else {}
    if columns == 1:
        return {"color": color, "linestyle": dash, **named}
    mark = MARKS[style.turn(index)]
    return {"color": color, "linestyle": style.DASHES[place], "marker": mark, "markevery": [-1], **named}


def _line(axes: Axes, points: Float64, look: dict[str, Any], best: int | None) -> None:
    if len(points) <= 3:  # one epoch draws no line, so short logs show their points
        look = {"marker": "o"} | look | {"markevery": None}
    axes.plot(points[:, 0], points[:, 1], linewidth=1.8, **look)
    chosen = points[points[:, 0] == best]
    ring = {"markeredgecolor": look["color"], "markeredgewidth": 2, "markersize": 8}
    axes.plot(chosen[:, 0], chosen[:, 1], "o", color="white", **ring)
