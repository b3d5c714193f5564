"""A fully connected layer behind an adaptive pooling of a map that is smaller than what the pooling gives.

The pooling then only repeats and averages the few cells there are. It is linear, so the layer composes with it:
VGG16's first layer takes 7 x 7 cells of 512 channels, all alike where an image of 32 x 32 pixels left a single cell,
and its 25,088 inputs become 512.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from pixelproof.models.folding.graph import called

Size = tuple[int, int]
ROWS = 256  # outputs composed at once, so that float64 does not double the memory of a large layer


class PooledLinear(nn.Module):
    """Pooling and layer computed as one where that is less work, and one after the other where it is not.

    Args:
        pool: Gives each image's map the size the layer was made for.
        linear: The layer.
        training: Compose anew in each forward, so that gradients reach the layer's own weight.
    """

    def __init__(self, pool: nn.AdaptiveAvgPool2d, linear: nn.Linear, training: bool) -> None:
        super().__init__()
        self.pool = pool
        self.linear = linear
        self.live = training
        self.composed: dict[tuple[Size, torch.device], Tensor] = {}

    def forward(self, maps: Tensor) -> Tensor:
        """Return [N, O] for maps [N, C, h, w] of any size."""
        height, width = maps.shape[-2:]
        if height * width >= self.linear.in_features // maps.shape[1]:
            linear: Tensor = self.linear(self.pool(maps).flatten(1))
            return linear
        return F.linear(maps.flatten(1), self.weight((height, width)), self.linear.bias)

    def weight(self, size: Size) -> Tensor:
        """Return the layer's weight for maps of ``size`` that are not pooled, [O, C x h x w]."""
        literal = self.linear.weight
        if self.live:
            with torch.autocast(literal.device.type, enabled=False):
                return compose(literal, self.pool, size)
        key = (size, literal.device)
        if key not in self.composed:
            # Made in inference mode, the weight could not be kept for a gradient later.
            with torch.inference_mode(False), torch.no_grad():
                parts = [compose(rows.double(), self.pool, size) for rows in torch.split(literal, ROWS)]
                self.composed = {key: torch.cat([part.to(literal.dtype) for part in parts])}
        return self.composed[key]

    def at(self, size: Size) -> nn.Sequential:
        """Return the layers that do the same for maps of ``size`` alone."""
        if size[0] * size[1] >= self.pool(torch.zeros(1, 1, *size)).numel():
            return nn.Sequential(self.pool, nn.Flatten(), self.linear)
        weight = self.weight(size)
        linear = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
        linear.weight = nn.Parameter(weight, requires_grad=False)
        linear.bias = self.linear.bias
        return nn.Sequential(nn.Flatten(), linear)


def compose(weight: Tensor, pool: nn.AdaptiveAvgPool2d, size: Size) -> Tensor:
    """Return the weight [O, C x h x w] of a layer that takes maps of ``size`` unpooled.

    Args:
        weight: [O, C x H x W], of the layer that takes them pooled to H x W.
        pool: The pooling.
        size: (h, w).
    """
    cells = size[0] * size[1]
    # What the pooling does to each cell alone, which is all that it does, for it is linear.
    alone = torch.eye(cells, dtype=weight.dtype, device=weight.device).view(cells, 1, *size)
    matrix: Tensor = pool(alone).flatten(1)
    by_channel = weight.view(weight.shape[0], -1, matrix.shape[1])  # [O, C, H x W]
    return by_channel.sum(dim=2) if cells == 1 else (by_channel @ matrix.t()).flatten(1)


def fold_pooling(network: fx.GraphModule, training: bool) -> int:
    """Join each pooling of a traced network with the fully connected layer behind it; return how many there were.

    Args:
        network: Changed in place.
        training: Compose anew in each forward.
    """
    count = 0
    for node in list(network.graph.nodes):
        found = _found(network, node)
        if found is None:
            continue
        maps, pool, linear = found
        name = f"pooled_{count}"
        network.add_submodule(name, PooledLinear(pool, linear, training))
        with network.graph.inserting_before(node):
            node.replace_all_uses_with(network.graph.call_module(name, (maps,)))
        network.graph.eliminate_dead_code()
        count += 1
    return count


def _found(network: fx.GraphModule, node: fx.Node) -> tuple[fx.Node, nn.AdaptiveAvgPool2d, nn.Linear] | None:
    """Return what enters the pooling, the pooling and the layer, if ``node`` is a layer behind a flattened pooling."""
    linear = called(network, node)
    flatten = node.args[0] if node.args else None
    if not isinstance(linear, nn.Linear) or not isinstance(flatten, fx.Node) or not _flattens(network, flatten):
        return None
    before = flatten.args[0]
    pool = called(network, before) if isinstance(before, fx.Node) else None
    if not isinstance(pool, nn.AdaptiveAvgPool2d) or pool.output_size in (1, (1, 1)):
        return None
    assert isinstance(before, fx.Node)
    return before.all_input_nodes[0], pool, linear


def _flattens(network: fx.GraphModule, node: fx.Node) -> bool:
    """Return whether a node makes one vector of each image's maps."""
    module = called(network, node)
    if isinstance(module, nn.Flatten):
        return (module.start_dim, module.end_dim) == (1, -1)
    is_call = (node.op, node.target) in (("call_method", "flatten"), ("call_function", torch.flatten))
    return is_call and node.args[1:] == (1,) and not node.kwargs
