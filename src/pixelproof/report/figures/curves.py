"""Training curves: one quantity over the epochs, all models of a part in one chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pixelproof.array_types import Float64
from pixelproof.report.figures import style
from pixelproof.runs.metrics_log import Row

MOST_INSIDE = 6
"""Lines up to which their names find room among them."""


def curves(logs: Mapping[str, Sequence[Row]], column: str, label: str, best: Mapping[str, int | None]) -> bytes | None:
    """Draw ``column`` of training logs over the epochs.

    Args:
        logs: Rows by model; all models of the part, so that each keeps its colour.
        column: A column of ``metrics.csv``.
        label: What the vertical axis shows.
        best: The epoch to mark, by model; None marks nothing.

    Returns:
        An SVG file, or None if no log holds a value.
    """
    lines = {name: _points(rows, column) for name, rows in logs.items()}
    if not any(len(points) for points in lines.values()):
        return None
    many = len(lines) > MOST_INSIDE
    with style.figure(7.8 if many else 5.6, max(3.2, 0.24 * len(lines))) as drawing:
        axes = drawing.add_subplot()
        for index, (name, points) in enumerate(lines.items()):
            if len(points):
                _line(axes, index, name, points, best.get(name))
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


def _line(axes: Axes, index: int, name: str, points: Float64, best: int | None) -> None:
    color, dash = style.series(index)
    # One epoch draws no line, so short logs show their points.
    mark = "o" if len(points) <= 3 else ""
    axes.plot(
        points[:, 0],
        points[:, 1],
        dash,
        color=color,
        label=style.label(name),
        linewidth=1.8,
        marker=mark,
    )
    chosen = points[points[:, 0] == best]
    axes.plot(chosen[:, 0], chosen[:, 1], "o", color="white", markeredgecolor=color, markeredgewidth=2, markersize=8)
