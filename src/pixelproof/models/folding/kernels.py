"""Transposed convolutions whose kernel is their stride: no two outputs overlap, so a chain of them is one of them.

With kernels W1 [C, M, a, a] and W2 [M, O, b, b], the chain has the kernel

    W[c, o, i * b + p] = sum over m of W1[c, m, i] * W2[m, o, p]        (p, i: positions, written for one direction)

and a bias that depends on the position in its block: the first layer's bias seen through W2, plus the second's. A 1x1
convolution is the case of factor 1. Such a layer is a 1x1 convolution to O x factor x factor channels followed by a
pixel shuffle, which is how it is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeGuard

import torch
from torch import Tensor, nn

Expanding = nn.ConvTranspose2d | nn.Conv2d


class Kernel(NamedTuple):
    """What a chain of expanding layers does: one cell becomes ``factor`` x ``factor`` cells."""

    weight: Tensor
    """[C, O, factor, factor]"""
    bias: Tensor
    """[O, factor, factor]"""

    @property
    def factor(self) -> int:
        """Cells on each side that one cell becomes."""
        return self.weight.shape[-1]

    def rows(self) -> tuple[Tensor, Tensor]:
        """Return weight [O x factor x factor, C, 1, 1] and bias of the convolution that a pixel shuffle follows."""
        return self.weight.flatten(1).t()[:, :, None, None], self.bias.flatten()


def is_expanding(layer: object) -> TypeGuard[Expanding]:
    """Return whether a layer is a transposed convolution without overlap, or a 1x1 convolution."""
    if not isinstance(layer, Expanding) or layer.groups != 1:
        return False
    side = layer.kernel_size[0]
    if layer.kernel_size != (side, side) or layer.stride != (side, side):
        return False
    plain = layer.padding == (0, 0) and layer.output_padding == (0, 0) and layer.dilation == (1, 1)
    return plain and (side == 1 or isinstance(layer, nn.ConvTranspose2d))


def factor_of(layer: Expanding) -> int:
    """Return how many cells on each side an expanding layer makes of one."""
    return layer.kernel_size[0]


def compose(layers: Sequence[Expanding], dtype: torch.dtype, biased: Sequence[bool] | None = None) -> Kernel:
    """Return the kernel of layers that follow each other, composed from the last to the first, where it is cheapest.

    Args:
        layers: In the order in which they are applied.
        dtype: Of the result and of the arithmetic.
        biased: Whether each layer's bias counts; all do by default.
    """
    *before, last = zip(layers, biased or [True] * len(layers), strict=True)
    kernel = _kernel(*last, dtype)
    for layer, counts in reversed(before):
        kernel = _precede(_kernel(layer, counts, dtype), kernel)
    return kernel


def _kernel(layer: Expanding, biased: bool, dtype: torch.dtype) -> Kernel:
    weight = layer.weight.to(dtype)
    if isinstance(layer, nn.Conv2d):
        weight = weight.transpose(0, 1)
    outputs, side = weight.shape[1], weight.shape[-1]
    bias = layer.bias.to(dtype) if layer.bias is not None and biased else weight.new_zeros(outputs)
    return Kernel(weight, bias[:, None, None].expand(outputs, side, side))


def _precede(first: Kernel, then: Kernel) -> Kernel:
    """Return the kernel of ``first``, whose bias is the same everywhere, followed by ``then``."""
    channels, _, side, _ = first.weight.shape
    outputs, factor = then.weight.shape[1], first.factor * then.factor
    flat = then.weight.flatten(1)  # [M, O x b x b]
    cells = first.weight.permute(0, 2, 3, 1) @ flat  # [C, a, a, O x b x b]
    blocks = cells.view(channels, side, side, *then.bias.shape).permute(0, 3, 1, 4, 2, 5)  # [C, O, a, b, a, b]
    bias = then.bias + (first.bias[:, 0, 0] @ flat).view_as(then.bias)
    return Kernel(blocks.reshape(channels, outputs, factor, factor), bias.repeat(1, side, side))


def frozen(kernel: Kernel, dtype: torch.dtype) -> nn.Sequential:
    """Return the layers that apply a kernel, with weights of their own."""
    weight, bias = kernel.rows()
    convolution = nn.Conv2d(weight.shape[1], weight.shape[0], kernel_size=1, device="meta")
    convolution.weight = nn.Parameter(weight.to(dtype).contiguous(), requires_grad=False)
    convolution.bias = nn.Parameter(bias.to(dtype).contiguous(), requires_grad=False)
    return nn.Sequential(convolution, nn.PixelShuffle(kernel.factor))
