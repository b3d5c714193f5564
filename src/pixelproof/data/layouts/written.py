"""The layout that ``layout.yaml`` writes down, by patterns of paths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, model_validator

from pixelproof.data.folder import Sample
from pixelproof.data.layouts.classes import require_two_classes
from pixelproof.data.layouts.found import Found
from pixelproof.data.layouts.listing import file_in, images_below, split_name
from pixelproof.data.layouts.lists import Listed, split_by_lists
from pixelproof.errors import UserError
from pixelproof.runs.files import read_yaml
from pixelproof.schema import Strict, parse

PATTERNS = "layout.yaml"
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
        require_two_classes(found, path)
    return found


def _list(root: Path, written: Path, name: str) -> Path:
    """Return the list of a split that ``layout.yaml`` names, which must lie in the folder."""
    if path := file_in(root, name):
        return path
    raise UserError(f"{written} names '{name}', and {root} holds no such list", "add it, or correct its path")


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
    for file in images_below(root):
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
