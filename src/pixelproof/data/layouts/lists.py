"""Lists that say which images belong to which split, as Pascal VOC and many others keep them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pixelproof.data.layouts.found import Found
from pixelproof.data.layouts.listing import images_in
from pixelproof.data.layouts.masks import by_name, paired
from pixelproof.errors import UserError
from pixelproof.runs.files import read_text

_VOC_LISTS = {"train": "train.txt", "validation": "val.txt", "test": "test.txt"}
_VOC_BOTH = "trainval.txt"
"""All of train and validation: train, of which a part is set aside, where neither has a list of its own."""


class Listed(NamedTuple):
    """An image that a list may name.

    Attributes:
        file: The image.
        id: What the list may call it, beside its path.
    """

    file: Path
    id: str


def pascal_voc(root: Path) -> Found | None:
    """``JPEGImages/`` and ``SegmentationClass/``, with lists of the splits in ``ImageSets/Segmentation/``.

    Raises:
        UserError: A list cannot be read, or names what is no image.
    """
    folders = [root / "JPEGImages", root / "SegmentationClass"]
    place, layout = root / "ImageSets" / "Segmentation", "Pascal VOC"
    lists = {split: path for split, name in _VOC_LISTS.items() if (path := place / name).is_file()}
    if lists.keys() <= {"test"} and (place / _VOC_BOTH).is_file():
        lists, layout = {"train": place / _VOC_BOTH, **lists}, f"Pascal VOC, {_VOC_BOTH} as train"
    if not lists or not all(folder.is_dir() for folder in folders):
        return None
    found = Found(layout, "segmentation", {}, certain=True)
    images, masks = (by_name(found, ((file.stem, file) for file in images_in(folder))) for folder in folders)
    splits = split_by_lists(root, found, lists, {stem: Listed(file, stem) for stem, file in images.items()})
    with_masks = {splits[stem] for stem in masks if stem in splits}  # those of VOC's own test images are not published
    splits = {stem: split for stem, split in splits.items() if split in with_masks}
    found.unlisted = len(images) - len(splits)
    images, masks = ({stem: file for stem, file in files.items() if stem in splits} for files in (images, masks))
    for sample in paired(found, images, masks):
        found.splits.setdefault(splits[sample.id], []).append(sample)
    return found


def split_by_lists(root: Path, found: Found, lists: Mapping[str, Path], images: Mapping[str, Listed]) -> dict[str, str]:
    """Return the split of each image that a list names, by sample id; the others are counted in ``found``.

    A line of a list is an image's id or its path in ``root``, with or without suffix; empty ones and comments, which
    begin with #, are passed over.

    Args:
        root: The data set's folder.
        found: The reading of it.
        lists: The list of each split.
        images: The images by sample id.

    Raises:
        UserError: A list cannot be read, or names no image, what could be two, or an image that is named already.
    """
    known = _names(root, images)
    splits: dict[str, str] = {}
    for split, path in lists.items():
        for number, line in enumerate(map(str.strip, read_text(path).split("\n")), 1):
            fitting = known.get(PurePosixPath(line).as_posix(), set())
            if not line or (line.startswith("#") and not fitting):
                continue
            if not fitting:
                problem = f"line {number} of {path} names '{line}', and {root} holds no such image"
                raise UserError(problem, _instead(line, known))
            if len(fitting) > 1:
                both = " or ".join(str(images[sample_id].file) for sample_id in sorted(fitting)[:2])
                raise UserError(f"{path} names '{line}', which may be {both}", "write paths into the list")
            (sample_id,) = fitting
            if sample_id in splits:
                raise UserError(f"{path} names '{line}', as {lists[splits[sample_id]]} does", "remove one of the lines")
            splits[sample_id] = split
    if not splits:
        raise UserError(f"{' and '.join(map(str, lists.values()))} name no image", "write one a line")
    found.lists += lists.values()
    found.unlisted = len(images) - len(splits)
    return splits


def _instead(line: str, known: Mapping[str, set[str]]) -> str:
    """Return what to write for a line that names no image: the image of a pair, or the end of a path from elsewhere."""
    parts = PurePosixPath(re.split(r"[\s,;]", line)[0]).parts
    ends = ("/".join(parts[start:]) for start in range(len(parts)))
    meant = next((f"write '{end}' there: " for end in ends if end in known), "")
    return f"{meant}let each line be one image, by its id or its path in the folder"


def _names(root: Path, images: Mapping[str, Listed]) -> dict[str, set[str]]:
    """Return the sample ids that a line may stand for, by line."""
    known: dict[str, set[str]] = defaultdict(set)
    for sample_id, (file, own) in images.items():
        stems = {sample_id, own, file.relative_to(root).with_suffix("").as_posix()}
        for name in stems | {stem + file.suffix for stem in stems}:
            known[name].add(sample_id)
    return known | {sample_id: {sample_id} for sample_id in images}
