"""Averaging over the eight symmetries and over sizes, against loops, and what must follow from it."""

import numpy as np
import pytest
import torch
from PIL import Image

from pixelproof.config import ModelConfig
from pixelproof.errors import UserError
from pixelproof.labels import PRESETS, LabelScheme
from pixelproof.models import build_model
from pixelproof.prediction import Predictor
from pixelproof.prediction.tiles import halo, predict_tiled
from pixelproof.prediction.views import ViewAverage, turned, turned_back
from small_runs import untrained_run

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
    output = ViewAverage(model)(batch)
    torch.testing.assert_close(output.logits.softmax(1), mean, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(output.features, model(batch).features)


@torch.inference_mode()
def test_the_answer_turns_with_the_image():
    """On sizes that are multiples of the stride, which need no padding on one side."""
    average = ViewAverage(build_model(ModelConfig(name="fcn16s", width=0.05), 7).eval())
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
    torch.testing.assert_close(ViewAverage(model, 1.7)(batch).logits.softmax(1), mean, rtol=1e-5, atol=1e-7)


@torch.inference_mode()
def test_upright_things_are_only_mirrored():
    model = build_model(ModelConfig(name="vgg16", width=0.05, input_size=32), 5).eval()
    batch = images(32, 32)
    mean = (model(batch).logits.softmax(1) + model(batch.flip(3)).logits.softmax(1)) / 2
    average = ViewAverage(model, tta="flip")
    torch.testing.assert_close(average(batch).logits.softmax(1), mean, rtol=1e-5, atol=1e-7)


def pillow(maps, height, width):
    """Resize [N, C, H, W] by Pillow, which averages where it makes smaller."""
    planes = [Image.fromarray(plane.numpy()) for plane in maps.flatten(0, 1)]
    resized = np.array([np.asarray(plane.resize((width, height), Image.Resampling.BILINEAR)) for plane in planes])
    return torch.from_numpy(resized).unflatten(0, maps.shape[:2])


@torch.inference_mode()
def test_sizes_are_averaged():
    model = build_model(ModelConfig(name="fcn8s", width=0.05), 7).eval()
    batch = images(64, 96)
    mean = model(batch).logits.softmax(1) / 3
    for height, width in ((48, 72), (80, 120)):
        mean += pillow(model(pillow(batch, height, width)).logits.softmax(1), 64, 96) / 3
    average = ViewAverage(model, tta=False, scales=(0.75, 1.25, 1))
    assert average.asked == 3
    torch.testing.assert_close(average(batch).logits.softmax(1), mean, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(average(batch).features, model(batch).features)


@torch.inference_mode()
def test_sizes_and_symmetries_are_averaged_together_at_the_temperature():
    model = build_model(ModelConfig(name="fcn8s", width=0.05), 7).eval()
    batch = images(64, 64)
    mean = torch.zeros(2, 7, 64, 64)
    for view in (batch, pillow(batch, 32, 32)):
        for symmetry in SYMMETRIES:
            chances = (model(turned(view, *symmetry)).logits / 1.7).softmax(1)
            mean += pillow(turned_back(chances, *symmetry), 64, 64) / 16
    average = ViewAverage(model, 1.7, scales=(0.5, 1))
    assert average.asked == 16
    torch.testing.assert_close(average(batch).logits.softmax(1), mean, rtol=1e-4, atol=1e-6)


@torch.inference_mode()
@pytest.mark.parametrize("size", [(1, 1), (61, 90), (33, 7)])
def test_images_of_any_size_have_an_answer_for_every_pixel(size):
    average = ViewAverage(build_model(ModelConfig(name="fcn8s", width=0.05), 7).eval(), scales=(0.375, 0.5, 1.25))
    logits = average(images(*size)).logits
    assert logits.shape == (2, 7, *size)
    torch.testing.assert_close(logits.exp().sum(1), torch.ones(2, *size))


@pytest.mark.parametrize(
    ("tta", "scales", "stride"),
    [
        (True, (1.0,), 32),
        (False, (0.5, 1.0), 64),
        (False, (0.25, 2.0), 128),
        ("flip", (0.625,), 256),
        (True, (0.5, 1.25), 128),
    ],
)
def test_a_large_image_in_tiles_is_the_whole_image(tta, scales, stride):
    """Also where its sides are no multiples of anything; and with a halo that is narrower by a step it is not."""
    torch.manual_seed(0)
    model = ViewAverage(build_model(ModelConfig(name="fcn32s", width=0.05), 7).eval(), tta=tta, scales=scales)
    assert model.stride == stride
    predictor = Predictor(model, PRESETS["deepglobe"], "cpu")
    margin = halo(model)
    image = np.random.default_rng(0).integers(0, 256, (33, 2 * margin + 3 * stride + 5, 3)).astype(np.uint8)

    def scores(piece):
        return predictor.logits([piece])[0].permute(1, 2, 0).numpy()

    whole = scores(image)
    spread = np.abs(whole - whole.mean(axis=(0, 1))).max()
    wide, narrow = (predict_tiled(image, scores, around, stride) for around in (margin, margin - stride))
    assert np.abs(wide - whole).max() < 2e-4 * spread  # resizing rounds otherwise elsewhere, where it is not by two
    assert np.abs(narrow - whole).max() > 1e-3 * spread


def test_a_run_is_asked_as_it_was_set_unless_told_otherwise(tmp_path):
    run = untrained_run(tmp_path / "run", "fcn8s", tta="flip", tta_scales=(0.5, 1.0))

    def asked(**given):
        return Predictor.open(run, "cpu", **given).model.asked

    assert asked() == 4
    assert asked(tta=False) == asked(scales=[1]) == 2
    assert asked(tta=False, scales=[1]) == 1
    assert asked(tta=True) == 16
    assert asked(tta=False, scales=[0.5, 0.75, 1]) == 3


@pytest.mark.parametrize("scales", [[0.7], [], [0.5, 0.5], [0], [0.125], [2.125], [float("nan")], 0.5, "0.5,1"])
def test_sizes_that_cannot_be_are_refused(tmp_path, scales):
    run = untrained_run(tmp_path / "run", "fcn8s")
    with pytest.raises(UserError, match="must be different multiples of 1/8 from 1/4 to 2"):
        Predictor.open(run, "cpu", scales=scales)


def test_a_classifier_is_asked_about_its_own_size_alone(tmp_path):
    scheme = LabelScheme(task="classification", classes=[{"id": 0, "name": "a"}, {"id": 1, "name": "b"}])
    run = untrained_run(tmp_path / "run", "vgg16", scheme, input_size=32)
    with pytest.raises(UserError, match="scales are for segmenters"):
        Predictor.open(run, "cpu", scales=[0.5])
