"""COCO files: outlines or runs of many images. Input is hostile until it is read."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from pixelproof.data.annotations.shapes import Corners, Drawing, Loose, Shape, named, posix, size_of
from pixelproof.data.drawing import unpacked
from pixelproof.errors import UserError
from pixelproof.schema import parse

KEYS = {"images", "annotations", "categories"}
"""Of such a file."""
AGAIN = "export it again"
Id = int | str


class _Runs(Loose):
    counts: list[int] | str
    size: tuple[int, int]


class _Image(Loose):
    id: Id
    file_name: str = Field(min_length=1)
    height: float | None = None
    width: float | None = None


class _Category(Loose):
    id: Id
    name: str


class _Annotation(Loose):
    image_id: Id
    category_id: Id
    segmentation: list[Corners] | Corners | _Runs | None = None


class _Coco(Loose):
    images: list[_Image]
    categories: list[_Category]
    annotations: list[_Annotation]


def read_coco(path: Path, values: dict[str, Any]) -> tuple[dict[str, int], list[Drawing]]:
    """Return the ids of classes by name, and what is drawn on each image.

    Args:
        path: The file.
        values: What it holds.

    Raises:
        UserError: It is damaged, or contradicts itself.
    """
    found = parse(_Coco, values, str(path))
    for what, ids in (("categories", found.categories), ("images", found.images)):
        if len({each.id for each in ids}) < len(ids):
            raise UserError(f"{path}: two of its {what} have the same id", AGAIN)
    names = {category.id: named(path, category.name) for category in found.categories}
    shapes: dict[Id, list[Shape]] = defaultdict(list)
    for number, each in enumerate(found.annotations):
        if each.category_id not in names:
            problem = f"{path}: 'annotations.{number}' is of the category {each.category_id}, which is not listed"
            raise UserError(problem, AGAIN)
        shapes[each.image_id].append(_shape(path, number, names[each.category_id], each.segmentation))
    if unknown := shapes.keys() - {image.id for image in found.images}:
        raise UserError(f"{path}: an annotation is of the image {min(unknown, key=str)}, which is not listed", AGAIN)
    images = [
        Drawing(path, posix(image.file_name), size_of(image.height, image.width), shapes[image.id])
        for image in found.images
    ]
    return {name: key for key, name in names.items() if isinstance(key, int)}, images


def _shape(path: Path, number: int, name: str, drawn: list[Corners] | Corners | _Runs | None) -> Shape:
    if isinstance(drawn, _Runs):
        try:
            counts = unpacked(drawn.counts) if isinstance(drawn.counts, str) else drawn.counts
        except ValueError as error:
            raise UserError(f"{path}: of 'annotations.{number}' {error}", AGAIN) from None
        return Shape(name, runs=(counts, drawn.size))
    outlines = [each for each in drawn or [] if isinstance(each, list)]
    flat = [each for each in drawn or [] if not isinstance(each, list)]
    if any(len(corners) % 2 for corners in (*outlines, flat)):
        raise UserError(f"{path}: an outline of 'annotations.{number}' has an x without a y", AGAIN)
    found = (np.array(corners, np.float64).reshape(-1, 2) for corners in (*outlines, flat))
    return Shape(name, tuple(corners for corners in found if len(corners) > 2))
