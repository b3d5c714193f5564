"""Outlines that people draw on images: COCO and LabelMe files. Input is hostile until it is read."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from pixelproof.array_types import Bool, Float64
from pixelproof.data.drawing import inside, run_lengths, unpacked
from pixelproof.errors import UserError
from pixelproof.labels.drawn import class_name
from pixelproof.runs.files import read_json, read_object
from pixelproof.schema import parse

KNOWN = "give COCO or LabelMe files"
CIRCLE = 72
"""Corners of the outline that stands for a circle."""
FARTHEST = 1e6
"""Pixels from the upper left at which an outline may have a corner."""
KEYS = {"images", "annotations", "categories"}, {"shapes", "imagePath"}
"""Of the records of COCO and of LabelMe."""
FLAT = ("point", "points", "line", "linestrip")
"""Shapes without an area."""
IGNORED = "__ignore__"
"""What LabelMe calls ground that is of no class."""


class _Loose(BaseModel):
    """What is read of a record that holds more."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class _Runs(_Loose):
    counts: list[int] | str
    size: tuple[int, int]


Id = int | str
Corners = list[Annotated[float, Field(ge=-FARTHEST, le=FARTHEST)]]


class _CocoImage(_Loose):
    id: Id
    file_name: str = Field(min_length=1)
    height: float | None = None
    width: float | None = None


class _CocoCategory(_Loose):
    id: Id
    name: str


class _CocoAnnotation(_Loose):
    image_id: Id
    category_id: Id
    segmentation: list[Corners] | Corners | _Runs | None = None


class _Coco(_Loose):
    images: list[_CocoImage]
    categories: list[_CocoCategory]
    annotations: list[_CocoAnnotation]


class _LabelMeShape(_Loose):
    label: str | int
    points: list[Corners]
    shape_type: str | None = None


class _LabelMe(_Loose):
    shapes: list[_LabelMeShape]
    imagePath: str = Field(min_length=1)
    imageHeight: int | None = None
    imageWidth: int | None = None


@dataclass(frozen=True)
class Shape:
    """What is drawn around one thing; without outlines it has no area, as a point or a box alone.

    Attributes:
        name: Of its class.
        outlines: [N, 2] each, x and y in pixels; it is inside where any of them is.
        runs: Pixels outside and inside by turns, in the place of outlines, with the size they are of.
    """

    name: str
    outlines: tuple[Float64, ...] = ()
    runs: tuple[list[int], tuple[int, int]] | None = None

    @property
    def drawn(self) -> bool:
        """Whether it has an area."""
        return self.runs is not None or bool(self.outlines)

    def mask(self, height: int, width: int) -> Bool:
        """Return which pixels' middles it covers, [height, width].

        Raises:
            ValueError: Its runs are of an image of another size.
        """
        if self.runs is None:
            covered: Bool = np.logical_or.reduce([inside(outline, height, width) for outline in self.outlines])
            return covered
        counts, size = self.runs
        if size != (height, width):
            raise ValueError(f"its runs are of {size[1]} x {size[0]} pixels, and the image has {width} x {height}")
        return run_lengths(counts, height, width)


@dataclass(frozen=True)
class Drawing:
    """What is drawn on one image, in the order in which it was.

    Attributes:
        source: The file that says so.
        file: The image, by its path from there or from elsewhere.
        size: (height, width), None where it is not said.
        shapes: The things.
        listed: Whether the file is of many images, and not called as this one.
    """

    source: Path
    file: PurePosixPath
    size: tuple[int, int] | None
    shapes: list[Shape]
    listed: bool = True


def holds_annotations(path: Path) -> bool:
    """Return whether a file is JSON with the keys of COCO or of LabelMe."""
    try:
        values = read_json(path)
    except UserError:
        return False
    return isinstance(values, dict) and any(keys <= values.keys() for keys in KEYS)


def read_annotations(path: Path) -> tuple[dict[str, int], list[Drawing]]:
    """Return the ids of classes by name, none of LabelMe, and what is drawn on each image.

    Raises:
        UserError: The file is neither COCO nor LabelMe, damaged, or contradicts itself.
    """
    values = read_object(path, KNOWN)
    if KEYS[0] <= values.keys():
        return _coco(path, parse(_Coco, values, str(path)))
    if KEYS[1] <= values.keys():
        return {}, [_labelme(path, parse(_LabelMe, values, str(path)))]
    raise UserError(f"{path} holds no annotations that are read", KNOWN)


def _coco(path: Path, found: _Coco) -> tuple[dict[str, int], list[Drawing]]:
    for what, ids in (("categories", found.categories), ("images", found.images)):
        if len({each.id for each in ids}) < len(ids):
            raise UserError(f"{path}: two of its {what} have the same id", "export it again")
    names = {category.id: class_name(category.name) for category in found.categories}
    shapes: dict[Id, list[Shape]] = defaultdict(list)
    for number, each in enumerate(found.annotations):
        if each.category_id not in names:
            problem = f"{path}: 'annotations.{number}' is of the category {each.category_id}, which is not listed"
            raise UserError(problem, "export it again")
        shapes[each.image_id].append(_coco_shape(path, number, names[each.category_id], each.segmentation))
    if unknown := shapes.keys() - {image.id for image in found.images}:
        raise UserError(
            f"{path}: an annotation is of the image {min(unknown, key=str)}, which is not listed", "export it again"
        )
    images = [
        Drawing(path, _posix(image.file_name), _size(image.height, image.width), shapes[image.id])
        for image in found.images
    ]
    return {name: key for key, name in names.items() if isinstance(key, int)}, images


def _coco_shape(path: Path, number: int, name: str, drawn: list[Corners] | Corners | _Runs | None) -> Shape:
    if isinstance(drawn, _Runs):
        try:
            counts = unpacked(drawn.counts) if isinstance(drawn.counts, str) else drawn.counts
        except ValueError as error:
            raise UserError(f"{path}: of 'annotations.{number}' {error}", "export it again") from None
        return Shape(name, runs=(counts, drawn.size))
    outlines = [each for each in drawn or [] if isinstance(each, list)]
    flat = [each for each in drawn or [] if not isinstance(each, list)]
    if any(len(corners) % 2 for corners in (*outlines, flat)):
        raise UserError(f"{path}: an outline of 'annotations.{number}' has an x without a y", "export it again")
    found = (np.array(corners, np.float64).reshape(-1, 2) for corners in (*outlines, flat))
    return Shape(name, tuple(corners for corners in found if len(corners) > 2))


def _labelme(path: Path, found: _LabelMe) -> Drawing:
    shapes = [Shape(class_name(str(s.label)), tuple(_outlines(path, s))) for s in found.shapes]
    size = _size(found.imageHeight, found.imageWidth)
    return Drawing(path, _posix(found.imagePath), size, shapes, listed=False)


def _outlines(path: Path, shape: _LabelMeShape) -> Iterator[Float64]:
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


def _posix(name: str) -> PurePosixPath:
    return PurePosixPath(name.replace("\\", "/"))  # as Windows writes it


def _size(height: float | None, width: float | None) -> tuple[int, int] | None:
    return (round(height), round(width)) if height and width else None
