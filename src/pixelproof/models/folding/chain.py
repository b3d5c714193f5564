"""Expanding layers computed as one in training. A module of its own, because it loads torch's compiler: two seconds."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pixelproof.models.folding.kernels import Expanding, compose


class Chain(nn.Module):
    """Expanding layers computed as one, for training: gradients reach the layers' own weights.

    Args:
        layers: Modules of the network, shared with it.
    """

    def __init__(self, layers: Sequence[Expanding]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.chain = tuple(layers)

    # Left out of compiled code: compiled by torch 2.12, the gradients in front of it were wrong by a sixth.
    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def forward(self, maps: Tensor) -> Tensor:
        """Return [N, O, H x factor, W x factor] for [N, C, H, W]."""
        # Rounding each composed weight to bf16 is what autocast does to a literal one; rounding halfway is not.
        with torch.autocast(maps.device.type, enabled=False):
            kernel = compose(self.chain, self.chain[0].weight.dtype)
            weight, bias = kernel.rows()
        return F.pixel_shuffle(F.conv2d(maps, weight, bias), kernel.factor)
