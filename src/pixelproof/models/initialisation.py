"""Weights to start from, chosen so that the VGG and FCN family learns without pretrained ones."""

from __future__ import annotations

import math

import torch
from torch import nn

HEAD_GAIN = 0.3  # logits start well below O(1), near the uniform answer; measured to be best of 0.1, 0.3 and 1


def initialise(model: nn.Module, *heads: nn.Module) -> None:
    """Set the weights of ``model`` in place, drawing from torch's generator.

    Args:
        model: Convolutions, linear layers, batch norms and transposed convolutions without overlap.
        heads: The layers of ``model`` that yield logits.
    """
    for module in model.modules():
        if isinstance(module, nn.ConvTranspose2d):
            _as_nearest_neighbour(module)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="linear" if module in heads else "relu")
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
    with torch.no_grad():
        for head in heads:
            head.get_parameter("weight").mul_(HEAD_GAIN)


def _as_nearest_neighbour(module: nn.ConvTranspose2d) -> None:
    """Start as nearest-neighbour upsampling, of the channels as they are or, where the count changes, of random mixes.

    With independent weights for each of the factor x factor outputs, the gradients that come back through them would
    cancel out at first: the larger the factor, the slower the start.
    """
    inputs, outputs = module.weight.shape[:2]
    mix = torch.eye(inputs) if inputs == outputs else torch.randn(inputs, outputs) / math.sqrt(inputs)
    with torch.no_grad():
        module.weight.copy_(mix[:, :, None, None].expand_as(module.weight))
