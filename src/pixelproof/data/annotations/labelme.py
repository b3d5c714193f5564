"""LabelMe files: shapes on one image each. Input is hostile until it is read."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydantic import Field

from pixelproof.array_types import Bool, Float64
from pixelproof.data.annotations.shapes import Corners, Drawing, Loose, Shape, ellipse, named, posix, size_of
from pixelproof.data.images import opened
from pixelproof.errors import UserError
from pixelproof.schema import parse

KEYS = {"shapes", "imagePath"}
"""Of such a file."""
FLAT = ("point", "points", "line", "linestrip")
"""Shapes without an area."""


class _Shape(Loose):
    label: str | int
    points: list[Corners]
    shape_type: str | None = None
    mask: str | None = None


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
    shapes = [_shape(path, each) for each in found.shapes]
    size = size_of(found.imageHeight, found.imageWidth)
    return Drawing(path, posix(found.imagePath), size, shapes, listed=False)


def _shape(path: Path, shape: _Shape) -> Shape:
    name = named(path, str(shape.label))
    if shape.shape_type == "mask":
        patch, at = _patch(path, shape)
        return Shape(name, patch=patch, at=at) if patch.any() else Shape(name)
    return Shape(name, tuple(_outlines(path, shape)))


def _patch(path: Path, shape: _Shape) -> tuple[Bool, tuple[int, int]]:
    """Return the image that a file keeps of a shape as text, and the row and column of its upper left corner."""
    where = f"{path}: the mask of a '{shape.label}'"
    try:
        data = base64.b64decode("".join((shape.mask or "").split()), validate=True)
        (left, top), (right, bottom) = np.rint(shape.points).astype(np.int64).tolist()
    except ValueError:
        raise UserError(f"{where} has no text of base64, or not two corners", "save it again") from None
    with opened(where, io.BytesIO(data), mask=True) as image:
        if image.size != (right - left + 1, bottom - top + 1):
            raise UserError(f"{where} is {image.width} x {image.height} pixels and its box is not", "save it again")
        return _covered(image), (top, left)


def _covered(image: Image.Image) -> Bool:
    """Return what is not black, or not transparent where only a part is."""
    alpha = np.asarray(image.convert("RGBA"))[..., 3] if image.has_transparency_data else np.zeros(1, np.uint8)
    return (alpha if alpha.min() < alpha.max() else np.asarray(image.convert("L"))) > 0


def _outlines(path: Path, shape: _Shape) -> Iterator[Float64]:
    """Yield the outline of a shape, nothing of one without an area, such as a line."""
    if any(len(point) < 2 for point in shape.points):
        raise UserError(f"{path}: a '{shape.label}' has an x without a y", "save it again")
    points = np.array([point[:2] for point in shape.points], np.float64).reshape(-1, 2)
    kind = shape.shape_type or "polygon"
    if kind == "circle" and len(points) == 2:
        yield ellipse(points[0], [math.dist(*points)] * 2)
    elif kind == "rectangle" and len(points) == 2:
        (left, top), (right, bottom) = points
        yield np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    elif kind in ("polygon", "rectangle", "rotation"):
        if len(points) > 2:
            yield points
    elif kind not in FLAT:
        raise UserError(f"{path}: a '{shape.label}' is a {kind}, which is not read", "make a polygon of it")
