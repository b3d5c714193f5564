"""CVAT's own files, "CVAT for images 1.1": shapes of many images. Input is hostile until it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from xml.etree.ElementTree import Element

import numpy as np
from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt

from pixelproof.data.annotations.shapes import (
    FARTHEST,
    Corners,
    Drawing,
    Loose,
    Shape,
    ellipse,
    named,
    posix,
    size_of,
)
from pixelproof.data.layouts.listing import split_name
from pixelproof.errors import UserError
from pixelproof.schema import parse

ROOT = "annotations"
"""The outermost element of such a file."""
USUAL = "annotations.xml"
"""What CVAT calls it."""
AGAIN = "export it again"
Far = Annotated[float, Field(ge=-FARTHEST, le=FARTHEST)]


def _split(sign: str) -> BeforeValidator:
    return BeforeValidator(lambda text: text.split(sign) if isinstance(text, str) else text)


class _Image(Loose):
    name: str = Field(min_length=1)
    width: float | None = None
    height: float | None = None
    subset: str = ""


class _Shape(Loose):
    """A shape that does not say which pixels a thing covers."""

    label: str
    z_order: int = 0

    def of(self, name: str) -> Shape:
        """Return what is drawn of a class."""
        return Shape(name)


class _Polygon(_Shape):
    points: Annotated[list[Annotated[Corners, _split(","), Field(min_length=2, max_length=2)]], _split(";")]

    def of(self, name: str) -> Shape:
        return Shape(name, (np.array(self.points, np.float64),) if len(self.points) > 2 else ())


class _Ellipse(_Shape):
    cx: Far
    cy: Far
    rx: Far
    ry: Far
    rotation: float = 0

    def of(self, name: str) -> Shape:
        return Shape(name, (ellipse((self.cx, self.cy), (self.rx, self.ry), self.rotation),))


class _Mask(_Shape):
    rle: Annotated[list[NonNegativeInt], _split(",")]
    left: int
    top: int
    width: PositiveInt
    height: PositiveInt

    def of(self, name: str) -> Shape:
        return Shape(name, runs=(self.rle, (self.height, self.width)), at=(self.top, self.left))


FLAT = ("box", "polyline", "points", "cuboid", "skeleton")
KINDS: dict[str, type[_Shape]] = {
    "polygon": _Polygon,
    "ellipse": _Ellipse,
    "mask": _Mask,
    **dict.fromkeys(FLAT, _Shape),
}


def read_cvat(path: Path, root: Element) -> tuple[dict[str, int], list[Drawing]]:
    """Return the numbers of classes by name, from 1 as in CVAT's COCO files, and what is drawn on each image.

    Args:
        path: The file.
        root: What it holds.

    Raises:
        UserError: It is damaged, contradicts itself, or is of a video.
    """
    if root.find("track") is not None:
        raise UserError(f"{path} is CVAT's format for videos", "export 'CVAT for images 1.1'")
    # Those with a parent are of a skeleton's points.
    labels = [each for each in root.iterfind("meta//labels/label") if each.find("parent") is None]
    names = dict.fromkeys(each.findtext("name", "") for each in labels)
    whole = root.findtext("meta/task/subset") or root.findtext("meta/job/subset") or ""
    drawn = [_drawing(path, image, set(names), whole) for image in root.iterfind("image")]
    return {named(path, name): number for number, name in enumerate(names, start=1)}, drawn


def _drawing(path: Path, element: Element, names: set[str], whole: str) -> Drawing:
    """Return what is drawn on an image, the nearest to the camera last.

    Args:
        path: The file.
        element: The image.
        names: Of the classes that the file lists; empty where it lists none.
        whole: The subset of all images, where they do not say their own.
    """
    image = parse(_Image, element.attrib, f"{path}: an image")
    shapes = [_shape(f"{path}: a {each.tag} on {image.name}", each, names) for each in element if each.tag != "tag"]
    # Images of a video have no suffix there, and are exported as PNG; those of a project lie in folders of its subsets.
    file = posix(image.subset) / posix(image.name if posix(image.name).suffix else f"{image.name}.PNG")
    split = split_name(Path(image.subset or whole)) or ""
    drawn = [each.of(named(path, each.label)) for each in sorted(shapes, key=lambda shape: shape.z_order)]
    return Drawing(path, file, size_of(image.height, image.width), drawn, split=split)


def _shape(where: str, element: Element, names: set[str]) -> _Shape:
    if element.tag not in KINDS:
        raise UserError(f"{where} is not read", "make a polygon of it")
    shape = parse(KINDS[element.tag], element.attrib, where)
    if names and shape.label not in names:
        raise UserError(f"{where} is a '{shape.label}', which the file does not list", AGAIN)
    return shape
