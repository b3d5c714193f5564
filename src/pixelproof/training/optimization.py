"""Optimisers, the learning rate over time, and the moving average of the weights."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from pixelproof.config import TrainingConfig
from pixelproof.models import PixelModel
from pixelproof.training.muon import Muon

Tensors = tuple[Tensor, ...] | list[Tensor]
POLY_POWER = 0.9


def make_optimizer(
    model: PixelModel, config: TrainingConfig, products: torch.dtype = torch.float32
) -> torch.optim.Optimizer:
    """Return the optimiser; weight decay acts on weights with two or more dimensions, not on biases and norms.

    The learning rate of each of its groups is to be the schedule's times the group's ``factor``; the first one has 1.

    Args:
        model: Holds the weights.
        config: Names the optimiser and its rates.
        products: What Muon multiplies matrices in.
    """
    groups: list[dict[str, Any]] = []
    for weights, factor in _by_factor(model, config.backbone_lr):
        decaying, others = ([p for p in weights if (p.ndim >= 2) is large] for large in (True, False))
        groups.append({"params": decaying, "weight_decay": config.weight_decay, "factor": factor})
        groups.append({"params": others, "weight_decay": 0.0, "factor": factor})
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, nesterov=config.momentum > 0)
    if config.optimizer == "muon":
        return Muon(model, groups, config.lr, products)
    # One pass over the weights instead of about ten: VGG16's step took 0.7 instead of 2.8 s on two busy cores.
    return torch.optim.AdamW(groups, lr=config.lr, fused=True)


def _by_factor(model: PixelModel, factor: float) -> list[tuple[list[nn.Parameter], float]]:
    """Return the weights that are trained and the factor on their learning rate: the head's, then the backbone's.

    Where that is 1, all are in the first list; a checkpoint keeps the optimiser's state in the order of its weights.
    """
    slower = {id(p) for p in model.backbone()} if factor != 1 else set()
    trained = [p for p in model.parameters() if p.requires_grad]
    parts = ([p for p in trained if (id(p) in slower) is slow] for slow in (False, True))
    return list(zip(parts, (1.0, factor), strict=True))


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
