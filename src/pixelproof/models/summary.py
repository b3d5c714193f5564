"""The facts of a model: size, cost, what a feature sees, and how PyTorch prints it."""

from __future__ import annotations

from typing import Any

from torch import nn

from pixelproof.models.folding import fold
from pixelproof.models.pixel_model import Output, PixelModel
from pixelproof.models.tracing import run_on_shapes, without_data


def summarise(model: PixelModel, name: str, size: int) -> dict[str, Any]:
    """Return the facts of a model as plain data.

    Args:
        model: Any model; it is not run, only traced by shapes.
        name: The model's name.
        size: Height and width in pixels of the image for which operations and shapes are counted.

    Returns:
        name; parameters, the count of trained numbers; macs, multiply-accumulates of convolutions and matrix products
        for one image (half of the floating-point operations; pooling, activations and bilinear upsampling are not
        counted); macs_folded, the same for the folded network, which prediction uses; receptive_field, side in pixels
        of what one feature of the deepest map sees, None where the encoder is no plain chain; stride, pixels between
        features of that map, None where it is not known; input, shape of the image; output and features, shapes of the
        answer; architecture, the text that PyTorch prints.
    """
    output, macs = _count(model, size)
    foldable = any(network.encoder for network in model.networks())
    folded = _count(fold(without_data(model), (size, size)), size)[1] if foldable else macs
    return {
        "name": name,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "macs": macs,
        "macs_folded": folded,
        "receptive_field": receptive_field(model),
        "stride": model.reduction or None,
        "input": [1, model.channels, size, size],
        "output": list(output.logits.shape),
        "features": list(output.features.shape),
        "architecture": repr(model),
    }


def _count(model: PixelModel, size: int) -> tuple[Output, int]:
    """Return the output for one image, without data, and the multiply-accumulates it takes."""
    from torch.utils.flop_counter import FlopCounterMode  # here, because it brings a compiler for GPUs along

    with FlopCounterMode(display=False) as counter:
        output = run_on_shapes(model, size)
    return output, counter.get_total_flops() // 2


def receptive_field(model: PixelModel) -> int | None:
    """Return the side in pixels of the square that one feature of the deepest map sees; None where unknown.

    Each layer of kernel size k adds (k - 1) times the distance between its inputs, which each stride multiplies. Of
    several networks that answer together, the one that sees most counts.
    """
    fields = [_field(network) for network in model.networks()]
    known = [field for field in fields if field is not None]
    return max(known) if len(known) == len(fields) else None


def _field(model: PixelModel) -> int | None:
    if not model.encoder:
        return None
    field = distance = model.downsample
    for layer in model.encoder_layers().values():
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d):
            field += (_side(layer.kernel_size) - 1) * distance
            distance *= _side(layer.stride)
    return field


def _side(value: int | tuple[int, ...]) -> int:
    return value if isinstance(value, int) else value[0]
