"""The structure of networks of other libraries and packages, as far as their maps tell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node
from torch.utils._pytree import tree_leaves

from pixelproof.models.adapters import SMALLEST, SmpSegmenter, TimmClassifier
from pixelproof.models.drawing.structure import Block, Link, Structure, add_image, begun, logits
from pixelproof.models.ensemble import Ensemble
from pixelproof.models.pixel_model import PixelModel
from pixelproof.models.plugin_adapters import PluginClassifier, PluginSegmenter
from pixelproof.models.tracing import run_on_shapes


@dataclass(frozen=True)
class Call:
    """What one part of a network took and gave: maps by their shapes and the operations that made them."""

    name: str
    part: nn.Module
    inputs: list[Node]
    maps: list[tuple[torch.Size, Node]]


def timm_structure(model: TimmClassifier, size: int) -> Structure:
    """Return the stages that timm records of a classifier, and its head."""
    network: Any = model.model
    seen = max(model.size or (size, SMALLEST))
    structure = Structure(seen)
    resized = (f"resized to {seen} × {seen}",) if model.size and seen != size else ()
    last = add_image(structure, model, size, *resized)
    stages = groupby(network.feature_info, lambda stage: (stage["reduction"], stage["num_chs"]))
    for (stride, channels), group in stages:
        names = [stage["module"] for stage in group]
        name = names[0] if len(names) == 1 else f"{names[0]} to {names[-1].rpartition('.')[2]}"
        last = structure.add(Block(name, "encoder", (name, f"{channels} ch"), stride), last)
    values = run_on_shapes(model, size).features.shape[1]
    last = structure.add(Block("features", "classifier", ("features", f"{values} values"), None), last)
    structure.add(logits(model, None), last)
    return structure


def smp_structure(model: SmpSegmenter, size: int) -> Structure:
    """Return the encoder's maps and the decoder's parts of a segmenter, linked as the maps flow."""
    structure, last = begun(model, size)
    network: Any = model.model
    (encoder, *parts), end = _calls(model, [("encoder", network.encoder), *_parts(network.decoder)], size)
    makers: dict[Node, str] = {}
    for number, (shape, node) in enumerate(encoder.maps, start=1):
        name = f"encoder {number}"
        last = structure.add(Block(name, "encoder", (name, f"{shape[1]} ch"), _stride(structure, shape)), last)
        makers[node] = last
    shallow = set(makers.values()) - {last}
    for call in parts:
        shape, node = call.maps[0]
        lines = (call.name, type(call.part).__name__, f"{shape[1]} ch")
        block = Block(call.name, "decoder", lines, _stride(structure, shape))
        _link(structure, block, _sources(call.inputs, makers), shallow)
        makers[node] = call.name
    _link(structure, logits(model, size), _sources([end], makers), shallow)
    return structure


def ensemble_structure(model: Ensemble, size: int) -> Structure:
    """Return the members of an ensemble as one block: they stand side by side, and all see the image."""
    structure, image = begun(model, size)
    answer = logits(model, _side(model, size), "mean probabilities")
    kinds = Counter(type(member).__name__ for member in model.networks())
    names = ", ".join(f"{count} × {kind}" for kind, count in kinds.items())
    members = structure.add(
        Block("members", "part", (f"{kinds.total()} members", names, "side by side"), answer.stride), image
    )
    structure.add(answer, members)
    return structure


def _side(model: PixelModel, size: int) -> int | None:
    """Return the pixels a side of a model's answer for an image of so many; None where it is no map."""
    return size if len(run_on_shapes(model, size).logits.shape) == 4 else None


def plugin_structure(model: PixelModel, size: int) -> Structure:
    """Return the parts of a network of which nothing more is known, linked as the maps flow that they give."""
    structure, image = begun(model, size)
    network = model.model if isinstance(model, PluginClassifier | PluginSegmenter) else model
    calls, end = _calls(model, list(_parts(network)), size)
    makers: dict[Node, str] = {}

    def join(block: Block, inputs: list[Node]) -> None:
        reached = _sources(inputs, makers)
        sources = [name for name in makers.values() if name in reached] or [image]
        _link(structure, block, sources, set(sources[:-1]))

    for number, call in enumerate(calls, start=1):
        shape, node = call.maps[0]
        key = f"{call.name}, call {number}" if call.name in makers.values() else call.name
        lines = (key, type(call.part).__name__, f"{shape[1]} ch")
        join(Block(key, "part", lines, _stride(structure, shape)), call.inputs)
        makers[node] = key
    join(logits(model, _side(model, size)), [end])
    return structure


def _link(structure: Structure, block: Block, sources: list[str], shallow: set[str]) -> None:
    structure.add(block)
    structure.links += [Link(source, block.key, skip=source in shallow) for source in sources]


def _sources(inputs: list[Node], makers: Mapping[Node, str]) -> list[str]:
    """Return the blocks whose maps reach ``inputs`` without passing through another block."""
    found: list[str] = []
    seen: set[Node] = set()
    ahead = list(inputs)
    while ahead:
        node = ahead.pop()
        if node in makers:
            found.append(makers[node])
        elif node not in seen:
            ahead += [before for before, _ in node.next_functions if before is not None]
        seen.add(node)
    return sorted(set(found))


def _calls(model: PixelModel, watched: Sequence[tuple[str, nn.Module]], size: int) -> tuple[list[Call], Node]:
    """Run a model; return the calls of its parts that are watched, in order, and the node of its logits."""
    calls: list[Call] = []

    def note(name: str, part: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        inputs = [leaf.grad_fn for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor) and leaf.grad_fn]
        outputs = [leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor) and leaf.ndim == 4]
        maps = [(leaf.shape, leaf.grad_fn) for leaf in outputs if leaf.grad_fn]
        if maps and maps[0][1] not in inputs:  # else it passes on what it took
            calls.append(Call(name, part, inputs, maps))

    handles = [part.register_forward_hook(partial(note, name), with_kwargs=True) for name, part in watched]
    try:
        end = run_on_shapes(model, size).logits.grad_fn
    finally:
        for handle in handles:
            handle.remove()
    assert end is not None  # weights need gradients
    return calls, end


def _parts(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Yield the parts of a network, lists of parts opened up."""
    for name, child in module.named_children():
        if isinstance(child, nn.ModuleList | nn.ModuleDict):
            yield from _parts(child, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", child


def _stride(structure: Structure, shape: torch.Size) -> int:
    return max(1, round(structure.size / shape[-1]))
