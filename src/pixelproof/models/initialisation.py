"""Weights to start from, so that the networks of the VGG and FCN family train without pretrained ones."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def initialise(model: nn.Module) -> None:
    """Set all weights in place, from torch's current random state."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, nn.ConvTranspose2d):
            _initialise_upsampling(module)
        if getattr(module, "bias", None) is not None and not isinstance(module, nn.BatchNorm2d):
            nn.init.zeros_(module.bias)


def _initialise_upsampling(module: nn.ConvTranspose2d) -> None:
    inputs, outputs = module.weight.shape[:2]
    if inputs == outputs:
        taps = torch.eye(inputs)
    else:
        taps = torch.randn(inputs, outputs) / math.sqrt(inputs)
    with torch.no_grad():
        module.weight.copy_(taps[:, :, None, None].expand_as(module.weight))
