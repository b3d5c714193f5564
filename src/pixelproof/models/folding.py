"""Exact algebra that gives the same function with fewer operations."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pixelproof.config import ModelConfig
from pixelproof.models.output import PixelModel
from pixelproof.models.registry import build_model, known_models, plain_name

Weighted = nn.Conv2d | nn.ConvTranspose2d | nn.Linear


def fold_batch_norm(model: PixelModel, config: ModelConfig) -> tuple[PixelModel, ModelConfig]:
    """Fold each batch norm into the convolution before it, for use after training.

    In evaluation mode ``norm(conv(x))`` is itself a convolution: with s = gamma / sqrt(var + eps) its weights are
    s * W and its bias is s * (b - mean) + beta.

    Args:
        model: A trained model; it is not changed.
        config: What it was built from.

    Returns:
        The plain network with the same outputs in evaluation mode, and its settings; both arguments as they are where
        the network has no plain twin.
    """
    plain = config.model_copy(update={"name": plain_name(config.name), "weights": "none"})
    if plain.name == config.name or config.name not in known_models():
        return model, config
    folded = build_model(plain, model.num_classes).to(next(model.parameters()).device)
    folded.preprocessing = model.preprocessing
    targets = (module for module in folded.modules() if isinstance(module, Weighted))
    layers = [module for module in model.modules() if isinstance(module, Weighted | nn.BatchNorm2d)]
    for layer, following in zip(layers, [*layers[1:], None], strict=True):
        if isinstance(layer, Weighted):
            norm = following if isinstance(following, nn.BatchNorm2d) else None
            _set(next(targets), *_folded(layer, norm))
    return folded.train(model.training), plain


def _folded(layer: Weighted, norm: nn.BatchNorm2d | None) -> tuple[Tensor, Tensor]:
    """Return weight and bias of the layer that does what ``layer`` and then ``norm`` do, in float64."""
    assert layer.bias is not None  # no layer of the family is without
    weight, bias = layer.weight.double(), layer.bias.double()
    if norm is None:
        return weight, bias
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    return weight * scale.view(-1, 1, 1, 1), scale * (bias - norm.running_mean) + norm.bias


@torch.no_grad()
def _set(layer: Weighted, weight: Tensor, bias: Tensor) -> None:
    layer.weight.copy_(weight)
    if layer.bias is not None:
        layer.bias.copy_(bias)
