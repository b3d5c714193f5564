"""The structure of a network as blocks and links, for drawing: of the VGG and FCN family here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from math import prod
from typing import Any, Literal

from torch import nn

from pixelproof.models.fcn import FCN
from pixelproof.models.pixel_model import PixelModel
from pixelproof.models.vgg import SMALLEST, VGG

Convolution = nn.Conv2d | nn.ConvTranspose2d
Kind = Literal["image", "encoder", "part", "projection", "upsampling", "decoder", "sum", "classifier", "logits"]


@dataclass(frozen=True)
class Block:
    """One step of a network.

    Attributes:
        key: Unlike that of any other block.
        kind: What it does.
        lines: Its name, then details.
        stride: Image pixels between neighbours of its map; None where there is no map.
    """

    key: str
    kind: Kind
    lines: tuple[str, ...]
    stride: int | None


@dataclass(frozen=True)
class Link:
    """A map that goes from one block to a later one; ``skip`` if it passes by the deepest part of the network."""

    source: str
    target: str
    skip: bool = False


@dataclass
class Structure:
    """Blocks in the order of computation, and what flows between them.

    Attributes:
        size: Height and width in pixels of the image as the first layer sees it.
        blocks: From the image to the logits.
        links: In no particular order.
    """

    size: int
    blocks: list[Block] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    def add(self, block: Block, *sources: str, skip: bool = False) -> str:
        """Append a block that takes what ``sources`` give, and return its key."""
        self.blocks.append(block)
        self.links += [Link(source, block.key, skip) for source in sources]
        return block.key


def vgg_structure(model: VGG, size: int) -> Structure:
    """Return the structure of VGG16 for an image of ``size`` pixels a side."""
    structure = Structure(max(size, SMALLEST))
    last = _encoder(structure, model, size)[-1]
    side = model.avgpool.output_size[0]  # type: ignore[index]  # always a pair here
    last = structure.add(Block("avgpool", "classifier", ("avgpool", f"{side} × {side} means"), None), last)
    for index, layer in model.classifier.named_children():
        if isinstance(layer, nn.Linear):
            what = "linear" if layer is model.classifier[-1] else "linear + ReLU + dropout"
            lines = (f"classifier.{index}", what, f"{layer.in_features} → {layer.out_features}")
            last = structure.add(Block(lines[0], "classifier", lines, None), last)
    structure.add(logits(model, None), last)
    return structure


def fcn_structure(model: FCN, size: int) -> Structure:
    """Return the structure of an FCN for an image of ``size`` pixels a side."""
    structure = Structure(-(-size // model.stride) * model.stride)
    scale = model.downsample
    finest = model.variant.finest
    joined = _encoder(structure, model, size)[finest - 1 :]
    for index, stage in enumerate(model.encoder):
        if stage in model.laterals:
            block = _step(model, model.laterals[stage], stride=scale * 2 ** (finest + index))
            joined[index] = structure.add(block, joined[index], skip=stage != model.encoder[-1])
    last = joined[0]
    if len(joined) > 1:
        last = structure.add(Block("sum", "sum", ("+",), scale * 2**finest), *joined[:-1], skip=True)
        structure.links.append(Link(joined[-1], last))
    for index, name in enumerate(_tail(model)):
        last = structure.add(_step(model, name, stride=scale * prod(model.variant.steps[index:])), last)
    structure.add(logits(model, size), last)
    return structure


def begun(model: PixelModel, size: int) -> tuple[Structure, str]:
    """Return a structure with the block of the image, padded to the network's stride, and that block's key."""
    structure = Structure(-(-size // model.stride) * model.stride)
    return structure, add_image(structure, model, size)


def logits(model: PixelModel, size: int | None, *details: str) -> Block:
    """Return the block of the logits: a map of ``size`` pixels a side, or with None one answer for an image."""
    shape = f"{model.num_classes} classes" if size is None else f"{model.num_classes} × {size} × {size}"
    return Block("logits", "logits", ("logits", shape, *details), None if size is None else 1)


def add_image(structure: Structure, model: PixelModel, size: int, *details: str) -> str:
    """Add the block of the image, as the model's first layer sees it, and return its key."""
    side = model.downsample
    means = (f"means of {side} × {side}",) if side > 1 else ()
    return structure.add(
        Block("image", "image", ("image", f"{model.channels} × {size} × {size}", *details, *means), side)
    )


def _encoder(structure: Structure, model: PixelModel, size: int) -> list[str]:
    """Add the image and the blocks of a VGG encoder; return the keys of the blocks."""
    last = add_image(structure, model, size)
    keys = []
    for number, layers in enumerate(_blocks(model.encoder_layers().values()), start=1):
        convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
        norm = " + BN" if any(isinstance(layer, nn.BatchNorm2d) for layer in layers) else ""
        detail = f"{len(convolutions)} × conv 3×3{norm}"
        lines = (f"pool{number}", detail, f"max-pool · {convolutions[-1].out_channels} ch")
        last = structure.add(Block(f"pool{number}", "encoder", lines, model.downsample * 2**number), last)
        keys.append(last)
    return keys


def _blocks(layers: Iterable[nn.Module]) -> Iterator[list[nn.Module]]:
    """Yield the layers of each block, which ends in a pooling."""
    block: list[nn.Module] = []
    for layer in layers:
        block.append(layer)
        if isinstance(layer, nn.MaxPool2d):
            yield block
            block = []


def _tail(model: FCN) -> Iterator[str]:
    """Yield the names of the single upsampling steps after the sum."""
    for name in model.upsampling:
        module = model.get_submodule(name)
        steps = [f"{name}.{index}" for index, _ in module.named_children()]
        yield from steps or [name]


def _step(model: FCN, name: str, stride: int) -> Block:
    """Return the block of a lateral or an upsampling step; ``stride`` is that of its input."""
    layers = list(model.get_submodule(name).modules())
    words = [_times(word, len(list(same))) for word, same in groupby(map(_operation, layers)) if word]
    channels = [f"{layer.in_channels} → {layer.out_channels} ch" for layer in layers if isinstance(layer, Convolution)]
    rises = any(isinstance(layer, nn.ConvTranspose2d | nn.Upsample) for layer in layers)
    return Block(name, "upsampling" if rises else "projection", (name, ", ".join(words), *channels), stride)


def _times(word: str, count: int) -> str:
    return word if count == 1 else f"{count} × {word}"


def _operation(layer: nn.Module) -> str | None:
    """Return the name of a layer, None for one that needs no mention."""
    details: Any = layer
    match layer:
        case nn.ConvTranspose2d():
            return f"transposed conv {details.kernel_size[0]}×{details.kernel_size[1]}"
        case nn.Conv2d():
            return f"conv {details.kernel_size[0]}×{details.kernel_size[1]}"
        case nn.BatchNorm2d():
            return "BN"
        case nn.ReLU():
            return "ReLU"
        case nn.Upsample():
            return f"bilinear {details.scale_factor:g}×"
    return None
