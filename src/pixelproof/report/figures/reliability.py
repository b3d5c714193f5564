"""The reliability diagram: how often a model is right, by how sure it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pixelproof.evaluation.calibration import BINS, Reliability
from pixelproof.report.figures import style

MARKERS = ("o", "s")


def reliability_diagram(curves: Mapping[str, Reliability]) -> bytes:
    """Draw accuracy over confidence, and below it how many predictions fall into each bin.

    Args:
        curves: Reliabilities by their names; one or two.

    Returns:
        An SVG file.
    """
    with style.figure(5.2, 5.0) as drawing:
        axes, counts = drawing.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        axes.plot([0, 1], [0, 1], ":", color=style.MUTED, linewidth=1.2, label="as sure as right")
        places = (np.arange(BINS) + 0.5) / BINS
        for index, (name, found) in enumerate(curves.items()):
            color, dash = style.series(index)
            mark = MARKERS[index % len(MARKERS)]
            axes.plot(found.confidence, found.accuracy, dash, color=color, marker=mark, markersize=5, label=name)
            share = found.count / max(found.count.sum(), 1)
            width = 0.9 / BINS / len(curves)
            counts.bar(places + (index - (len(curves) - 1) / 2) * width, share, width, color=color)
        for line in axes.lines:
            line.set_clip_on(False)  # a marker at 0 or 1 is shown whole
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_ylabel("share that is right")
        axes.legend(loc="best")
        counts.set_xlabel("confidence")
        counts.set_ylabel("share of all")
        for each in (axes, counts):
            each.grid(axis="y")
            each.tick_params(length=0)
        counts.tick_params(axis="x", pad=8)  # below the 0 of the other axis
        return style.saved(drawing)
