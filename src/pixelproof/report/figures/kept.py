"""How often a model is right on what is kept, where its least sure answers are left to a person."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.ticker import PercentFormatter

from pixelproof.evaluation.selective import Kept
from pixelproof.report.figures import style
from pixelproof.report.figures.curves import MOST_INSIDE

MOST_BANDS = 4
"""Models up to which their intervals can be told apart; the tables beside the chart have them anyway."""


def kept_chart(curves: Mapping[str, Kept], unit: str) -> bytes:
    """Draw accuracy over the share that is kept, with the 95% intervals of a few models.

    Args:
        curves: What is kept of each model's answers, by its name.
        unit: What the answers are about, such as "images".

    Returns:
        An SVG file.
    """
    many = len(curves) > MOST_INSIDE
    with style.figure(7.8 if many else 5.6, max(3.6, 0.24 * len(curves))) as drawing:
        axes = drawing.add_subplot()
        for index, (name, found) in enumerate(curves.items()):
            color, dash = style.series(index)
            axes.plot(found.share, found.accuracy, dash, color=color, marker="o", markersize=4, label=style.label(name))
            if len(curves) <= MOST_BANDS:
                axes.fill_between(found.share, found.low, found.high, color=color, alpha=0.12, linewidth=0)
        for line in axes.lines:
            line.set_clip_on(False)  # the marker of all answers is shown whole
        axes.set_xlim(0, 1)
        axes.set_xlabel(f"{unit} kept")
        axes.set_ylabel("of them right")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.grid(axis="y")
        axes.tick_params(length=0)
        if many:
            drawing.legend(loc="outside right upper")
        else:
            axes.legend(loc="lower left")
        return style.saved(drawing)
