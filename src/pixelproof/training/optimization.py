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

    Each of its groups, the head's first, knows when it ``begins`` to learn and its ``factor`` of the learning rate.

    Args:
        model: Holds the weights.
        config: Names the optimiser and its rates.
        products: What Muon multiplies matrices in.
    """
    groups: list[dict[str, Any]] = []
    for weights, rate in zip(_parts(model, config), ((0, 1.0), (config.freeze, config.backbone_lr)), strict=True):
        pace = dict(zip(("begins", "factor"), rate, strict=True))
        decaying, others = ([p for p in weights if (p.ndim >= 2) is large] for large in (True, False))
        groups += [{"params": decaying, "weight_decay": config.weight_decay} | pace]
        groups += [{"params": others, "weight_decay": 0.0} | pace]
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, nesterov=config.momentum > 0)
    if config.optimizer == "muon":
        return Muon(model, groups, config.lr, products)
    # One pass over the weights instead of about ten: VGG16's step took 0.7 instead of 2.8 s on two busy cores.
    return torch.optim.AdamW(groups, lr=config.lr, fused=True)


def _parts(model: PixelModel, config: TrainingConfig) -> list[list[nn.Parameter]]:
    """Return the weights that are trained, the head's and then the backbone's.

    Where both learn alike, all are in the first list; a checkpoint keeps the optimiser's state in the order of its
    weights.
    """
    apart = {id(p) for p in model.backbone()} if config.backbone_lr != 1 or config.freeze else set()
    trained = [p for p in model.parameters() if p.requires_grad]
    return [[p for p in trained if (id(p) in apart) is backbone] for backbone in (False, True)]


def moving_average(model: nn.Module, decay: float) -> AveragedModel:
    """Return a model that follows the weights of ``model`` as their exponential moving average, buffers included.

    After n updates the decay is at most (1 + n) / (10 + n), so that a short run is not held back by its first weights.
    """

    def update(averages: Tensors, current: Tensors, updates: Tensor | int) -> None:
        n = int(updates)
        step = get_ema_multi_avg_fn(min(decay, (1 + n) / (10 + n)))  # type: ignore[no-untyped-call]
        step(averages, current, updates)

    return AveragedModel(model, multi_avg_fn=update, use_buffers=True)


def set_learning_rates(optimizer: torch.optim.Optimizer, config: TrainingConfig, epochs_done: float) -> float:
    """Give each group of an optimiser its learning rate after ``epochs_done`` epochs, and return the head's."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(config, epochs_done, group["begins"]) * group["factor"]
    head: float = optimizer.param_groups[0]["lr"]
    return head


def learning_rate(config: TrainingConfig, epochs_done: float, begins: float = 0.0) -> float:
    """Return the learning rate after ``epochs_done`` epochs, fractions included.

    Args:
        config: The schedule.
        epochs_done: Of the whole training.
        begins: After how many of them the weights begin to learn, and the warm-up with them.
    """
    warm = min(max(epochs_done - begins, 0.0) / config.warmup, 1.0) if config.warmup else 1.0
    rest = max(config.epochs - config.warmup, 1e-9)
    progress = min(max(epochs_done - config.warmup, 0.0) / rest, 1.0)
    if config.schedule == "cosine":
        return warm * config.lr * 0.5 * (1 + math.cos(math.pi * progress))
    if config.schedule == "poly":
        return warm * config.lr * math.pow(1 - progress, POLY_POWER)
    return warm * config.lr
