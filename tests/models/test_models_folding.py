"""Folding batch norm changes the architecture, not the function."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pixelproof.config import ModelConfig
from pixelproof.models import PixelModel, build_model, fold_batch_norm, known_models

SLIM = 0.0625
WITH_NORM = [name for name in known_models() if name.endswith("-bn")]


def with_random_statistics(name: str, seed: int) -> tuple[PixelModel, ModelConfig]:
    config = ModelConfig(name=name, width=SLIM)
    model = build_model(config, 5, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(-1.5, 1.5, generator=generator)
                module.bias.normal_(generator=generator)
                module.running_mean.normal_(generator=generator)
                module.running_var.uniform_(0.01, 4, generator=generator)
            elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                module.bias.normal_(generator=generator)
    return model.eval(), config


@pytest.mark.parametrize("name", WITH_NORM)
@given(seed=st.integers(0, 2**31))
@settings(max_examples=5, deadline=None, database=None)
def test_folding_keeps_the_outputs(name: str, seed: int) -> None:
    model, config = with_random_statistics(name, seed)
    folded, plain = fold_batch_norm(model, config)
    images = torch.randn(2, 3, 40, 70, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        before, after = model.double()(images.double()), folded.double()(images.double())
    assert plain.name == name.removesuffix("-bn")
    for old, new in zip(before, after, strict=True):
        assert (old - new).abs().max() < 1e-5 * old.abs().max()


@pytest.mark.parametrize("name", WITH_NORM)
def test_the_folded_weights_are_those_of_the_plain_name(name: str) -> None:
    model, config = with_random_statistics(name, 1)
    state = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    folded, plain = fold_batch_norm(model, config)
    build_model(plain, 5).load_state_dict(folded.state_dict())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert all(torch.equal(tensor, state[key]) for key, tensor in model.state_dict().items())
    assert folded.preprocessing == model.preprocessing
    assert not folded.training


@pytest.mark.parametrize("name", ["fcn8s", "vgg16", "timm:resnet18", "smp:Unet:resnet18"])
def test_a_network_without_a_plain_twin_is_left_alone(name: str) -> None:
    config = ModelConfig(name=name, width=SLIM)
    model = build_model(config, 5)
    assert fold_batch_norm(model, config) == (model, config)
