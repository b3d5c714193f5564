"""YOLO's labels: a text for each image, as Ultralytics and Roboflow keep them. Input is hostile until it is read."""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from pydantic import field_validator

from pixelproof.data.annotations.shapes import Drawing, Loose, Shape, named, posix
from pixelproof.data.annotations.yolo_splits import AGAIN, Splits, lines
from pixelproof.data.layouts.listing import folders_below, folders_in, images_in, unread_in
from pixelproof.errors import UserError
from pixelproof.numbers import counted
from pixelproof.progress import say, say_once
from pixelproof.schema import parse

KEYS = {"names"}
"""Of the file that names the classes."""
USUAL = "data.yaml"
"""What the file that names the classes is mostly called."""
IMAGES, LABELS = "images", "labels"
"""Folders whose files have equal names."""
SPLITS = {"train": "train", "val": "validation", "test": "test"}
BEYOND = 0.1
"""How far beyond an image, as a part of it, an outline may have a corner; what is rounded is nearer."""


class _Yolo(Loose):
    names: dict[int, str]
    path: str | None = None
    train: tuple[str, ...] = ()
    val: tuple[str, ...] = ()
    test: tuple[str, ...] = ()

    @field_validator("names", mode="before")
    @classmethod
    def _numbered(cls, names: Any) -> Any:
        """Number a list of names, and take numbers as names."""
        numbered = dict(enumerate(names)) if isinstance(names, list) else names
        if not isinstance(numbered, dict):
            return names
        if len({str(number) for number in numbered}) < len(numbered):
            raise ValueError("a number is given twice")
        return {k: str(name) if type(name) in (int, float) else name for k, name in numbered.items()}

    @field_validator(*SPLITS, mode="before")
    @classmethod
    def _listed(cls, places: Any) -> Any:
        return () if places is None else (places,) if isinstance(places, str) else places


def read_yolo(path: Path, values: dict[str, Any]) -> tuple[dict[str, int], list[Drawing]]:
    """Return the numbers of classes by name, and what is drawn on each image in the folders beside the file.

    An image without labels of its own has nothing on it, if others of its folder have labels.

    Args:
        path: The file that names the classes.
        values: What it holds.

    Raises:
        UserError: It, or the labels of an image, are damaged, or there are none.
    """
    found = parse(_Yolo, values, str(path))
    root = path.parent
    names = {number: named(path, name) for number, name in found.names.items()}
    labels: dict[Path, Path] = {}
    for file in _labels(root):
        if (other := labels.setdefault(_image(root, file), file)) is not file:
            raise UserError(f"{other} and {file} are of one image", "delete one of them")
    if not labels:
        problem = f"{root} holds no folder '{LABELS}' with a text for each image in '{IMAGES}' beside it"
        raise UserError(problem, f"put {path.name} into the folder that holds both")
    drawn, real = [], cache(Path.resolve)
    images = [image for folder in folders_below(root, _own) for image in images_in(folder)]
    splits = Splits(path, found.path, images).of({split: getattr(found, key) for key, split in SPLITS.items()})
    for image, place in _labelled(root, images, {place.parent for place in labels}).items():
        label = labels.pop(place, None)
        where = posix(image.relative_to(root).as_posix())
        shapes = _shapes(label, names) if label else []
        known, split = real(image.parent) / image.name, splits.get(image, "")
        drawn.append(Drawing(label or path, where, None, shapes, listed=False, split=split, image=known))
    # Labels alone are said to be of themselves, which is no image, so that they count as missing.
    drawn += [Drawing(f, PurePosixPath(f.as_posix()), None, [], listed=False, image=f) for f in labels.values()]
    return {name: number for number, name in names.items()}, drawn


def _own(folder: Path) -> list[Path]:
    """Return the folders in a folder that have no file of classes of their own, which may number them otherwise."""
    inside = {each: (each / USUAL).is_file() for each in folders_in(folder)}
    for each in (each for each, other in inside.items() if other):
        say_once(f"note: {each} has a {USUAL} of its own, which says what is drawn there")
    return [each for each, other in inside.items() if not other]


def _labels(root: Path) -> Iterator[Path]:
    """Yield the labels of images, without the list of classes that some tools put beside them."""
    for folder in folders_below(root, _own):
        if LABELS in folder.relative_to(root).parts:
            texts = (file for file in unread_in(folder) if file.suffix.lower() == ".txt")
            yield from (file for file in texts if file.name.lower() != "classes.txt" and file.is_file())


def _image(root: Path, label: Path) -> Path:
    """Return the path in ``root``, without suffix, of the image that labels are of."""
    parts = list(label.relative_to(root).parent.parts)
    parts[len(parts) - 1 - parts[::-1].index(LABELS)] = IMAGES
    return Path(*parts, label.stem)


def _labelled(root: Path, images: Sequence[Path], folders: Container[Path]) -> dict[Path, Path]:
    """Return the images of folders that have labels, each with its path in ``root`` without suffix."""
    inside = [image for image in images if IMAGES in image.relative_to(root).parent.parts]
    places = {image: image.relative_to(root).with_suffix("") for image in inside}
    labelled = {image: place for image, place in places.items() if place.parent in folders}
    if others := len(places) - len(labelled):
        say(f"note: {counted(others, 'image')} of {root} left out, of folders without labels")
    return labelled


def _shapes(path: Path, names: Mapping[int, str]) -> list[Shape]:
    """Return what the labels of an image say, in the order of their lines."""
    return [_shape(f"{path}, line {number}:", line.split(), names) for number, line in lines(path)]


def _shape(where: str, words: list[str], names: Mapping[int, str]) -> Shape:
    """Return the outline of a line ``class x1 y1 x2 y2 ...``; two corners are a box, which has none."""
    kind, *values = (_number(where, word) for word in words)
    if kind not in names:
        raise UserError(f"{where} there is no class {words[0][:40]}", f"name it in the file of classes, or {AGAIN}")
    if not values or len(values) % 2:
        raise UserError(f"{where} {counted(len(values), 'number')} after the class, and a corner has two", AGAIN)
    if far := next((value for value in values if not -BEYOND <= value <= 1 + BEYOND), None):
        problem = f"{where} {far:g} lies outside of the image, whose width and height are 1"
        raise UserError(problem, f"divide x by its width and y by its height, or {AGAIN}")
    corners = np.array(values, np.float64).reshape(-1, 2)
    return Shape(names[int(kind)], (corners,) if len(corners) > 2 else (), shares=True)


def _number(where: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{where} '{word[:40]}' is no number", AGAIN)
    return value
