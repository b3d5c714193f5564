"""Running a model on shapes alone, where that can be done: no data, no arithmetic, whatever its size."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.func import functional_call

from pixelproof.models.pixel_model import Output, PixelModel


def run_on_shapes(model: PixelModel, size: int) -> Output:
    """Return the output for one image of ``size`` x ``size`` pixels in evaluation mode, as tensors without data.

    They know the operations that led to them, as for computing gradients. A model that asks for values gets zeros.
    """
    device = "meta" if model.shapes_suffice else "cpu"
    state = {name: tensor.to(device) for name, tensor in [*model.named_parameters(), *model.named_buffers()]}
    image = torch.zeros(1, model.channels, size, size, device=device)
    training = model.training
    try:
        with torch.enable_grad():
            output: Output = functional_call(model.eval(), state, (image,))
    finally:
        model.train(training)
    return output


def without_data(model: PixelModel) -> PixelModel:
    """Return a copy of a model whose weights have shapes alone."""
    shapes = {id(p): nn.Parameter(p.to("meta"), requires_grad=False) for p in model.parameters()}
    return copy.deepcopy(model, shapes | {id(buffer): buffer.to("meta") for buffer in model.buffers()})
