"""The generated land-cover tiles: reproducible, true to their masks, and neither trivial nor hopeless to learn."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin
from scipy import ndimage
from sklearn.ensemble import RandomForestClassifier

from pixelproof.data.demo import landcover_tile, write_landcover
from pixelproof.labels import PRESETS, decode_colors

SCHEME = PRESETS["deepglobe"]
WATER = SCHEME.names.index("water")


@pytest.fixture(scope="module")
def world():
    """Pictures [40, 192, 192, 3] and masks [40, 192, 192]."""
    tiles = [landcover_tile(0, index, 192) for index in range(40)]
    return tuple(np.stack(part) for part in zip(*tiles, strict=True))


def ious(truth, prediction):
    """Per-class IoU of the six scored classes, straight from its definition."""
    return np.array(
        [((truth == k) & (prediction == k)).sum() / ((truth == k) | (prediction == k)).sum() for k in range(6)]
    )


def majority(masks, cell):
    """The masks redrawn in square cells that each hold their most frequent class."""
    n, size, _ = masks.shape
    cells = masks.reshape(n, size // cell, cell, size // cell, cell)
    votes = np.stack([(cells == k).sum(axis=(2, 4)) for k in range(7)])
    return votes.argmax(axis=0).repeat(cell, axis=1).repeat(cell, axis=2)


def test_same_arguments_same_bytes_and_any_other_argument_another_tile():
    picture, mask = landcover_tile(3, 7, 64)
    others = [landcover_tile(4, 7, 64), landcover_tile(3, 8, 64)]
    again, mask_again = landcover_tile(3, 7, 64)
    assert picture.tobytes() == again.tobytes()
    assert mask.tobytes() == mask_again.tobytes()
    for other, other_mask in others:
        assert (other != picture).mean() > 0.5
        assert (other_mask != mask).any()


@pytest.mark.parametrize("size", [32, 97, 256])
def test_any_size(size):
    picture, mask = landcover_tile(0, 0, size)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.uint8
    assert mask.shape == (size, size)
    assert mask.dtype == np.uint8
    assert mask.max() < len(SCHEME.classes)


def test_every_class_appears_and_agriculture_leads(world):
    _, masks = world
    share = np.bincount(masks.ravel(), minlength=7) / masks.size
    assert share.argmax() == SCHEME.names.index("agriculture")
    assert (share[:6] > 0.05).all()
    assert 0 < share[6] < 0.03
    present = [len(np.unique(masks[start : start + 20])) for start in (0, 20)]
    assert min(present) >= 6


def test_rivers_are_thin(world):
    _, masks = world
    water = masks == WATER
    broad = np.stack([ndimage.binary_opening(tile, np.ones((13, 13))) for tile in water])
    assert 0.1 < 1 - (broad & water).sum() / water.sum() < 0.6


def test_stride_32_must_lose_what_stride_8_can_keep(world):
    _, masks = world
    coarse, fine = ious(masks, majority(masks, 32)), ious(masks, majority(masks, 8))
    assert 0.55 < coarse.mean() < 0.75
    assert fine.mean() > 0.83
    assert (fine - coarse > 0.1).all()


def test_pictures_vary_and_are_well_exposed(world):
    pictures, _ = world
    brightness = pictures.mean(axis=(1, 2, 3))
    assert 60 < brightness.mean() < 140
    assert brightness.std() > 8
    assert (pictures == 255).mean() < 0.01


def test_texture_tells_the_classes_apart_and_single_pixels_do_not(world):
    pictures, masks = world

    def features(picture, window):
        values = picture.astype(np.float32)
        if window == 1:
            return values.reshape(-1, 3)
        mean = ndimage.uniform_filter(values, (window, window, 0))
        square = ndimage.uniform_filter(values**2, (window, window, 0))
        return np.concatenate([values, mean, np.sqrt((square - mean**2).clip(0))], -1).reshape(-1, 9)

    def score(window):
        rows = np.stack([features(picture, window)[::97] for picture in pictures])
        truth = masks.reshape(len(masks), -1)[:, ::97]
        forest = RandomForestClassifier(30, min_samples_leaf=3, random_state=0)
        forest.fit(rows[:28].reshape(-1, rows.shape[-1]), truth[:28].ravel())
        return ious(truth[28:].ravel(), forest.predict(rows[28:].reshape(-1, rows.shape[-1]))).mean()

    pixel, texture = score(1), score(7)
    assert pixel < 0.55
    assert texture > 0.52
    assert texture > pixel + 0.1


def test_files_hold_the_tiles(tmp_path):
    write_landcover(tmp_path, train=2, validation=1, size=64, seed=5)
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*"))
    tiles = ["train/0000", "train/0001", "validation/0000"]
    assert names == sorted(f"{tile}_{kind}" for tile in tiles for kind in ("mask.png", "sat.jpg"))
    for index, tile in enumerate(tiles):
        picture, mask = landcover_tile(5, index, 64)
        with Image.open(tmp_path / f"{tile}_mask.png") as image:
            assert image.mode == "RGB"
            assert (decode_colors(SCHEME, np.asarray(image)) == mask).all()
        with Image.open(tmp_path / f"{tile}_sat.jpg") as image:
            assert JpegImagePlugin.get_sampling(image) == 0  # 4:4:4
            assert np.abs(np.asarray(image).astype(int) - picture).mean() < 5
