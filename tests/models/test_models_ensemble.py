"""Several networks as one: the mean of what they answer alone, however it is computed."""

import numpy as np
import pytest
import torch

from pixelproof.config import ModelConfig
from pixelproof.labels import PRESETS
from pixelproof.models import build_model, diagram, fold, receptive_field, summarise
from pixelproof.models.ensemble import Ensemble
from pixelproof.prediction import Predictor
from pixelproof.prediction.tiles import halo, predict_tiled, tile_side

SEGMENTERS = ["fcn8s-bn", "fcn32s", "smp:Unet:resnet18"]


def ensemble(*names, classes=7):
    """Return an ensemble of untrained networks in evaluation mode whose answers vary."""
    configs = tuple(ModelConfig(name=name, width=0.05, input_size=None) for name in names)
    model = build_model(ModelConfig(name="ensemble", members=configs), classes)
    drawn = torch.Generator().manual_seed(0)
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d | torch.nn.Linear) and module.bias is not None:
            torch.nn.init.normal_(module.bias, std=0.3, generator=drawn)
    model.temperatures.copy_(torch.linspace(0.5, 2.0, len(names)))
    return model.eval()


def image(*size):
    return torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("names", "size"),
    [
        (SEGMENTERS, (64, 96)),
        (SEGMENTERS[:2], (50, 71)),
        (["vgg16-bn", "timm:resnet10t"], (32, 32)),
    ],
)
@torch.no_grad()
def test_the_answer_is_the_mean_of_the_members_probabilities(names, size):
    model, batch = ensemble(*names), image(*size)
    output = model(batch)
    alone = [
        member(batch).logits.div(float(temperature)).softmax(dim=1)
        for member, temperature in zip(model.members, model.temperatures, strict=True)
    ]
    assert not torch.allclose(alone[0], alone[1], atol=1e-3)
    torch.testing.assert_close(output.logits.softmax(dim=1), torch.stack(alone).mean(dim=0))
    assert output.features.shape[1] == sum(member(batch).features.shape[1] for member in model.members)


@torch.no_grad()
def test_a_class_that_no_member_believes_in_has_a_finite_score():
    model = ensemble("vgg16", "vgg16")
    model.temperatures.fill_(1e-6)
    assert model(image(32, 32)).logits.isfinite().all()


@pytest.mark.parametrize("size", [None, (64, 64)])
@torch.no_grad()
def test_folded_it_answers_alike_with_fewer_operations(size):
    model = ensemble("fcn8s-bn", "fcn32s-bn")
    folded = fold(model, size)
    torch.testing.assert_close(folded(image(64, 64)).logits, model(image(64, 64)).logits, rtol=1e-4, atol=1e-5)
    assert isinstance(folded, Ensemble)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in model.modules())  # which is not changed
    facts = summarise(model, "ensemble", 64)
    assert facts["macs_folded"] < facts["macs"]
    assert fold(ensemble("timm:resnet10t", "timm:resnet10t"))(image(32, 32)).logits.shape == (2, 7)


@pytest.mark.parametrize("size", [(300, 451), (96, 500)])
def test_a_tiled_map_equals_the_whole_one(size):
    model = ensemble("fcn8s", "fcn32s")
    use = Predictor(fold(model), PRESETS["deepglobe"], "cpu")
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3)).astype(np.uint8)
    with torch.no_grad():  # centre the classes, or untrained networks would answer one of them everywhere
        for member in model.networks():
            scoring = [module for module in member.modules() if getattr(module, "out_channels", 0) == 7][-1]
            scoring.bias -= member(use.prepared([pixels])).logits.mean(dim=(0, 2, 3))
    use = Predictor(fold(model), PRESETS["deepglobe"], "cpu")
    whole = use.class_map(pixels)
    assert len(np.unique(whole)) > 1
    assert tile_side(use.model, 64) == 64
    np.testing.assert_array_equal(predict_tiled(pixels, use.class_map, halo(use.model), side=64), whole)


def test_what_is_known_of_the_members_is_known_of_all():
    known, partly = ensemble("fcn8s", "fcn32s"), ensemble(*SEGMENTERS)
    assert receptive_field(known) == receptive_field(known.networks()[0])
    assert receptive_field(partly) is None
    assert partly.stride == 32
    total = sum(parameter.numel() for member in partly.members for parameter in member.parameters())
    facts = summarise(partly, "ensemble", 64)
    assert facts["parameters"] == total
    picture = diagram(partly, "ensemble", 64)
    assert "3 members" in picture
    assert "2 × FCN, 1 × SmpSegmenter" in picture
