"""Batch norm in evaluation mode, folded into the layer before it.

``norm(conv(x))`` is itself a convolution: with s = gamma / sqrt(var + eps) its weights are s * W and its bias is
s * (b - mean) + beta.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, fx, nn

from pixelproof.config import ModelConfig
from pixelproof.models.folding.graph import called
from pixelproof.models.pixel_model import PixelModel
from pixelproof.models.registry import build_model, known_models, plain_name

Weighted = nn.Conv2d | nn.ConvTranspose2d | nn.Linear
Norm = nn.BatchNorm1d | nn.BatchNorm2d


def fold_batch_norm(model: PixelModel, config: ModelConfig) -> tuple[PixelModel, ModelConfig]:
    """Turn a network with batch norms into its plain twin, whose weights others can use.

    Args:
        model: A trained model; it is not changed.
        config: What it was built from.

    Returns:
        The plain network with the same outputs in evaluation mode, and its settings; both arguments as they are where
        the network has no plain twin.
    """
    plain = config.without_weights().model_copy(update={"name": plain_name(config.name)})
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


def fold_batch_norms(network: fx.GraphModule) -> int:
    """Fold each batch norm of a traced network into the layer before it; return how many there were.

    Args:
        network: Changed in place, its layers are not. It is for evaluation from then on.
    """
    count = 0
    for node in list(network.graph.nodes):
        norm, before = called(network, node), node.args[0] if node.args else None
        layer = called(network, before) if isinstance(before, fx.Node) else None
        if not isinstance(norm, Norm) or norm.running_mean is None or not isinstance(layer, Weighted):
            continue
        assert isinstance(before, fx.Node)
        if len(before.users) > 1 or getattr(layer, "groups", 1) > 1 or not _called_once(network, before):
            continue
        network.add_submodule(str(before.target), _with(layer, norm))
        node.replace_all_uses_with(before)
        network.graph.erase_node(node)
        count += 1
    return count


def _called_once(network: fx.GraphModule, node: fx.Node) -> bool:
    return [other.target for other in network.graph.nodes].count(node.target) == 1


def _with(layer: Weighted, norm: Norm) -> Weighted:
    """Return a layer that does what ``layer`` and then ``norm`` do."""
    weight, bias = _folded(layer, norm)
    # The layer itself is shared with the network that was folded, so the copy gets tensors of its own.
    twin = copy.copy(layer)
    twin._parameters = {
        "weight": nn.Parameter(weight.to(layer.weight.dtype), requires_grad=False),
        "bias": nn.Parameter(bias.to(layer.weight.dtype), requires_grad=False),
    }
    return twin


@torch.no_grad()
def _folded(layer: Weighted, norm: Norm | None) -> tuple[Tensor, Tensor]:
    """Return weight and bias of the layer that does what ``layer`` and then ``norm`` do, in float64."""
    weight = layer.weight.double()
    transposed = isinstance(layer, nn.ConvTranspose2d)
    outputs = 1 if transposed else 0  # the dimension of the output channels
    bias = weight.new_zeros(weight.shape[outputs]) if layer.bias is None else layer.bias.double()
    if norm is None:
        return weight, bias
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = (norm.running_var.double() + norm.eps).rsqrt()
    shift = -norm.running_mean * scale
    if norm.affine:
        scale, shift = scale * norm.weight, shift * norm.weight + norm.bias
    shape = [-1 if dimension == outputs else 1 for dimension in range(weight.ndim)]
    return weight * scale.view(shape), scale * bias + shift


@torch.no_grad()
def _set(layer: Weighted, weight: Tensor, bias: Tensor) -> None:
    layer.weight.copy_(weight)
    if layer.bias is not None:
        layer.bias.copy_(bias)
