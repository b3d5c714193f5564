"""Which images one model does better on than another: a bar for each, from the largest gain to the largest loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pixelproof.report.figures import style

BETTER, WORSE = "#0f6b3d", "#ad1f2d"


def wins(differences: Sequence[float], label: str) -> bytes:
    """Draw differences of images, sorted.

    Args:
        differences: The second model's figure minus the first's on each image, in shares.
        label: What the vertical axis shows.

    Returns:
        An SVG file.
    """
    heights = 100 * np.sort(np.asarray(differences, np.float64))[::-1]
    with style.figure(7.2, 2.6) as drawing:
        axes = drawing.add_subplot()
        edges = np.arange(len(heights) + 1) - 0.5
        for part, color in ((heights > 0, BETTER), (heights < 0, WORSE)):
            # One outline for all bars: thousands of images make no larger file than a few.
            bars = np.append(np.where(part, heights, 0), 0)
            axes.fill_between(edges, 0, bars, step="post", color=color, linewidth=0)
        axes.axhline(0, color=style.INK, linewidth=0.8)
        axes.set_xlim(-0.5, len(heights) - 0.5)
        axes.set_ylabel(label)
        axes.set_xlabel(f"{len(heights)} images, sorted by the difference")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: style.signed_tick(value)))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y")
        return style.saved(drawing)
