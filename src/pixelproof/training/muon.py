"""Muon for the kernels of convolutions, AdamW for all other weights.

A step of Muon is the momentum with all its singular values made alike, so that weak directions of a kernel learn as
fast as strong ones. https://kellerjordan.github.io/posts/muon

torch and timm have it, too. Theirs compute in bfloat16 whatever the device, which took three to four times as long as
float32 on a processor without it and more than the images themselves; and torch's takes no convolutions. Ours computes
in the precision of the network: in bfloat16 half as long as in float32 on a processor with it.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW

MOMENTUM = 0.95
ITERATIONS = 5
QUINTIC = (3.4445, -4.7750, 2.0315)
"""Coefficients of x, x^3 and x^5, chosen by Muon's author: five times over they bring 0.005 to 1 into 0.7 to 1.2."""


class Muon(AdamW):
    """Steps the kernels of ungrouped convolutions with Muon and all else with AdamW, both at one learning rate.

    An entry of a kernel changes by the learning rate in the root mean square, as AdamW's weights do by about as much.

    Args:
        model: Decides which weights are kernels.
        groups: Parameter groups, as torch's optimisers take them, each with its ``weight_decay``.
        lr: Learning rate.
        products: What matrices are multiplied in; momentum and weights stay as they are.
    """

    def __init__(
        self, model: nn.Module, groups: list[dict[str, Any]], lr: float, products: torch.dtype = torch.float32
    ) -> None:
        layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d) and layer.groups == 1]
        self.kernels = {id(layer.weight) for layer in layers}
        self.products = products
        super().__init__(groups, lr=lr, fused=True)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take one step; gradients of kernels are used up by it."""
        for group in self.param_groups:
            kernels = [p for p in group["params"] if id(p) in self.kernels and p.grad is not None]
            # Kernels of one shape go together: a GPU takes as long for eight small products as for one.
            for _, alike in groupby(sorted(kernels, key=lambda p: tuple(p.shape)), key=lambda p: p.shape):
                self._step_kernels(list(alike), group["lr"], group["weight_decay"])
        super().step()  # what has no gradient any more is left alone

    def _step_kernels(self, kernels: list[nn.Parameter], lr: float, weight_decay: float) -> None:
        moments = torch.stack([self._momentum(kernel).flatten(1) for kernel in kernels])
        steps = orthogonalize(moments.to(self.products)).to(moments.dtype)
        size = lr * math.sqrt(max(steps.shape[1:]))
        for kernel, step in zip(kernels, steps, strict=True):
            kernel.mul_(1 - lr * weight_decay).sub_(step.view(kernel.shape), alpha=size)
            kernel.grad = None

    def _momentum(self, kernel: nn.Parameter) -> Tensor:
        """Return where a kernel's momentum leads after its gradient (Nesterov's)."""
        assert kernel.grad is not None
        state = self.state[kernel]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(kernel)
            state["step"] = torch.zeros((), device=kernel.device)  # AdamW asks every state for it when one is loaded
        momentum: Tensor = state["momentum"].lerp_(kernel.grad, 1 - MOMENTUM)
        return kernel.grad.lerp(momentum, MOMENTUM)


def orthogonalize(matrices: Tensor) -> Tensor:
    """Return matrices [N, m, n] with the same singular vectors, and singular values of about 1.

    By Newton-Schulz iterations, which take nothing but products, in the precision of the matrices.
    """
    wide = matrices.mT if matrices.shape[1] > matrices.shape[2] else matrices
    x = wide / wide.norm(dim=(1, 2), keepdim=True).clamp(min=1e-12)
    a, b, c = QUINTIC
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = a * x + torch.baddbmm(gram, gram, gram, beta=b, alpha=c) @ x
    result: Tensor = x.mT if wide is not matrices else x
    return result.contiguous()
