"""Outlines that people draw on images: COCO and LabelMe files. Input is hostile until it is read."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from pixelproof.array_types import Bool, Float64
from pixelproof.data.drawing import inside, run_lengths, unpacked
from pixelproof.errors import UserError
from pixelproof.labels.drawn import class_name
from pixelproof.runs.files import read_object
from pixelproof.schema import parse

KNOWN = "give COCO or LabelMe files"
CIRCLE = 72
"""Corners of the outline that stands for a circle."""


class _Loose(BaseModel):
    """What is read of a record that holds more."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class _Runs(_Loose):
    counts: list[int] | str
    size: tuple[int, int]


class _CocoImage(_Loose):
    id: int
    file_name: str = Field(min_length=1)
    height: int | None = None
    width: int | None = None


class _CocoCategory(_Loose):
    id: int
    name: str


class _CocoAnnotation(_Loose):
    image_id: int
    category_id: int
    segmentation: list[list[float]] | _Runs = Field(default_factory=list)


class _Coco(_Loose):
    images: list[_CocoImage]
    categories: list[_CocoCategory]
    annotations: list[_CocoAnnotation]


class _LabelMeShape(_Loose):
    label: str
    points: list[tuple[float, float]]
    shape_type: str = "polygon"


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
class Annotated:
    """What is drawn on one image, in the order in which it was.

    Attributes:
        source: The file that says so.
        file: The image, by its path from there or from elsewhere.
        size: (height, width), None where it is not said.
        shapes: The things.
    """

    source: Path
    file: PurePosixPath
    size: tuple[int, int] | None
    shapes: list[Shape]


def read_annotations(path: Path) -> tuple[dict[str, int], list[Annotated]]:
    """Return the ids of classes by name, none of LabelMe, and what is drawn on each image.

    Raises:
        UserError: The file is neither COCO nor LabelMe, damaged, or contradicts itself.
    """
    values = read_object(path, KNOWN)
    if {"images", "annotations", "categories"} <= values.keys():
        return _coco(path, parse(_Coco, values, str(path)))
    if {"shapes", "imagePath"} <= values.keys():
        return {}, [_labelme(path, parse(_LabelMe, values, str(path)))]
    raise UserError(f"{path} holds no annotations that are read", KNOWN)


def _coco(path: Path, found: _Coco) -> tuple[dict[str, int], list[Annotated]]:
    names = {category.id: class_name(category.name) for category in found.categories}
    shapes: dict[int, list[Shape]] = defaultdict(list)
    for number, each in enumerate(found.annotations):
        if each.category_id not in names:
            problem = f"{path}: 'annotations.{number}' is of the category {each.category_id}, which is not listed"
            raise UserError(problem, "export it again")
        shapes[each.image_id].append(_coco_shape(path, number, names[each.category_id], each.segmentation))
    if unknown := shapes.keys() - {image.id for image in found.images}:
        raise UserError(f"{path}: an annotation is of the image {min(unknown)}, which is not listed", "export it again")
    images = [
        Annotated(path, _posix(image.file_name), _size(image.height, image.width), shapes[image.id])
        for image in found.images
    ]
    return {name: key for key, name in names.items()}, images


def _coco_shape(path: Path, number: int, name: str, drawn: list[list[float]] | _Runs) -> Shape:
    if isinstance(drawn, _Runs):
        try:
            counts = unpacked(drawn.counts) if isinstance(drawn.counts, str) else drawn.counts
        except ValueError as error:
            raise UserError(f"{path}: of 'annotations.{number}' {error}", "export it again") from None
        return Shape(name, runs=(counts, drawn.size))
    if any(len(corners) % 2 for corners in drawn):
        raise UserError(f"{path}: an outline of 'annotations.{number}' has an x without a y", "export it again")
    return Shape(name, tuple(np.array(corners).reshape(-1, 2) for corners in drawn if corners))


def _labelme(path: Path, found: _LabelMe) -> Annotated:
    shapes = [Shape(class_name(s.label), tuple(_outlines(s))) for s in found.shapes]
    return Annotated(path, _posix(found.imagePath), _size(found.imageHeight, found.imageWidth), shapes)


def _outlines(shape: _LabelMeShape) -> Iterator[Float64]:
    """Yield the outline of a shape, nothing of one without an area, such as a line."""
    points = np.array(shape.points, np.float64).reshape(-1, 2)
    if shape.shape_type == "polygon" and len(points) > 2:
        yield points
    elif shape.shape_type == "rectangle" and len(points) == 2:
        (left, top), (right, bottom) = points
        yield np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    elif shape.shape_type == "circle" and len(points) == 2:
        angle = 2 * math.pi * np.arange(CIRCLE) / CIRCLE
        yield points[0] + math.dist(*points) * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _posix(name: str) -> PurePosixPath:
    return PurePosixPath(name.replace("\\", "/"))  # as Windows writes it


def _size(height: int | None, width: int | None) -> tuple[int, int] | None:
    return (height, width) if height and width else None
