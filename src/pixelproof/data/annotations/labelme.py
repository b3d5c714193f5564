"""LabelMe files: shapes on one image each. Input is hostile until it is read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from pixelproof.array_types import Float64
from pixelproof.data.annotations.shapes import Corners, Drawing, Loose, Shape, posix, size_of
from pixelproof.errors import UserError
from pixelproof.labels.drawn import class_name
from pixelproof.schema import parse

KEYS = {"shapes", "imagePath"}
"""Of such a file."""
CIRCLE = 72
"""Corners of the outline that stands for a circle."""
FLAT = ("point", "points", "line", "linestrip")
"""Shapes without an area."""


class _Shape(Loose):
    label: str | int
    points: list[Corners]
    shape_type: str | None = None


class _LabelMe(Loose):
    shapes: list[_Shape]
    imagePath: str = Field(min_length=1)
    imageHeight: float | None = None
    imageWidth: float | None = None


def read_labelme(path: Path, values: dict[str, Any]) -> Drawing:
    """Return what is drawn on the image of a file.

    Args:
        path: The file.
        values: What it holds.

    Raises:
        UserError: It is damaged, or has a shape of another kind.
    """
    found = parse(_LabelMe, values, str(path))
    shapes = [Shape(class_name(str(s.label)), tuple(_outlines(path, s))) for s in found.shapes]
    size = size_of(found.imageHeight, found.imageWidth)
    return Drawing(path, posix(found.imagePath), size, shapes, listed=False)


def _outlines(path: Path, shape: _Shape) -> Iterator[Float64]:
    """Yield the outline of a shape, nothing of one without an area, such as a line."""
    if any(len(point) < 2 for point in shape.points):
        raise UserError(f"{path}: a '{shape.label}' has an x without a y", "save it again")
    points = np.array([point[:2] for point in shape.points], np.float64).reshape(-1, 2)
    kind = shape.shape_type or "polygon"
    if kind == "circle" and len(points) == 2:
        angle = 2 * math.pi * np.arange(CIRCLE) / CIRCLE
        yield points[0] + math.dist(*points) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    elif kind == "rectangle" and len(points) == 2:
        (left, top), (right, bottom) = points
        yield np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    elif kind in ("polygon", "rectangle", "rotation"):
        if len(points) > 2:
            yield points
    elif kind not in FLAT:
        raise UserError(f"{path}: a '{shape.label}' is a {kind}, which is not read", "make a polygon of it")
