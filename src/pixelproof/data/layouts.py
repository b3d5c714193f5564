"""Find out how a folder of images is organised, without being told.

Each finder looks at a folder and returns what it recognises, or None. A folder that fits two readings is an error that
names both, never a guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pixelproof.config import Task
from pixelproof.data.folder import Sample
from pixelproof.errors import UserError
from pixelproof.runs.atomic import explain_os_error

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
RECOGNISED = (
    "train/<class>/*.jpg, <class>_<index>.png in split folders, images/ and masks/ with equal names, "
    "or NAME_sat.jpg beside NAME_mask.png"
)
_SPLIT = re.compile(r"(train|training|val|valid|validation|test|testing)([_-]?\d+)?", re.IGNORECASE)
_MASK_FOLDER = re.compile(r"mask|label|annot|truth|target|(^|_)gt($|_)|segmentation|segmaps", re.IGNORECASE)
MASK_STEM = re.compile(r"(.+?)[_-](mask|label|labels|gt|seg|l)", re.IGNORECASE)
_IMAGE_STEM = re.compile(r"(.+?)[_-](sat|image|img|rgb)", re.IGNORECASE)
_CLASS_STEM = re.compile(r"(.+)_(\d+)")


@dataclass
class Found:
    """One reading of a folder.

    Attributes:
        layout: The reading in words.
        task: What such a layout is for.
        splits: Samples by split; for classification ``class_of`` holds each sample's class.
        class_of: Class name by image file.
        unpaired: Images without a mask and masks without an image.
    """

    layout: str
    task: Task
    splits: dict[str, list[Sample]]
    class_of: dict[Path, str] = field(default_factory=dict)
    unpaired: list[Path] = field(default_factory=list)


def find_layout(root: Path) -> Found:
    """Return the one reading of ``root`` that fits.

    Raises:
        UserError: The folder is missing, holds no images, fits no layout or fits more than one.
    """
    if not root.is_dir():
        raise UserError(f"{root} is not a folder", "give the folder that holds the images")
    readings = [found for finder in FINDERS if (found := finder(root)) is not None]
    if len(readings) > 1:
        names = " and as ".join(f"'{r.layout}'" for r in readings)
        raise UserError(f"{root} can be read as {names}", "move one kind of files elsewhere")
    if not readings:
        if not any(path.suffix.lower() in IMAGE_SUFFIXES for path in root.rglob("*")):
            raise UserError(f"{root} holds no images", "give a folder with labelled images")
        raise UserError(f"{root} has no layout that is recognised", f"arrange it as {RECOGNISED}")
    return readings[0]


def class_folders(root: Path) -> Found | None:
    """``train/<class>/*.jpg`` with other splits beside it, or ``<class>/*.jpg`` with no splits."""
    found = Found("a folder for each class", "classification", {})
    for split, folder in _split_folders(root).items():
        classes = [c for c in _folders(folder) if images_in(c)]
        if _mask_partner(classes) is not None:
            return None
        if classes:
            found.splits[split] = [
                Sample(f"{c.name}/{image.name}", image)
                for c in classes
                for image in _remember(found, c.name, images_in(c))
            ]
    return found if len(set(found.class_of.values())) > 1 else None


def class_prefixes(root: Path) -> Found | None:
    """``<class>_<index>.png`` in split folders; names of numbered classes come from ``id2label.json``."""
    found = Found("<class>_<index> file names", "classification", {})
    if any(_MASK_FOLDER.search(folder.name) for folder in _folders(root)):
        return None  # video frames such as 0001TP_006690.png beside their masks
    for split, folder in _split_folders(root).items():
        images = images_in(folder)
        parts = [_CLASS_STEM.fullmatch(image.stem) for image in images]
        if not all(parts):
            return None
        for image, part in zip(images, parts, strict=True):
            assert part is not None
            _remember(found, part.group(1), [image])
        if images:
            found.splits[split] = [Sample(image.name, image) for image in images]
    return found if len(set(found.class_of.values())) > 1 else None


def mask_folders(root: Path) -> Found | None:
    """``images/`` and ``masks/`` with equal names, with split folders inside, above, or none; or ``train_masks/``."""
    pairs = {split: pair for split, folder in _split_folders(root).items() if (pair := _mask_partner(_folders(folder)))}
    if outer := _mask_partner(_folders(root)):
        inside, masks = _split_folders(outer[0]), _split_folders(outer[1])
        pairs = {split: (inside[split], masks[split]) for split in inside if split in masks}
    if not pairs:
        pairs = _masks_beside(root)
    found = Found("images/ and masks/", "segmentation", {})
    for split, (image_folder, mask_folder) in pairs.items():
        images = {image.stem: image for image in images_in(image_folder)}
        masks = {_stem(mask, MASK_STEM, images): mask for mask in images_in(mask_folder)}
        if images and masks:
            found.splits[split] = _pair(found, images, masks)
    return found if found.splits else None


def sat_mask_pairs(root: Path) -> Found | None:
    """``NNNN_sat.jpg`` beside ``NNNN_mask.png`` in one folder, with split folders or none."""
    found = Found("NAME_sat beside NAME_mask", "segmentation", {})
    for split, folder in _split_folders(root).items():
        files = images_in(folder)
        masks = {m.group(1): f for f in files if (m := MASK_STEM.fullmatch(f.stem))}
        images = {_stem(f, _IMAGE_STEM): f for f in files if not MASK_STEM.fullmatch(f.stem)}
        if masks and images:
            found.splits[split] = _pair(found, images, masks)
    return found if any(found.splits.values()) else None


FINDERS: tuple[Callable[[Path], Found | None], ...] = (class_folders, class_prefixes, mask_folders, sat_mask_pairs)


def images_in(folder: Path) -> list[Path]:
    """Return the image files of a folder, sorted by name; hidden files are skipped."""
    return [p for p in _entries(folder) if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file()]


def class_names(root: Path) -> dict[str, str]:
    """Return names by class number from ``id2label.json`` in ``root``; empty if there is none.

    Raises:
        UserError: The file is not an object of texts.
    """
    path = root / "id2label.json"
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): str(name) for key, name in values.items()}
    except (OSError, UnicodeDecodeError, ValueError, AttributeError):
        raise UserError(f"{path} is no JSON object of names by class number", "correct it") from None


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except OSError as error:
        raise explain_os_error(error, folder) from error


def _folders(folder: Path) -> list[Path]:
    return [p for p in _entries(folder) if p.is_dir()]


def _split_folders(root: Path) -> dict[str, Path]:
    """Return the split folders inside ``root`` by canonical name, or ``root`` itself as train."""
    splits: dict[str, Path] = {}
    for folder in _folders(root):
        if match := _SPLIT.fullmatch(folder.name):
            word = match.group(1).lower()
            name = "train" if word.startswith("train") else "test" if word.startswith("test") else "validation"
            if name in splits:
                raise UserError(
                    f"{root} has two folders for the split '{name}', {splits[name].name} and {folder.name}",
                    "move one of them elsewhere",
                )
            splits[name] = folder
    return splits or {"train": root}


def _mask_partner(folders: list[Path]) -> tuple[Path, Path] | None:
    """Return (image folder, mask folder) if ``folders`` hold one of each."""
    masks = [f for f in folders if _MASK_FOLDER.search(f.name)]
    images = [f for f in folders if f not in masks and (images_in(f) or _folders(f))]
    return (images[0], masks[0]) if len(masks) == 1 and len(images) == 1 else None


def _masks_beside(root: Path) -> dict[str, tuple[Path, Path]]:
    """Return the split folders that have a mask folder of the same name beside them, such as train_labels."""
    pairs = {}
    for split, folder in _split_folders(root).items():
        others = [f for f in _folders(root) if f.name.startswith(folder.name) and f != folder]
        masks = [f for f in others if _MASK_FOLDER.search(f.name.removeprefix(folder.name))]
        if len(masks) == 1:
            pairs[split] = (folder, masks[0])
    return pairs


def _stem(path: Path, pattern: re.Pattern[str], known: Iterable[str] = ()) -> str:
    """Return the file's stem without the suffix that ``pattern`` names, unless the whole stem is known."""
    match = pattern.fullmatch(path.stem)
    return path.stem if match is None or path.stem in known else match.group(1)


def _pair(found: Found, images: dict[str, Path], masks: dict[str, Path]) -> list[Sample]:
    """Return the samples whose image and mask are both there, and note the others as unpaired."""
    found.unpaired += [path for stem, path in images.items() if stem not in masks]
    found.unpaired += [path for stem, path in masks.items() if stem not in images]
    return [Sample(stem, images[stem], mask=masks[stem]) for stem in images if stem in masks]


def _remember(found: Found, name: str, images: list[Path]) -> list[Path]:
    found.class_of.update(dict.fromkeys(images, name))
    return images
