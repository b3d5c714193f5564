"""Tiled = whole, to the pixel."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.config import ModelConfig
from pixelproof.labels import PRESETS
from pixelproof.models import build_model, fold
from pixelproof.prediction import Predictor
from pixelproof.prediction.tiles import halo, predict_tiled, tile_side, tiles

FAMILY = ["fcn32s", "fcn16s", "fcn8s", "fcn8s-direct", "fcn8s-bilinear", "fcn32s-stepwise"]


def predictor(name, downsample=1):
    torch.manual_seed(0)
    model = build_model(ModelConfig(name=name, width=0.05, downsample=downsample), 7)
    use = Predictor(model, PRESETS["deepglobe"], "cpu")
    # Centre each class's logits, or an untrained network would answer one class everywhere.
    image = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    scoring = [m for m in model.modules() if getattr(m, "out_channels", 0) == 7][-1]
    with torch.no_grad():
        scoring.bias -= use([image]).logits.mean(dim=(0, 2, 3))
    return Predictor(fold(model), PRESETS["deepglobe"], "cpu")


@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("size", [(300, 451), (96, 500)])
def test_a_tiled_map_equals_the_whole_one(name, size):
    use = predictor(name)
    image = np.random.default_rng(1).integers(0, 256, (*size, 3)).astype(np.uint8)
    whole = use.class_map(image)
    assert len(np.unique(whole)) > 1  # a constant map would prove nothing
    assert halo(use.model) % use.model.stride == 0
    np.testing.assert_array_equal(predict_tiled(image, use.class_map, halo(use.model), side=64), whole)


@pytest.mark.parametrize("name", FAMILY)
def test_the_halo_is_as_wide_as_it_must_be_and_no_wider(name):
    use = predictor(name)
    image = np.random.default_rng(1).integers(0, 256, (416, 416, 3)).astype(np.uint8)
    whole = use([image]).logits[0].numpy()
    differences = []
    for margin in (halo(use.model), halo(use.model) - use.model.stride):
        tiled = np.empty_like(whole)
        for tile in tiles(416, 416, 96, margin):
            piece = use([image[tile.seen.slices]]).logits[0].numpy()
            tiled[:, *tile.kept.slices] = piece[:, *tile.inside]
        differences.append(np.abs(tiled - whole).max() / np.abs(whole).max())
    assert differences[0] < 1e-5
    assert differences[1] > 1e-3
    assert halo(use.model) == (128 if name == "fcn8s-bilinear" else 96)


@pytest.mark.parametrize(("downsample", "side"), [(2, 64), (3, 96)])
def test_a_tiled_map_of_coarser_pixels_equals_the_whole_one(downsample, side):
    use = predictor("fcn8s", downsample)
    margin = halo(use.model)
    image = np.random.default_rng(1).integers(0, 256, (200 * downsample, 500, 3)).astype(np.uint8)
    whole = use.class_map(image)
    assert len(np.unique(whole)) > 1
    assert margin == (96 + 32) * downsample  # the answer is enlarged bilinearly, so neighbouring cells blend
    np.testing.assert_array_equal(predict_tiled(image, use.class_map, margin, side), whole)
    narrow = predict_tiled(image, use.class_map, margin - use.model.stride, side)
    assert (narrow != whole).any()


def test_an_unknown_halo_shows_as_much_of_coarser_pixels():
    fine, coarse = (
        build_model(ModelConfig(name="smp:Unet:resnet18", downsample=downsample), 7) for downsample in (1, 4)
    )
    assert (halo(fine), halo(coarse)) == (256, 1024)


@pytest.mark.parametrize("downsample", [1, 2, 3, 5, 16])
def test_large_images_are_cut_where_the_cells_of_any_network_begin(downsample, monkeypatch):
    from pixelproof.prediction import predictor as module

    use = predictor("fcn32s", downsample)
    assert tile_side(use.model) % use.model.stride == 0
    assert abs(tile_side(use.model) - 768) <= use.model.stride / 2
    monkeypatch.setattr("pixelproof.prediction.tiles.LARGE", 1)
    asked = []
    monkeypatch.setattr(module, "predict_tiled", lambda *args: asked.append(args))
    use.class_map(np.zeros((2, 2, 3), np.uint8))
    assert asked[0][2:4] == (halo(use.model), tile_side(use.model))


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 4), st.integers(0, 3))
def test_tiles_cover_an_image_once_and_stay_on_it(height, width, side, margin):
    side, margin = 32 * side, 32 * margin
    times = np.zeros((height, width), int)
    for tile in tiles(height, width, side, margin):
        times[tile.kept.slices] += 1
        whole = np.arange(height * width).reshape(height, width)
        np.testing.assert_array_equal(whole[tile.seen.slices][tile.inside], whole[tile.kept.slices])
        assert tile.seen.top % 32 == tile.seen.left % 32 == 0
        assert max(tile.seen.height, tile.seen.width) <= side + 2 * margin
    assert (times == 1).all()


def test_large_images_are_tiled_without_being_asked(monkeypatch):
    use = predictor("fcn8s")
    image = np.random.default_rng(2).integers(0, 256, (200, 300, 3)).astype(np.uint8)
    whole = use.class_map(image)
    monkeypatch.setattr("pixelproof.prediction.tiles.LARGE", 100)
    np.testing.assert_array_equal(use.class_map(image), whole)
