"""Optimisers, the learning rate over time, and the moving average of the weights."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from pixelproof.config import TrainingConfig

Tensors = tuple[Tensor, ...] | list[Tensor]
POLY_POWER = 0.9
MUON_OTHERS = 0.2
"""Learning rate of the weights that Muon leaves to AdamW, as a part of its own: steps that change every direction alike
bear more."""


def make_optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    """Return the optimiser; weight decay acts on weights with two or more dimensions, not on biases and norms."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    if config.optimizer == "muon":
        return _muon(model, parameters, config)
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, nesterov=config.momentum > 0)
    # One pass over the weights instead of about ten: VGG16's step took 0.7 instead of 2.8 s on two busy cores.
    return torch.optim.AdamW(groups, lr=config.lr, fused=True)


def _muon(model: nn.Module, parameters: list[nn.Parameter], config: TrainingConfig) -> torch.optim.Optimizer:
    """Return timm's Muon, whose steps change every direction of a kernel alike, https://kellerjordan.github.io/posts/muon.

    Only kernels of convolutions get such steps. Those of linear layers would take longer than the rest of training, for
    VGG's have a hundred million weights; and those of transposed convolutions are many small kernels side by side.
    """
    from timm.optim.muon import Muon

    kernels = {id(layer.weight) for layer in model.modules() if isinstance(layer, nn.Conv2d)}
    groups: list[dict[str, Any]] = [
        {"params": [p for p in parameters if id(p) in kernels]},
        {"params": [p for p in parameters if id(p) not in kernels and p.ndim >= 2], "use_fallback": True},
        {"params": [p for p in parameters if p.ndim < 2], "use_fallback": True, "weight_decay": 0.0},
    ]
    return Muon(
        [group for group in groups if group["params"]],
        lr=config.lr,
        weight_decay=config.weight_decay,
        nesterov=True,
        fallback_lr_scale=MUON_OTHERS,
    )


def moving_average(model: nn.Module, decay: float) -> AveragedModel:
    """Return a model that follows the weights of ``model`` as their exponential moving average, buffers included.

    After n updates the decay is at most (1 + n) / (10 + n), so that a short run is not held back by its first weights.
    """

    def update(averages: Tensors, current: Tensors, updates: Tensor | int) -> None:
        n = int(updates)
        step = get_ema_multi_avg_fn(min(decay, (1 + n) / (10 + n)))  # type: ignore[no-untyped-call]
        step(averages, current, updates)

    return AveragedModel(model, multi_avg_fn=update, use_buffers=True)


def learning_rate(config: TrainingConfig, epochs_done: float) -> float:
    """Return the learning rate after ``epochs_done`` epochs, fractions included."""
    if epochs_done < config.warmup:
        return config.lr * (epochs_done / config.warmup)
    rest = max(config.epochs - config.warmup, 1e-9)
    progress = min((epochs_done - config.warmup) / rest, 1.0)
    if config.schedule == "cosine":
        return config.lr * 0.5 * (1 + math.cos(math.pi * progress))
    if config.schedule == "poly":
        return config.lr * math.pow(1 - progress, POLY_POWER)
    return config.lr
