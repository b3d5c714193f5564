"""YOLO's labels: a text for each image, as Ultralytics and Roboflow keep them. Input is hostile until it is read."""

from __future__ import annotations

import math
import os
from collections.abc import Container, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from pydantic import field_validator

from pixelproof.data.annotations.shapes import Drawing, Loose, Shape, posix
from pixelproof.data.layouts.listing import folders_below, images_below
from pixelproof.errors import UserError
from pixelproof.labels.drawn import class_name
from pixelproof.numbers import counted, room
from pixelproof.progress import say
from pixelproof.runs.files import read_text
from pixelproof.schema import parse

KEYS = {"names"}
"""Of the file that names the classes."""
IMAGES, LABELS = "images", "labels"
"""Folders whose files have equal names."""
SPLITS = {"train": "train", "val": "validation", "test": "test"}
LARGEST = 50e6
"""Bytes of the labels of an image."""
BEYOND = 0.1
"""How far beyond an image, as a part of it, an outline may have a corner; what is rounded is nearer."""
AGAIN = "export it again"


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
    root, splits = path.parent, _splits(path.parent, found)
    names = {number: class_name(name) for number, name in found.names.items()}
    labels = {_image(root, file): file for file in _labels(root)}
    if not labels:
        problem = f"{root} holds no folder '{LABELS}' with a text for each image in '{IMAGES}' beside it"
        raise UserError(problem, f"put {path.name} into the folder that holds both")
    drawn, real = [], cache(Path.resolve)
    for image, place in _labelled(root, {place.parent for place in labels}).items():
        label = labels.pop(place, None)
        where = posix(image.relative_to(root).as_posix())
        shapes = _shapes(label, names) if label else []
        known, split = real(image.parent) / image.name, splits.get(image, "")
        drawn.append(Drawing(label or path, where, None, shapes, listed=False, split=split, image=known))
    # Labels alone are said to be of themselves, which is no image, so that they count as missing.
    drawn += [Drawing(f, PurePosixPath(f.as_posix()), None, [], listed=False, image=f) for f in labels.values()]
    return {name: number for number, name in names.items()}, drawn


def _labels(root: Path) -> Iterator[Path]:
    """Yield the labels of images, without the list of classes that some tools put beside them."""
    for folder in folders_below(root):
        if LABELS in folder.relative_to(root).parts:
            texts = (file for file in sorted(folder.glob("*.txt")) if not file.name.startswith("."))
            yield from (file for file in texts if file.name != "classes.txt" and file.is_file())


def _image(root: Path, label: Path) -> Path:
    """Return the path in ``root``, without suffix, of the image that labels are of."""
    parts = list(label.relative_to(root).parent.parts)
    parts[len(parts) - 1 - parts[::-1].index(LABELS)] = IMAGES
    return Path(*parts, label.stem)


def _labelled(root: Path, folders: Container[Path]) -> dict[Path, Path]:
    """Return the images of folders that have labels, each with its path in ``root`` without suffix."""
    images = [image for image in images_below(root) if IMAGES in image.relative_to(root).parent.parts]
    places = {image: image.relative_to(root).with_suffix("") for image in images}
    labelled = {image: place for image, place in places.items() if place.parent in folders}
    if others := len(places) - len(labelled):
        say(f"note: {counted(others, 'image')} of {root} left out, of folders without labels")
    return labelled


def _splits(root: Path, found: _Yolo) -> dict[Path, str]:
    """Return the splits of images by folders and lists that are named; paths of another machine name nothing."""
    splits: dict[Path, str] = {}
    whole = root.resolve()
    for key, split in SPLITS.items():
        for entry in getattr(found, key):
            for start in {whole, whole / (found.path or "")}:
                place = Path(os.path.normpath(start / entry))
                if place.is_relative_to(whole):
                    named = _named(root / place.relative_to(whole))
                    splits = dict.fromkeys(named, split) | splits  # of an image in two, the first counts
    return splits


def _named(place: Path) -> Iterator[Path]:
    """Yield the images in a folder, or in a list of these."""
    if place.is_dir():
        yield from images_below(place)
    elif place.suffix == ".txt" and place.is_file():
        for _, line in _lines(place):
            yield Path(os.path.normpath(place.parent / line))


def _shapes(path: Path, names: Mapping[int, str]) -> list[Shape]:
    """Return what the labels of an image say, in the order of their lines."""
    return [_shape(f"{path}, line {number}:", line.split(), names) for number, line in _lines(path)]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text that are not blank, with their numbers."""
    if (size := path.stat().st_size) > LARGEST:
        raise UserError(f"{path} has {room(size)}, more than the labels of images have", AGAIN)
    lines = enumerate(map(str.strip, read_text(path).split("\n")), start=1)
    yield from ((number, line) for number, line in lines if line)


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
