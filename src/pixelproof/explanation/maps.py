"""Which maps of a classifier Grad-CAM looks into: the deepest that lie on the image and hold all of the answer.

A branch of a network holds a part of what it sees alone, and the weights of an attention have the shape of maps. So
what counts is an output of a module through which every way from the image to the answer leads, in the graph that
autograd keeps of one pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node

from pixelproof.errors import UserError
from pixelproof.models import PixelModel

FINE = 4
"""Cells a side that a classifier's map needs at least: a coarser one points at nothing."""
_NO_PLACE = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.Dropout2d)  # layers whose cells are no places of the image


class Place(NamedTuple):
    """Where in a network maps are handed on.

    Attributes:
        module: Whose output they are.
        call: Of its calls, counted from 0.
        channels: The dimension of channels, 1 or 3.
    """

    module: nn.Module
    call: int
    channels: int


class _Handed(NamedTuple):
    """The output of a module for one image, of three dimensions or more: maps or tokens."""

    module: nn.Module
    call: int
    shape: torch.Size
    node: Node


def deepest_maps(model: PixelModel, batch: Tensor) -> Place:
    """Return where the deepest maps are that are fine enough, for an image [1, C, H, W].

    Raises:
        UserError: There are none, or the network goes on with tokens, as most vision transformers do.
    """
    handed, answer = _pass(model, batch.requires_grad_())
    whole = (one for one in reversed(handed) if _leads_all_through(one.node, answer, batch))
    last, size = next(whole, None), padded_size(model, batch)
    if last is not None and len(last.shape) == 4:
        for module, call, shape, _ in chain([last], whole):
            for channels in (1, 3):
                if len(shape) == 4 and _lies_on(shape[2:] if channels == 1 else shape[1:3], size):
                    return Place(module, call, channels)
    raise UserError("this network has no maps that lie on the image", "use a convolutional network for Grad-CAM")


def _pass(model: PixelModel, batch: Tensor) -> tuple[list[_Handed], Node]:
    """Return what modules hand on, in order, and the node of the logits."""
    handed: list[_Handed] = []
    calls: Counter[nn.Module] = Counter()

    def note(module: nn.Module, arguments: tuple[Tensor, ...], output: object) -> None:
        if isinstance(output, Tensor) and output.ndim > 2 and len(output) == 1 and output.grad_fn is not None:
            handed.append(_Handed(module, calls[module], output.shape, output.grad_fn))
        calls[module] += 1

    handles = [m.register_forward_hook(note) for m in model.modules() if not isinstance(m, _NO_PLACE)]
    try:
        with torch.enable_grad():
            answer = model(batch).logits.grad_fn
    finally:
        for handle in handles:
            handle.remove()
    assert answer is not None
    return handed, answer


def _leads_all_through(node: Node, answer: Node, image: Tensor) -> bool:
    """Return whether no way from the answer back to the image leads past a node."""
    seen, ahead = {node}, [answer]
    while ahead:
        at = ahead.pop()
        if at in seen:
            continue
        if getattr(at, "variable", None) is image:
            return False
        seen.add(at)
        ahead += [before for before, _ in at.next_functions if before is not None]
    return True


def padded_size(model: PixelModel, batch: Tensor) -> list[int]:
    """Return the height and width that a classifier's layers see of images [N, C, H, W]."""
    return [max(side, model.smallest) for side in batch.shape[-2:]]


def _lies_on(cells: Sequence[int], size: Sequence[int]) -> bool:
    """Return whether maps of h x w cells have the proportions of an image, to a cell, and are fine enough."""
    (height, width), (rows, columns) = size, cells
    return min(rows, columns) >= FINE and abs(rows * width - columns * height) <= max(height, width)
