"""The t-SNE map: every class has a colour, a marker shape, and its number at the median of its points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import AbstractPathEffect, withStroke

from pixelproof.array_types import Float32, Float64
from pixelproof.labels import LabelScheme, distinct_colors
from pixelproof.labels.palettes import hex_color
from pixelproof.numbers import shortened
from pixelproof.report.figures import style
from pixelproof.runs import Features

SIDE = 8.2  # inches of the map
SHAPES = {
    "o": "M0-4.5A4.5 4.5 0 1 1 0 4.5 4.5 4.5 0 1 1 0-4.5Z",
    "s": "M-4-4H4V4H-4Z",
    "^": "M0-5 5 4H-5Z",
    "D": "M0-5.5 5.5 0 0 5.5-5.5 0Z",
    "v": "M0 5 5-4H-5Z",
    "P": "M-1.8-5H1.8V-1.8H5V1.8H1.8V5H-1.8V1.8H-5V-1.8H-1.8Z",
}
"""Matplotlib's markers and the same shapes as SVG paths within -6..6, for legends on the page."""


@dataclass(frozen=True)
class Key:
    """How one class appears on the map.

    Attributes:
        number: The number drawn at its points.
        name: The class's name.
        color: As ``#rrggbb``.
        marker: A key of ``SHAPES``.
        path: The marker as an SVG path.
    """

    number: str
    name: str
    color: str
    marker: str
    path: str


def legend(scheme: LabelScheme) -> list[Key]:
    """Return how each class of a scheme appears on the map."""
    keys = []
    markers = list(SHAPES)
    for index, (label, rgb) in enumerate(zip(scheme.classes, distinct_colors(len(scheme.classes)), strict=True)):
        marker = markers[index % len(markers)]
        keys.append(Key(str(label.id), label.name, hex_color(rgb), marker, SHAPES[marker]))
    return keys


def tsne(
    features: Features, kind: Literal["svg", "png"] = "svg", names: bool = False, beneath: Float32 | None = None
) -> bytes:
    """Draw the map of features.

    Args:
        features: Their ``map`` and ``truth`` are drawn.
        kind: The file format.
        names: Whether the figure carries its own legend of names, for use outside the page.
        beneath: [M, 2], places of other images on the same map, which are drawn in grey.

    Returns:
        The figure as a file's bytes.
    """
    keys = legend(features.scheme)
    columns = -(-len(keys) // 25) if names else 0
    labels = [f"{key.number}  {shortened(key.name, 24)}" if key.number != key.name else key.name for key in keys]
    with style.figure(SIDE + max(1.75, 0.55 + style.widest(labels, 9)) * columns, SIDE) as drawing:
        axes = drawing.add_subplot()
        axes.set_aspect("equal", adjustable="datalim")
        if beneath is not None:
            axes.scatter(beneath[:, 0], beneath[:, 1], s=_area(len(beneath)), c=style.LINE, linewidths=0)
        _points(axes, features, keys)
        style.bare(axes)
        if names:
            _legend(drawing, keys, labels, columns)
        drawing.draw_without_rendering()  # settles the limits, in whose units the numbers find their places
        _numbers(axes, features, keys)
        return style.saved(drawing, kind)


def spread(anchors: Float64, width: float, height: float) -> Float64:
    """Return places near ``anchors``, float64 [N, 2], at which boxes of a size overlap no more, or hardly.

    Overlapping boxes push each other apart along the axis on which less is missing; equal anchors part by index.
    """
    places = anchors + 1e-6 * np.arange(len(anchors))[:, None]
    size = np.array([width, height])
    for _ in range(200):
        offset = places[:, None] - places[None]
        lacking = np.clip(size - np.abs(offset), 0, None)
        lacking[np.eye(len(places), dtype=bool)] = 0
        overlap = (lacking > 0).all(axis=2)
        if not overlap.any():
            break
        along = lacking / size == (lacking / size).min(axis=2, keepdims=True)
        places += (np.sign(offset) * lacking * (along & overlap[..., None])).sum(axis=1) / 4
    return places


def _points(axes: Axes, features: Features, keys: list[Key]) -> None:
    size = _area(len(features.ids))
    for index, key in enumerate(keys):
        x, y = features.map[features.truth == index].T
        axes.scatter(x, y, s=size, c=key.color, marker=key.marker, linewidths=0.3, edgecolors="white", alpha=0.85)


def _area(points: int) -> float:
    """Return the area of a marker among that many, in square points."""
    return float(np.clip(44000 / max(points, 1), 12, 60))


def _numbers(axes: Axes, features: Features, keys: list[Key]) -> None:
    """Write each class's number at the median of its points, or beside it with a line where numbers would overlap."""
    clouds = {i: features.map[features.truth == i] for i in range(len(keys)) if (features.truth == i).any()}
    unit = np.diff(axes.get_xlim()).item() / SIDE  # data units an inch
    medians = np.array([np.median(cloud, axis=0) for cloud in clouds.values()], np.float64).reshape(-1, 2)
    # Above a few points, amid many: a number must not hide the points it names.
    anchors = medians + [(0.0, 0.17 * unit if len(cloud) < 4 else 0.0) for cloud in clouds.values()]
    places = spread(anchors, 0.30 * unit, 0.21 * unit)
    for index, median, anchor, place in zip(clouds, medians, anchors, places, strict=True):
        if np.linalg.norm(place - anchor) > 0.12 * unit:
            x, y = np.stack([median, place]).T
            axes.plot(x, y, color=style.INK, linewidth=0.8, path_effects=_halo(2))
        _number(axes, place, keys[index].number)


def _number(axes: Axes, place: Float64, number: str) -> None:
    look: dict[str, Any] = {"size": 12, "weight": "bold", "color": style.INK, "ha": "center", "va": "center"}
    axes.text(place[0], place[1], number, path_effects=_halo(4), zorder=10, **look)


def _halo(width: float) -> list[AbstractPathEffect]:
    return [withStroke(linewidth=width, foreground="white")]


def _legend(drawing: Figure, keys: list[Key], labels: list[str], columns: int) -> None:
    handles = [
        Line2D([], [], color=key.color, marker=key.marker, linestyle="", markersize=7, markeredgewidth=0)
        for key in keys
    ]
    drawing.legend(handles, labels, loc="outside right upper", ncols=columns, fontsize=9, handletextpad=0.2)
