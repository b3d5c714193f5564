"""Small labelled data sets on disk, right in every way until a test plants a fault."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

COLORS = {"water": (0, 0, 200), "field": (200, 200, 0), "forest": (0, 150, 0)}
LABELS = "task: segmentation\nclasses:\n" + "".join(
    f"  - {{name: {name}, id: {i}, color: {list(color)}}}\n" for i, (name, color) in enumerate(COLORS.items())
)


def picture(seed: int, size: tuple[int, int] = (32, 32)) -> np.ndarray:
    """A smooth colourful image unlike that of any other seed, uint8 [H, W, 3]."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(20, 236, (5, 5, 3)).astype(np.uint8))
    return np.array(coarse.resize((size[1], size[0]), Image.Resampling.BICUBIC)).clip(2, 253)


def index_mask(seed: int, size: tuple[int, int] = (32, 32), classes: int = 3) -> np.ndarray:
    """Class indices in blocks, uint8 [H, W], every class present."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, classes, (4, 4))
    blocks[0, :classes] = range(classes)
    big = Image.fromarray(blocks.astype(np.uint8)).resize((size[1], size[0]), Image.Resampling.NEAREST)
    return np.array(big)


def colored(mask: np.ndarray) -> np.ndarray:
    return np.array(list(COLORS.values()), np.uint8)[mask]


def save(array: np.ndarray, path: Path, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


def save_turned(array: np.ndarray, path: Path, orientation: int) -> Path:
    """Save ``array`` with an EXIF orientation; a reader that heeds it sees the array turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return save(array, path, exif=exif)


def class_folders(root: Path, train: int = 12, validation: int = 30) -> Path:
    """``train/<class>/N.png`` and ``validation/<class>/N.png`` with two classes."""
    for split, count in (("train", train), ("validation", validation)):
        for i in range(count):
            name = ("cat", "dog")[i % 2]
            save(picture(hash_of(split, i)), root / split / name / f"{i}.png")
    return root


def mask_folders(root: Path, train: int = 12, validation: int = 30, labels: str | None = LABELS) -> Path:
    """``<split>/images`` and ``<split>/masks`` with colour masks and a labels.yaml."""
    for split, count in (("train", train), ("validation", validation)):
        for i in range(count):
            seed = hash_of(split, i)
            save(picture(seed), root / split / "images" / f"{i:02d}.png")
            save(colored(index_mask(seed)), root / split / "masks" / f"{i:02d}.png")
    if labels is not None:
        (root / "labels.yaml").write_text(labels)
    return root


def hash_of(split: str, i: int) -> int:
    return i + (1000 if split == "validation" else 0)


def fill(root, *names):
    """Write an image under each name; masks are told by their folder or name."""
    for seed, name in enumerate(names):
        is_mask = "mask" in name or "abel" in name or "_L" in name or "annot" in name
        save(colored(index_mask(seed)) if is_mask else picture(seed), root / name)
    return root


def labelled(data):
    return {s: {x.id: data.scheme.names[x.label] for x in samples} for s, samples in data.splits.items()}
