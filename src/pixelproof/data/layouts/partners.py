"""Which of several folders beside each other hold images and the masks of these images."""

from __future__ import annotations

import re
import statistics
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

from pixelproof.data.layouts.listing import folders_in, images_in, split_name
from pixelproof.data.masks import read_mask_values
from pixelproof.data.proposal import count_values
from pixelproof.data.spread import spread
from pixelproof.errors import UserError

IMAGE_STEM = re.compile(r"(.+?)[_-](sat|image|img|rgb)", re.IGNORECASE | re.DOTALL)
MASK_STEM = re.compile(r"(.+?)[_-](mask|label|labels|gt|seg|l)", re.IGNORECASE | re.DOTALL)
_WORD = re.compile(r"LabeledApproved|[A-Z]?[a-z]+|[A-Z]+")  # the first as in CamVid
_MASK_WORD = re.compile(
    r"(mask|label|labelmap|annot|annotation|truth|groundtruth|target|gt|seg|segmap|segmask|segmentation)s?"
    "|labeledapproved",
    re.IGNORECASE,
)
_IMAGE_NAME = re.compile(r"(^|[ _-])(images?|imgs?|jpegimages)($|[ _-])", re.IGNORECASE)
_LOOKED_AT = 3  # files of each folder
_FLAT = 0.5  # changes a pixel; masks have a few hundredths, photographs nearly one


@dataclass(frozen=True)
class Partners:
    """A folder of images and the folder of their masks.

    Attributes:
        images: The image folder.
        masks: The mask folder.
        named: True if the image folder is called as such, and not only the mask folder.
        certain: True if the two can be nothing else.
        unclear: Which further folder may be one of the two; empty if none.
    """

    images: Path
    masks: Path
    named: bool = False
    certain: bool = False
    unclear: str = ""


def partners(folders: list[Path]) -> Partners | None:
    """Return the folder of images and the folder of masks among ``folders``, None if they are not such.

    They fit by name, if one is called images, or by holding files of equal names. That is certain where no further
    folder holds images and, unless names say it, the masks are flatter than the images.
    """
    if not any(is_mask_name(folder.name) for folder in folders):
        return None
    files = {folder: names for folder in folders if (names := _files(folder))}
    pairs = [(i, m) for i in files for m in files if is_mask_name(m.name) and not is_mask_name(i.name)]
    named = [(i, m) for i, m in pairs if _IMAGE_NAME.search(i.name)]
    alike = [(i, m) for i, m in pairs if _share_names(files[i], files[m])]
    flat = len(files) == 2 and len(pairs) == 1 and not named and _are_flatter(*(files[f] for f in pairs[0]))
    fitting = [pair for pair in named if pair in alike] or named or alike or (pairs if flat else [])
    if not fitting:
        return None
    image_folder, mask_folder = fitting[0]
    certain = len(files) == 2 and (bool(named) or (flat and bool(alike)))
    return Partners(image_folder, mask_folder, bool(named), certain, _unclear(fitting))


def is_mask_name(name: str) -> bool:
    """Return whether a folder's name says that it holds masks, by a whole word: unlabelled ones are images.

    >>> is_mask_name("train-labels"), is_mask_name("GroundTruth_2"), is_mask_name("unlabeled")
    (True, True, False)
    """
    return any(_MASK_WORD.fullmatch(word) for word in _WORD.findall(name))


def share_names(images: Path, masks: Path) -> bool:
    """Return whether at least half of the masks in a folder have an image of the same name in another."""
    return _share_names(_files(images), _files(masks))


def base_stem(stem: str, pattern: re.Pattern[str], known: Container[str] = ()) -> str:
    """Return a file's stem without the suffix that ``pattern`` names, unless the whole stem is known."""
    match = pattern.fullmatch(stem)
    return stem if match is None or stem in known else match.group(1)


def _files(folder: Path) -> dict[str, Path]:
    """Return the images of a folder by stem, and those in its split folders by split and stem."""
    files = {image.stem: image for image in images_in(folder)}
    for inner in folders_in(folder):
        if split := split_name(inner):
            files |= {f"{split}/{image.stem}": image for image in images_in(inner)}
    return files


def _share_names(images: dict[str, Path], masks: dict[str, Path]) -> bool:
    """Return whether at least half of the masks have an image of the same name: a few may agree by chance."""
    return 2 * sum(base_stem(stem, MASK_STEM, images) in images for stem in masks) >= len(masks)


def _are_flatter(images: dict[str, Path], masks: dict[str, Path]) -> bool:
    """Return whether masks change so much less from pixel to pixel than images that they are no photographs."""
    of_images, of_masks = _changes(images.values()), _changes(masks.values())
    return of_images is not None and of_masks is not None and of_masks <= min(_FLAT, of_images / 2)


def _changes(paths: Iterable[Path]) -> float | None:
    """Return how often neighbouring pixels of a row differ, the median of a few files; None if none can be read."""
    found = []
    for path in spread(list(paths), _LOOKED_AT):
        try:
            values = count_values(*read_mask_values(path))
        except UserError:
            continue
        found.append(values.runs / (values.counts.sum() + values.left_out))
    return statistics.median(found) if found else None


def _unclear(fitting: list[tuple[Path, Path]]) -> str:
    """Return the folders of which only one can be meant, in words."""
    common = set(fitting[0]).intersection(*fitting)
    names = sorted({folder.name for pair in fitting for folder in pair if folder not in common})
    return f"it is not clear which of {', '.join(names)} to take" if names else ""
