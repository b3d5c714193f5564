"""Precision over recall, a line for each class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pixelproof.array_types import Float64
from pixelproof.report.figures import style


def precision_recall_chart(curves: Mapping[str, tuple[Float64, Float64]]) -> bytes:
    """Draw precision over recall.

    Args:
        curves: Precision and recall, [T] each, from the highest probability on, by the class's name.

    Returns:
        An SVG file.
    """
    with style.figure(7.2, 3.8) as drawing:
        axes = drawing.add_subplot()
        for index, (name, (precision, recall)) in enumerate(curves.items()):
            color, dash = style.series(index)
            steps = np.append(0, recall), np.append(precision[0], precision)
            axes.step(*steps, dash, where="pre", color=color, label=style.label(name), linewidth=1.6)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("recall: part of the class that is found")
        axes.set_ylabel("precision: of those found, right")
        axes.grid(axis="y")
        axes.tick_params(length=0)
        drawing.legend(loc="outside right upper")
        return style.saved(drawing)
