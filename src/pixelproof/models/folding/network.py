"""Folded networks: for prediction, with weights of their own, and for training, with those of the literal one."""

from __future__ import annotations

import copy
from functools import partial
from itertools import chain
from typing import Any

import torch
from torch import Tensor, fx, nn

from pixelproof.models.ensemble import Ensemble
from pixelproof.models.folding.batch_norm import fold_batch_norms
from pixelproof.models.folding.graph import trace
from pixelproof.models.folding.pooling import PooledLinear, Size, fold_pooling
from pixelproof.models.folding.upsampling import fold_upsampling
from pixelproof.models.pixel_model import Output, PixelModel


class Folded(PixelModel):
    """A network that computes what another does, with fewer operations.

    Args:
        model: The literal network.
        network: The folded one.
    """

    def __init__(self, model: PixelModel, network: fx.GraphModule) -> None:
        super().__init__(model.num_classes)
        self.network = network
        self.copy_contract(model, "network")

    def forward(self, images: Tensor) -> Output:
        """Return what the literal network returns."""
        output: Output = self.network(images)
        return output


@torch.no_grad()
def fold(model: PixelModel, size: Size | None = None) -> PixelModel:
    """Return a network for prediction with the same outputs as ``model`` in evaluation mode, to rounding.

    Batch norms go into convolutions, chains of transposed convolutions without overlap become one and move in front of
    the skip sums before them, and a fully connected layer absorbs the pooling before it. Each is done where it saves
    operations. Composed in float64.

    Args:
        model: Any model; it is not changed. What is not folded shares its weights.
        size: Height and width that all images will have, where that is known; the network then takes no others.

    Returns:
        The folded network in evaluation mode; ``model`` itself where there is nothing to fold, and where the encoder
        is no plain chain of layers.
    """
    if isinstance(model, Ensemble):
        return model.changed(partial(fold, size=size))
    if not model.encoder:
        return model
    network = trace(copy.deepcopy(model, _shared(model)).eval())
    if network is None:
        return model
    if not sum([fold_batch_norms(network), fold_upsampling(network, False), fold_pooling(network, False)]):
        return model
    network.delete_all_unused_submodules()
    network.recompile()
    folded = Folded(model, network).eval()
    return folded if size is None else fixed(folded, size)


def fold_for_training(model: PixelModel) -> PixelModel:
    """Return a network that computes what ``model`` does with fewer operations, from the very weights of ``model``.

    Kernels are composed in every forward, so gradients reach the literal weights, and equal the literal ones to
    rounding. Batch norms stay, for in training they depend on the batch. It shares all modules, so that it follows
    ``model`` from training to evaluation mode and to another device, and nothing of it belongs into a checkpoint.

    Returns:
        The folded network; ``model`` itself where there is nothing to fold.
    """
    network = trace(model) if model.encoder else None
    if network is None or not fold_upsampling(network, True) + fold_pooling(network, True):
        return model
    network.recompile()
    return Folded(model, network)


@torch.no_grad()
def fixed(model: PixelModel, size: Size) -> PixelModel:
    """Return a folded network for images of ``size`` alone, whose layers need not look at it; others as they are."""
    if isinstance(model, Ensemble):
        return model.changed(partial(fixed, size=size))
    if not isinstance(model, Folded):
        return model
    folded = copy.deepcopy(model, _shared(model))
    pooled = {name: module for name, module in folded.network.named_children() if isinstance(module, PooledLinear)}
    sizes: dict[str, Size] = {}
    for name, module in pooled.items():

        def note(_: nn.Module, args: tuple[Tensor], name: str = name) -> None:
            sizes[name] = (args[0].shape[-2], args[0].shape[-1])

        module.register_forward_pre_hook(note)
    folded(torch.zeros(1, folded.channels, *size, device=next(folded.parameters()).device))
    for name, found in sizes.items():
        folded.network.add_module(name, pooled[name].at(found))
    return folded


def _shared(model: nn.Module) -> dict[int, Any]:
    """Return the memory of a deep copy that copies modules, and so their mode, but shares tensors."""
    return {id(tensor): tensor for tensor in chain(model.parameters(), model.buffers())}
