"""Tiled = whole, to the pixel."""

import numpy as np
import pytest
import torch

from pixelproof.config import ModelConfig
from pixelproof.labels import PRESETS
from pixelproof.models import build_model, fold
from pixelproof.prediction import Predictor
from pixelproof.prediction.tiles import halo, predict_tiled

FAMILY = ["fcn32s", "fcn16s", "fcn8s", "fcn8s-direct", "fcn8s-bilinear", "fcn32s-stepwise"]


def predictor(name):
    torch.manual_seed(0)
    model = build_model(ModelConfig(name=name, width=0.05), 7)
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


def test_without_a_halo_the_maps_differ():
    use = predictor("fcn8s")
    image = np.random.default_rng(1).integers(0, 256, (300, 300, 3)).astype(np.uint8)
    assert (predict_tiled(image, use.class_map, margin=0, side=64) != use.class_map(image)).any()


def test_large_images_are_tiled_without_being_asked(monkeypatch):
    use = predictor("fcn8s")
    image = np.random.default_rng(2).integers(0, 256, (200, 300, 3)).astype(np.uint8)
    whole = use.class_map(image)
    monkeypatch.setattr("pixelproof.prediction.predictor.LARGE", 100)
    np.testing.assert_array_equal(use.class_map(image), whole)
