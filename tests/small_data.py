"""Two data sets of a few small images, written for the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pixelproof.data import write_png
from pixelproof.labels import PRESETS, encode_colors

LAND = PRESETS["deepglobe"]


def write_color_classes(folder: Path) -> Path:
    """Write three classes of noisy colour patches, 16x16, with train and validation; returns the folder."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 10), ("validation", 4)):
        for name, color in {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}.items():
            for index in range(count):
                image = (np.array(color) + rng.normal(0, 25, (16, 16, 3))).clip(0, 255).astype(np.uint8)
                write_png(folder / split / name / f"{index}.png", image)
    return folder


def write_two_fields(folder: Path) -> Path:
    """Write tiles of forest left and water right of a random edge, some unknown; returns the folder."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 8), ("validation", 3)):
        for index in range(count):
            mask = _forest_and_water(rng)
            mask[:4] = LAND.names.index("unknown")
            image = encode_colors(LAND, mask) * 0.5 + rng.normal(60, 20, (64, 64, 3))
            write_png(folder / split / f"{index:04}_sat.png", image.clip(0, 255).astype(np.uint8))
            write_png(folder / split / f"{index:04}_mask.png", encode_colors(LAND, mask))
    return folder


def write_near_infrared(folder: Path) -> Path:
    """Write tiles of 4 bands of 16 bits whose last alone tells forest from water; returns the folder."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 8), ("validation", 3)):
        for index in range(count):
            mask = _forest_and_water(rng)
            bands = rng.normal(900, 150, (4, 64, 64))
            bands[3] += np.where(mask == LAND.names.index("forest"), 1500, -500)
            write_raster(folder / split / "images" / f"{index:04}.tif", bands.clip(0, 4000).astype(np.uint16))
            write_png(folder / split / "masks" / f"{index:04}.png", encode_colors(LAND, mask))
    (folder / "labels.yaml").write_text("preset: deepglobe\n", encoding="utf-8")
    return folder


def _forest_and_water(rng: np.random.Generator) -> np.ndarray:
    """Return a mask, [64, 64], of forest left and water right of a random edge."""
    mask = np.full((64, 64), LAND.names.index("forest"), np.uint8)
    mask[:, int(rng.integers(16, 48)) :] = LAND.names.index("water")
    return mask


def write_raster(path: Path, bands: np.ndarray, **options: object) -> Path:
    """Write [bands, H, W] as a GeoTIFF that says nothing of colours; returns its path."""
    import rasterio
    from rasterio.transform import from_origin

    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = bands.shape
    profile = {"driver": "GTiff", "count": count, "height": height, "width": width, "dtype": bands.dtype}
    place = {"crs": "EPSG:32633", "transform": from_origin(400_000, 5_600_000, 10, 10)}
    with rasterio.open(path, "w", **profile, **place, **options) as data:
        data.write(bands)
    return path
