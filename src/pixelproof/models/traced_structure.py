"""The structure of networks of timm and segmentation_models.pytorch, as far as their maps tell it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from pixelproof.models.adapters import SmpSegmenter, TimmClassifier
from pixelproof.models.structure import Block, Link, Structure
from pixelproof.models.tracing import run_on_shapes


@dataclass(frozen=True)
class Call:
    """What one module took and gave while the network ran."""

    name: str
    module: nn.Module
    inputs: list[Tensor]
    maps: list[Tensor]


def timm_structure(model: TimmClassifier, size: int) -> Structure:
    """Return the stages that timm records of a classifier, and its head."""
    structure = Structure()
    network: Any = model.model
    height, width = model.size or (size, size)
    last = structure.add(Block("image", "image", ("image", f"3 × {height} × {width}"), 1))
    for (stride, channels), group in groupby(
        network.feature_info, lambda stage: (stage["reduction"], stage["num_chs"])
    ):
        names = [stage["module"] for stage in group]
        name = names[0] if len(names) == 1 else f"{names[0]} to {names[-1].rpartition('.')[2]}"
        last = structure.add(Block(name, "encoder", (name, f"{channels} ch"), stride), last)
    values = run_on_shapes(model, size).features.shape[1]
    last = structure.add(Block("features", "classifier", ("features", f"{values} values"), None), last)
    structure.add(Block("logits", "logits", ("logits", f"{model.num_classes} classes"), None), last)
    return structure


def smp_structure(model: SmpSegmenter, size: int) -> Structure:
    """Return the encoder's maps and the decoder's parts of a segmenter, linked where one takes what another gave."""
    structure = Structure()
    encoder, *parts = _calls(model, size)
    image = encoder.inputs[0]
    last = structure.add(Block("image", "image", ("image", f"3 × {size} × {size}"), 1))
    origin = {id(image): last}
    for number, maps in enumerate(encoder.maps):
        if maps.shape[1] and id(maps) not in origin:
            block = Block(
                f"encoder {number}", "encoder", (f"encoder {number}", f"{maps.shape[1]} ch"), _stride(image, maps)
            )
            last = origin[id(maps)] = structure.add(block, last)
    deepest = last
    for part in parts:
        lines = (part.name, type(part.module).__name__, f"{part.maps[0].shape[1]} ch")
        key = structure.add(Block(part.name, "decoder", lines, _stride(image, part.maps[0])))
        sources = {origin[id(tensor)] for tensor in part.inputs if id(tensor) in origin}
        if not any(link.source == last for link in structure.links):
            sources.add(last)  # its map reached this part, the next to be called, through some function
        shallow = {block.key for block in structure.blocks if block.kind == "encoder"} - {deepest}
        structure.links += [Link(source, key, skip=source in shallow) for source in sorted(sources)]
        last = origin[id(part.maps[0])] = key
    structure.add(Block("logits", "logits", ("logits", f"{model.num_classes} × {size} × {size}"), 1), last)
    return structure


def _calls(model: SmpSegmenter, size: int) -> list[Call]:
    """Run a segmenter and return the calls of its encoder, then of the parts of its decoder, in order."""
    network: Any = model.model
    watched = {"encoder": network.encoder, **dict(_parts(network.decoder))}
    calls: list[Call] = []
    handles = []
    for name, module in watched.items():

        def note(module: nn.Module, args: Any, kwargs: Any, output: Any, name: str = name) -> None:
            inputs = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
            maps = [leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor) and leaf.ndim == 4]
            if maps and not any(maps[0] is tensor for tensor in inputs) or name == "encoder":
                calls.append(Call(name, module, inputs, maps))

        handles.append(module.register_forward_hook(note, with_kwargs=True))
    try:
        run_on_shapes(model, size)
    finally:
        for handle in handles:
            handle.remove()
    return calls


def _parts(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Yield the parts of a decoder, lists of parts opened up."""
    for name, child in module.named_children():
        if isinstance(child, nn.ModuleList | nn.ModuleDict):
            yield from _parts(child, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", child


def _stride(image: Tensor, maps: Tensor) -> int:
    return max(1, round(image.shape[-1] / maps.shape[-1]))
