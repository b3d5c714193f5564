"""The facts of a model, against arithmetic and against what the network does."""

from __future__ import annotations

import json

import pytest
import torch
from torch import Tensor, nn

from pixelproof.config import ModelConfig
from pixelproof.models import PixelModel, build_model, known_models, receptive_field, summarise

OTHERS = ["timm:resnet18", "timm:test_vit", "smp:Unet:resnet18", "smp:Segformer:mit_b0"]


def build(name: str, width: float = 0.0625) -> PixelModel:
    return build_model(ModelConfig(name=name, width=width), 7)


def counted_macs(model: PixelModel, size: int) -> int:
    """Return the multiply-accumulates of the layers that a real forward pass goes through."""
    total = 0

    def count(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        nonlocal total
        if isinstance(layer, nn.ConvTranspose2d):
            total += inputs[0][0, 0].numel() * layer.weight.numel()
        elif isinstance(layer, nn.Conv2d):
            total += output[0, 0].numel() * layer.weight.numel()
        elif isinstance(layer, nn.Linear):
            total += layer.weight.numel()

    for module in model.modules():
        module.register_forward_hook(count)
    with torch.no_grad():
        model.eval()(torch.zeros(1, 3, size, size))
    return total


@pytest.mark.parametrize("name", [*known_models(), "timm:resnet18", "smp:Unet:resnet18"])
def test_counts(name: str) -> None:
    model = build(name)
    facts = summarise(model, name, 80)
    assert facts["parameters"] == sum(p.numel() for p in model.parameters())
    assert facts["macs"] == counted_macs(model, 80)


def test_the_study_s_networks() -> None:
    with torch.device("meta"):
        vgg = build_model(ModelConfig(name="vgg16"), 50)
        fcn = build_model(ModelConfig(name="fcn8s"), 7)
    facts = summarise(vgg, "vgg16", 224)
    convolutions = 15_346_630_656  # of VGG16 at 224 x 224, as published
    assert facts["macs"] == convolutions + 25088 * 4096 + 4096 * 4096 + 4096 * 50
    assert facts["output"] == [1, 50]
    facts = summarise(fcn, "fcn8s", 512)
    assert facts["parameters"] == 22_202_695
    assert (facts["receptive_field"], facts["stride"]) == (212, 32)
    assert facts["input"] == [1, 3, 512, 512]
    assert facts["output"] == [1, 7, 512, 512]
    assert facts["features"] == [1, 512, 16, 16]
    assert facts["architecture"] == repr(fcn)


@pytest.mark.parametrize("name", [*known_models(), *OTHERS])
def test_plain_data_and_a_model_left_as_it_was(name: str) -> None:
    model = build(name).train()
    facts = summarise(model, name, 64)
    assert json.loads(json.dumps(facts)) == facts
    assert model.training
    assert all(p.grad is None and p.device.type == "cpu" for p in model.parameters())
    assert (facts["receptive_field"] is None) == (name in OTHERS)


@pytest.mark.parametrize("name", ["fcn8s", "fcn32s-bn", "vgg16"])
def test_the_receptive_field_is_what_a_feature_sees(name: str) -> None:
    """Pixels whose change reaches one pool5 feature span the stated square, once each layer passes all it sees."""
    model = build(name).eval()
    layers = list(model.encoder_layers().values())
    with torch.no_grad():
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                layer.weight.fill_(1 / layer.weight[0].numel())
    image = torch.zeros(1, 3, 384, 384, dtype=torch.float64, requires_grad=True)
    maps: Tensor = image + 1
    for layer in layers:
        maps = nn.functional.avg_pool2d(maps, 2) if isinstance(layer, nn.MaxPool2d) else layer.double()(maps)
    maps[0, :, 6, 6].sum().backward()
    assert image.grad is not None
    seen = image.grad[0].abs().sum(0).nonzero()
    extent = seen.max(0).values - seen.min(0).values + 1
    assert extent.tolist() == [receptive_field(model)] * 2
