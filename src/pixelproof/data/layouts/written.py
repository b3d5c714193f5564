"""Layouts that a file in the folder writes down: ``labels.csv``, or patterns of paths in ``layout.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, model_validator

from pixelproof.data.folder import Sample
from pixelproof.data.label_table import header, holds_labels, read_table
from pixelproof.data.layouts.found import Found
from pixelproof.data.layouts.listing import folders_below, images_in, split_name
from pixelproof.data.layouts.lists import Listed, split_by_lists
from pixelproof.errors import UserError
from pixelproof.runs.files import read_yaml
from pixelproof.schema import Strict, parse

TABLE, PATTERNS = "labels.csv", "layout.yaml"
_PLACES = {"id": "[^/]|[^/].*?[^/]", "split": "[^/]+", "class": "[^/]+"}
_PLACE = re.compile(r"\{(.*?)\}")


def _pattern(text: str) -> str:
    """Refuse a pattern with unknown or repeated places, or without the image's own.

    Raises:
        ValueError: It is one.
    """
    places = _PLACE.findall(text)
    if wrong := next((place for place in places if place not in _PLACES or places.count(place) > 1), None):
        raise ValueError(f"{{{wrong}}} is not one of {{id}}, {{split}} and {{class}}, or stands twice")
    if "id" not in places:
        raise ValueError("it has no {id}, the part that an image shares with no other")
    return text.removeprefix("./")


def _by_split(lists: dict[str, str]) -> dict[str, str]:
    """Return lists by the splits that their keys are words for.

    Raises:
        ValueError: A key is no such word, or two are words for one split.
    """
    named = {split: path for key, path in lists.items() if (split := split_name(Path(key)))}
    if len(named) < len(lists) or not lists:
        raise ValueError("it names a list for train, validation and test, or for some of them")
    return named


Pattern = Annotated[str, AfterValidator(_pattern)]
Lists = Annotated[dict[str, str], AfterValidator(_by_split)]
Files = dict[tuple[str, str], tuple[Path, str]]
"""Files and their classes by split and sample id."""


class Patterns(Strict):
    """``layout.yaml``: where images lie, for segmentation their masks, and perhaps lists of the splits."""

    images: Pattern
    masks: Pattern | None = None
    splits: Lists | None = None

    @model_validator(mode="after")
    def _check(self) -> Patterns:
        places, of_masks = ({*_PLACE.findall(text or "")} for text in (self.images, self.masks))
        if (self.masks is None) != ("class" in places):
            raise ValueError("give either masks or the {class} of images")
        if self.masks is not None and (places != of_masks or self.images == self.masks):
            raise ValueError("images and masks have the same places, and something else between them")
        if self.splits is not None and "split" in places:
            raise ValueError("give either {split} in the patterns or splits")
        return self


def label_table(root: Path) -> Found | None:
    """``labels.csv`` with the columns filename and label, and perhaps split; names are paths in the folder or images/.

    Raises:
        UserError: It cannot be read, an image is missing or lies elsewhere, or a label or split is none.
    """
    path = root / TABLE
    if not path.is_file() or not holds_labels(path):
        return None
    labels, splits = read_table(path), read_table(path, ("split",)) if "split" in header(path) else {}
    found = Found(TABLE, "classification", {})
    for name, label in labels.items():
        image = _named(root, path, name)
        if not label or image in found.class_of:
            raise UserError(f"{path}: '{name}' has {'two labels' if label else 'no label'}", "correct the table")
        parts = PurePosixPath(name).parts
        given = [splits[name]] if name in splits else parts[:-1]
        split = next(filter(None, map(split_name, map(Path, given))), None if name in splits else "train")
        if split is None:
            raise UserError(f"{path}: '{splits[name]}' of '{name}' is no split", "write train, validation or test")
        found.splits.setdefault(split, []).append(Sample(PurePosixPath(name).as_posix(), image))
        found.class_of[image] = label
    _require_two_classes(found, path)
    return found


def path_patterns(root: Path) -> Found | None:
    """``layout.yaml``, which says by patterns such as ``left/{split}/{id}_left.png`` where images and masks lie.

    Raises:
        UserError: It cannot be read, a pattern is wrong or fits no file, two images would be one sample, or a list of a
            split is missing or wrong.
    """
    path = root / PATTERNS
    if not path.is_file():
        return None
    patterns = parse(Patterns, read_yaml(path), str(path))
    classified = patterns.masks is None
    found = Found(PATTERNS, "classification" if classified else "segmentation", {}, certain=True)
    images = _matched(root, patterns.images, path)
    masks = {} if patterns.masks is None else _matched(root, patterns.masks, path)
    if patterns.splits is not None:
        lists = {split: _list(root, path, name) for split, name in patterns.splits.items()}
        named = {key: Listed(file, key.removeprefix(f"{label}/")) for (_, key), (file, label) in images.items()}
        splits = split_by_lists(root, found, lists, named)
        images, masks = _of_splits(images, splits), _of_splits(masks, splits)
    for (split, sample_id), (image, label) in images.items():
        mask = None if classified else masks.pop((split, sample_id), (None, ""))[0]
        if classified:
            found.class_of[image] = label
        elif mask is None:
            found.unpaired.append(image)
            continue
        found.splits.setdefault(split, []).append(Sample(sample_id, image, mask=mask))
    found.unpaired += [mask for mask, _ in masks.values()]
    if classified:
        _require_two_classes(found, path)
    return found


def _require_two_classes(found: Found, written: Path) -> None:
    if len(set(found.class_of.values())) < 2:
        raise UserError(f"{written} names one class, and classification needs two at least", "add images of another")


def _named(root: Path, table: Path, name: str) -> Path:
    """Return the image that a table names, which must lie in the folder."""
    if image := _inside(root, name) or _inside(root / "images", name):
        return image
    raise UserError(f"{table} names '{name}', and {root} holds no such image", "add it, or correct the table")


def _list(root: Path, written: Path, name: str) -> Path:
    """Return the list of a split that ``layout.yaml`` names, which must lie in the folder."""
    if path := _inside(root, name):
        return path
    raise UserError(f"{written} names '{name}', and {root} holds no such list", "add it, or correct its path")


def _inside(folder: Path, name: str) -> Path | None:
    """Return the file of a folder, or of folders in it, that has this path there; None if there is none."""
    inside = PurePosixPath(name)
    with suppress(OSError):  # as of a name that is too long
        if not inside.is_absolute() and ".." not in inside.parts and (folder / inside).is_file():
            return folder / inside
    return None


def _of_splits(files: Files, splits: Mapping[str, str]) -> Files:
    """Return files whose split is that of a list; those that no list names are left out."""
    return {(splits[key], key): file for (_, key), file in files.items() if key in splits}


def _matched(root: Path, pattern: str, written: Path) -> Files:
    """Return files and their classes by split and id, where their paths in the folder fit a pattern."""
    pieces = _PLACE.split(pattern)
    expression = re.compile(
        "".join(f"(?P<{p}>{_PLACES[p]})" if place % 2 else re.escape(p) for place, p in enumerate(pieces)), re.DOTALL
    )
    matched: Files = {}
    for file in _files(root):
        fit = expression.fullmatch(file.relative_to(root).as_posix())
        if fit is None:
            continue
        parts = fit.groupdict()
        split = split_name(Path(parts.get("split", "train")))
        if split is None:
            raise UserError(f"{written}: {file} is of no split that is called train, validation or test", "rename it")
        label = parts.get("class", "")
        key = split, f"{label}/{parts['id']}" if label else parts["id"]
        if key in matched:
            raise UserError(f"{file} and {matched[key][0]} belong to one sample", f"correct {written}")
        matched[key] = file, label
    if not matched:
        raise UserError(f"no file of {root} fits '{pattern}' of {written}", "correct it; paths begin in the folder")
    return matched


def _files(root: Path) -> Iterator[Path]:
    for folder in folders_below(root):
        yield from images_in(folder)
