"""Find chains and sums of expanding layers in a traced network and replace each by what costs least.

The plan of a region starts at its last layer and walks towards the image. At each step it either stops, so that what
comes before is computed as it is and one kernel leads from there to the end, or lets the kernel absorb the layer, or
both branches of the sum, that comes before.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import reduce

import torch
from torch import fx, nn

from pixelproof.models.folding.graph import called
from pixelproof.models.folding.kernels import Expanding, Kernel, compose, factor_of, frozen, is_expanding

SUMS = (operator.add, torch.add)


@dataclass(frozen=True)
class Path:
    """Layers that become one kernel: the node that feeds them, and their own nodes in order."""

    start: fx.Node
    steps: tuple[fx.Node, ...] = ()


@dataclass(frozen=True)
class Plan:
    """How a region is computed: along some paths whose results are summed.

    Attributes:
        cost: Multiply-adds for each pixel of the region's result.
        paths: One for each kernel.
    """

    cost: float
    paths: tuple[Path, ...]


class Region:
    """The expanding layers, and the sums between them, that end in one layer.

    Args:
        network: The traced network.
        root: The node of the last layer.
        through_sums: Whether kernels may move in front of a sum.
    """

    def __init__(self, network: fx.GraphModule, root: fx.Node, through_sums: bool) -> None:
        self.network = network
        self.root = root
        self.through_sums = through_sums
        self.outputs = self.layer(root).out_channels
        self.plan = self._plan(root, (), self.outputs, 1)

    @property
    def folds(self) -> bool:
        """Whether any path has more than the last layer."""
        return self.plan.paths != (Path(_source(self.root), (self.root,)),)

    def layer(self, node: fx.Node) -> Expanding:
        """Return the layer of a node of the region."""
        layer = expanding_layer(self.network, node)
        assert layer is not None
        return layer

    def kernels(self) -> list[Kernel]:
        """Return the kernel of each path, in float64. A bias that several paths share is in the first of them."""
        counted: set[fx.Node] = set()
        kernels = []
        for path in self.plan.paths:
            layers = [self.layer(step) for step in path.steps]
            kernels.append(compose(layers, torch.float64, [step not in counted for step in path.steps]))
            counted.update(path.steps)
        return kernels

    def _plan(self, node: fx.Node, steps: tuple[fx.Node, ...], channels: int, factor: int) -> Plan:
        """Return the cheapest way to lead the ``channels`` of ``node`` through ``steps`` to the end.

        One of its cells is ``factor`` pixels of the result wide.
        """
        here = Plan(channels * self.outputs + self._literal(node, factor), (Path(node, steps),))
        if not steps:
            return self._through(node, steps, factor)
        if len(node.users) > 1:
            return here
        if expanding_layer(self.network, node) is not None:
            return min(here, self._through(node, steps, factor), key=lambda plan: plan.cost)
        if self.through_sums and _is_sum(node):
            branches = [self._plan(branch, steps, channels, factor) for branch in node.all_input_nodes]
            split = Plan(sum(b.cost for b in branches), tuple(path for b in branches for path in b.paths))
            return min(here, split, key=lambda plan: plan.cost)
        return here

    def _through(self, node: fx.Node, steps: tuple[fx.Node, ...], factor: int) -> Plan:
        """Return the plan in which the kernel absorbs the layer of ``node``."""
        layer = self.layer(node)
        return self._plan(_source(node), (node, *steps), layer.in_channels, factor * factor_of(layer))

    def _literal(self, node: fx.Node, factor: int) -> float:
        """Return the cost of computing ``node`` layer by layer from what enters the region."""
        layer = expanding_layer(self.network, node)
        if layer is not None:
            before = self._literal(_source(node), factor * factor_of(layer))
            return layer.in_channels * layer.out_channels / factor**2 + before
        return sum(self._literal(branch, factor) for branch in node.all_input_nodes) if _is_sum(node) else 0.0


def fold_upsampling(network: fx.GraphModule, training: bool) -> int:
    """Replace the regions of a traced network that cost less when folded, and return how many there were.

    Args:
        network: Changed in place.
        training: Compose anew in each forward, so that gradients reach the literal weights. Sums then stay where they
            are: composing through a wide branch costs more than it saves on a batch.
    """
    count = 0
    for node in reversed(list(network.graph.nodes)):
        # A node that an earlier region has absorbed has no users left.
        if not node.users or expanding_layer(network, node) is None:
            continue
        region = Region(network, node, through_sums=not training)
        if region.folds:
            _replace(region, f"folded_{count}", training)
            count += 1
    return count


def expanding_layer(network: fx.GraphModule, node: fx.Node) -> Expanding | None:
    """Return the layer that a node calls, if it is an expanding one."""
    layer = called(network, node)
    return layer if is_expanding(layer) else None


def _replace(region: Region, name: str, training: bool) -> None:
    """Put folded layers in the place of a region."""
    network, graph = region.network, region.network.graph
    starts = [path.start for path in region.plan.paths]
    if training:
        from pixelproof.models.folding.chain import Chain

        (path,) = region.plan.paths
        modules: list[nn.Module] = [Chain([region.layer(step) for step in path.steps])]
    else:
        dtype = region.layer(region.root).weight.dtype
        modules = [frozen(kernel, dtype) for kernel in region.kernels()]
    with graph.inserting_before(region.root):
        results = []
        for number, (start, module) in enumerate(zip(starts, modules, strict=True)):
            network.add_submodule(f"{name}_{number}", module)
            results.append(graph.call_module(f"{name}_{number}", (start,)))
        total = reduce(lambda a, b: graph.call_function(operator.add, (a, b)), results)
    region.root.replace_all_uses_with(total)
    graph.eliminate_dead_code()


def _is_sum(node: fx.Node) -> bool:
    """Return whether a node adds two different maps."""
    return node.op == "call_function" and node.target in SUMS and len(node.all_input_nodes) == 2 and not node.kwargs


def _source(node: fx.Node) -> fx.Node:
    """Return the node whose result a layer takes."""
    return node.all_input_nodes[0]
