"""Land-cover tiles as a satellite sees them, in the seven DeepGlobe classes, with the exact truth."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from pixelproof.array_types import UInt8
from pixelproof.data.demo.scene import photograph
from pixelproof.data.demo.terrain import terrain
from pixelproof.labels import PRESETS, encode_colors
from pixelproof.progress import track
from pixelproof.randomness import generator


def landcover_tile(seed: int, index: int, size: int = 256) -> tuple[UInt8, UInt8]:
    """Return one tile; equal arguments give an equal tile.

    Args:
        seed: Which world.
        index: Which tile of that world.
        size: Side in pixels, at least 32; a larger tile shows more land, not larger things.

    Returns:
        Picture, uint8 [size, size, 3], and class indices of ``PRESETS["deepglobe"]``, uint8 [size, size].
    """
    land = terrain(generator(seed, "landcover", index, "terrain"), size)
    return photograph(generator(seed, "landcover", index, "picture"), land), land.mask


def write_landcover(folder: Path, train: int, validation: int, size: int, seed: int) -> None:
    """Write tiles as ``train/NNNN_sat.jpg`` and ``train/NNNN_mask.png``, and the same for ``validation``.

    Args:
        folder: Where the two split folders go.
        train: Number of training tiles.
        validation: Number of validation tiles; their world goes on where the training tiles end.
        size: Side of a tile in pixels.
        seed: Which world.
    """
    names = [("train", i) for i in range(train)] + [("validation", i) for i in range(validation)]
    for index, (split, number) in enumerate(track(names, "painting land-cover tiles", len(names), "tiles")):
        picture, mask = landcover_tile(seed, index, size)
        place = folder / split
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / f"{number:04d}_sat.jpg", quality=92, subsampling=0)
        Image.fromarray(encode_colors(PRESETS["deepglobe"], mask)).save(place / f"{number:04d}_mask.png")
