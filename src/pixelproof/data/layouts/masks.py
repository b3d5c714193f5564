"""Layouts of segmentation data: where the mask of an image lies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pixelproof.data.folder import Sample
from pixelproof.data.layouts.found import Found
from pixelproof.data.layouts.listing import folders_in, images_in, split_folders, split_name
from pixelproof.data.layouts.partners import (
    IMAGE_STEM,
    MASK_STEM,
    Partners,
    base_stem,
    is_mask_name,
    partners,
    share_names,
)


def mask_folders(root: Path) -> Found | None:
    """``images/`` and ``masks/`` with equal names, with split folders inside, above, or none; or ``train_masks/``."""
    found: dict[str, Found] = {}
    for pairs in (_inside_splits(root), _above_splits(root), _beside_splits(root)):
        if (reading := _read(pairs)).splits:
            found[next(iter(pairs.values())).images.relative_to(root).as_posix()] = reading
    if not found:
        return None
    first = next(iter(found.values()))
    if len(found) > 1:
        first.unclear = f"{' and '.join(found)} both hold images that have masks"
    return first


def tile_folders(root: Path) -> Found | None:
    """``<tile>/images`` and ``<tile>/masks``, with split folders above or none; the tile's name begins each id."""
    found = Found("images/ and masks/ in a folder for each tile", "segmentation", {})
    for split, folder in split_folders(root).items():
        samples: list[Sample] = []
        for tile in folders_in(folder):
            pair = partners(folders_in(tile))
            if pair and (pair.named or pair.certain):
                samples += [replace(s, id=f"{tile.name}/{s.id}") for s in _samples(found, pair) or []]
        if samples:
            found.splits[split] = samples
    return found if found.splits else None


def sat_mask_pairs(root: Path) -> Found | None:
    """``NNNN_sat.jpg`` beside ``NNNN_mask.png`` in one folder, with split folders or none."""
    found = Found("NAME_sat beside NAME_mask", "segmentation", {})
    for split, folder in split_folders(root).items():
        files = images_in(folder)
        masks = by_name(found, ((m.group(1), f) for f in files if (m := MASK_STEM.fullmatch(f.stem))))
        others = (f for f in files if not MASK_STEM.fullmatch(f.stem))
        images = by_name(found, ((base_stem(f.stem, IMAGE_STEM), f) for f in others))
        if masks and images:
            found.splits[split] = paired(found, images, masks)
    return found if any(found.splits.values()) else None


def is_mask_folder(folder: Path) -> bool:
    """Return whether a folder is called as folders of masks are, and holds images or folders."""
    return is_mask_name(folder.name) and bool(images_in(folder) or folders_in(folder))


def without_mask_folders(folders: list[Path]) -> list[Path]:
    """Return folders that lie beside each other but for those with masks that are called as images of another are."""
    pairs = [(f, masks) for f in folders if split_name(f) for masks in _beside(f, folders)]
    if pair := partners([f for f in folders if split_name(f) is None]):
        pairs.append((pair.images, pair.masks))
    masks = {masks for images, masks in pairs if share_names(images, masks)}
    return [f for f in folders if f not in masks]


def without_masks(files: list[Path]) -> list[Path]:
    """Leave out NAME_mask where it stands beside the image it belongs to, NAME or NAME_sat, not any NAME_xxx."""
    names = {file.stem for file in files}
    bases = names | {base_stem(name, IMAGE_STEM) for name in names}
    return [f for f in files if not ((match := MASK_STEM.fullmatch(f.stem)) and match.group(1) in bases)]


def _inside_splits(root: Path) -> dict[str, Partners]:
    """Return the pairs of folders in split folders, such as train/images and train/masks."""
    splits = {split: folder for split, folder in split_folders(root).items() if folder != root}
    return {split: pair for split, folder in splits.items() if (pair := partners(folders_in(folder)))}


def _above_splits(root: Path) -> dict[str, Partners]:
    """Return the split folders of a pair of folders, such as images/train and masks/train; without any, the pair."""
    outer = partners([f for f in folders_in(root) if split_name(f) is None])
    if outer is None:
        return {}
    images, masks = split_folders(outer.images), split_folders(outer.masks)
    return {s: replace(outer, images=images[s], masks=masks[s]) for s in images if s in masks}


def _beside_splits(root: Path) -> dict[str, Partners]:
    """Return the split folders that have a mask folder of the same name beside them, such as train_labels."""
    pairs = {}
    for split, folder in split_folders(root).items():
        masks = _beside(folder, folders_in(root))
        if len(masks) == 1:
            pairs[split] = Partners(folder, masks[0], certain=True)
    return pairs


def _beside(folder: Path, folders: list[Path]) -> list[Path]:
    """Return those of ``folders`` that are called as ``folder`` is, with a word for masks behind."""
    longer = [f for f in folders if f.name.startswith(folder.name) and f != folder]
    return [f for f in longer if is_mask_name(f.name.removeprefix(folder.name))]


def _read(pairs: dict[str, Partners]) -> Found:
    """Return the reading that pairs of folders give, by split; without samples if all of them are empty."""
    found = Found("images/ and masks/", "segmentation", {})
    for split, pair in pairs.items():
        samples = _samples(found, pair)
        if samples is not None:
            found.splits[split] = samples
    return found


def _samples(found: Found, pair: Partners) -> list[Sample] | None:
    """Return the samples of two folders, None if one of them is empty; what is doubtful is noted in ``found``."""
    images = by_name(found, ((image.stem, image) for image in images_in(pair.images)))
    masks = by_name(found, ((base_stem(mask.stem, MASK_STEM, images), mask) for mask in images_in(pair.masks)))
    if not images or not masks:
        return None
    # Where one split is clear, the others are not arranged in another way.
    found.certain = found.certain or pair.certain
    found.unclear = found.unclear or pair.unclear
    return paired(found, images, masks)


def by_name(found: Found, files: Iterable[tuple[str, Path]]) -> dict[str, Path]:
    """Return files by the names of their samples, and note those that share one: neither is better than the other."""
    named: dict[str, Path] = {}
    for name, file in files:
        if (first := named.setdefault(name, file)) != file:
            found.doubled.append((first, file))
    return named


def paired(found: Found, images: dict[str, Path], masks: dict[str, Path]) -> list[Sample]:
    """Return the samples whose image and mask are both there, and note the others as unpaired."""
    found.unpaired += [path for stem, path in images.items() if stem not in masks]
    found.unpaired += [path for stem, path in masks.items() if stem not in images]
    return [Sample(stem, images[stem], mask=masks[stem]) for stem in images if stem in masks]
