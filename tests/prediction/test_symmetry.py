"""Averaging over the eight symmetries, against a loop, and what must follow from it."""

import numpy as np
import pytest
import torch

from pixelproof.config import ModelConfig
from pixelproof.labels import PRESETS
from pixelproof.models import build_model
from pixelproof.prediction import Predictor
from pixelproof.prediction.symmetry import SymmetryAverage, turned, turned_back
from pixelproof.prediction.tiles import halo, predict_tiled

SYMMETRIES = [(turns, flipped) for turns in range(4) for flipped in (False, True)]


def images(*size, count=2):
    return torch.randn(count, 3, *size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("turns", "flipped"), SYMMETRIES)
def test_turning_back_undoes_turning(turns, flipped):
    original = images(5, 8)
    assert torch.equal(turned_back(turned(original, turns, flipped), turns, flipped), original)


def test_the_eight_are_all_different():
    assert len({tuple(turned(images(4, 4), *symmetry).flatten().tolist()) for symmetry in SYMMETRIES}) == 8


@torch.inference_mode()
def test_a_segmenter_s_probabilities_are_the_mean_of_eight():
    model = build_model(ModelConfig(name="fcn8s", width=0.05), 7).eval()
    batch = images(64, 96)
    mean = torch.zeros(2, 7, 64, 96)
    for k in range(4):
        for mirrored in (batch, batch.flip(3)):
            answer = model(mirrored.rot90(k, (2, 3))).logits.softmax(1).rot90(-k, (2, 3))
            mean += (answer if mirrored is batch else answer.flip(3)) / 8
    output = SymmetryAverage(model)(batch)
    torch.testing.assert_close(output.logits.softmax(1), mean, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(output.features, model(batch).features)


@torch.inference_mode()
def test_the_answer_turns_with_the_image():
    """On sizes that are multiples of the stride, which need no padding on one side."""
    average = SymmetryAverage(build_model(ModelConfig(name="fcn16s", width=0.05), 7).eval())
    batch = images(64, 64)
    straight = average(batch).logits
    for symmetry in SYMMETRIES:
        found = turned_back(average(turned(batch, *symmetry)).logits, *symmetry)
        torch.testing.assert_close(found, straight, rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_a_classifier_at_its_temperature():
    model = build_model(ModelConfig(name="vgg16", width=0.05, input_size=32), 5).eval()
    batch = images(32, 32)
    mean = torch.stack([(model(turned(batch, *s)).logits / 1.7).softmax(1) for s in SYMMETRIES]).mean(0)
    torch.testing.assert_close(SymmetryAverage(model, 1.7)(batch).logits.softmax(1), mean, rtol=1e-5, atol=1e-7)


@torch.inference_mode()
def test_upright_things_are_only_mirrored():
    model = build_model(ModelConfig(name="vgg16", width=0.05, input_size=32), 5).eval()
    batch = images(32, 32)
    mean = (model(batch).logits.softmax(1) + model(batch.flip(3)).logits.softmax(1)) / 2
    average = SymmetryAverage(model, upright=True)
    torch.testing.assert_close(average(batch).logits.softmax(1), mean, rtol=1e-5, atol=1e-7)


def test_a_large_image_in_tiles_is_the_whole_image():
    model = SymmetryAverage(build_model(ModelConfig(name="fcn8s", width=0.05), 7).eval())
    predictor = Predictor(model, PRESETS["deepglobe"], "cpu")
    image = np.random.default_rng(0).integers(0, 256, (352, 384, 3)).astype(np.uint8)
    whole, tiled = predictor.classes(image), predict_tiled(image, predictor.classes, halo(model), 64)
    assert (tiled == whole).mean() > 0.9999  # a tie may fall either way
