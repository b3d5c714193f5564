"""What all figures share: how they look, and how they become equal bytes for equal data."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from pixelproof.numbers import shortened

INK, MUTED, LINE = "#1f2328", "#59636e", "#d1d9e0"
SERIES = ("#0b5cad", "#c2410c", "#15803d", "#7e22ce", "#0e7490", "#be123c", "#854d0e", "#475569")
"""Colours of the models in charts, in the study's order; dark enough to read on white."""
MISSING = "Glyph .* missing from font"
DOTS = 200
"""To an inch of a PNG; the layout of an SVG is found at as many."""
DASHES = ("-", "--", "-.", ":")

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # the one font that Matplotlib brings along, so equal on every machine
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#e6eaef",
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
    "text.parse_math": False,  # a class may be called "$x$"
    "svg.fonttype": "path",
    "svg.hashsalt": "pixelproof",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@contextmanager
def figure(width: float, height: float) -> Iterator[Figure]:
    """Give an empty figure of a size in inches; draw and save it inside the block, where the style holds."""
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        # Class names may be in any script; what the font lacks becomes a box, and the page spells it out beside.
        warnings.filterwarnings("ignore", message=MISSING)
        yield Figure(figsize=(width, height), layout="constrained")


def saved(drawing: Figure, kind: Literal["svg", "png"] = "svg") -> bytes:
    """Return the figure as a file's bytes, without a date; PNG at 200 dots an inch."""
    buffer = io.BytesIO()
    drawing.set_dpi(DOTS)
    canvas: Any = FigureCanvasSVG(drawing) if kind == "svg" else FigureCanvasAgg(drawing)
    # What ``savefig`` does as well, which draws everything once more to find each its place.
    if (layout := drawing.get_layout_engine()) is not None:
        layout.execute(drawing)  # by the canvas, whose texts are as wide as in the file
        drawing.set_layout_engine("none")
    if kind == "svg":
        canvas.print_svg(buffer, metadata={"Date": None, "Creator": None})
    else:
        canvas.print_png(buffer, metadata={"Software": None})
    return buffer.getvalue()


def label(name: str) -> str:
    """Return a name for a legend, which passes over those that begin with an underscore."""
    name = shortened(name, 40)
    return name.replace("_", " ", 1) if name.startswith("_") else name


def widest(texts: Sequence[str], size: float) -> float:
    """Return the width in inches of the widest text at a font size in points."""
    return max(_width(text, size) for text in texts) / 72


@lru_cache(4096)  # a figure is drawn for the page, and in two formats for print
def _width(text: str, size: float) -> float:
    """Return the width of a text in points."""
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=MISSING)
        return float(TextPath((0, 0), text, size=size).get_extents().width)


def bare(axes: Axes) -> None:
    """Remove ticks and the frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def series(index: int) -> tuple[str, str]:
    """Return (colour, dash pattern) of the model at ``index``, told apart even in grey."""
    return SERIES[index % len(SERIES)], DASHES[turn(index)]


def turn(index: int) -> int:
    """Return which of four dashes or shapes the model at ``index`` has; with its colour, no two of 32 are alike."""
    return (index + index // len(SERIES)) % len(DASHES)


def signed_tick(value: float) -> str:
    """Return the label of a difference on an axis: ``+5``, ``−5`` or ``0``."""
    return f"{value:+g}".replace("-", "−") if value else "0"
