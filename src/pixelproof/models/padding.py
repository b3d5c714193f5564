"""Padding that lets networks with a stride take images of any size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch.nn.functional as F
from torch import Tensor

_elsewhere: ContextVar[bool] = ContextVar("elsewhere", default=False)


@contextmanager
def padded_elsewhere() -> Iterator[None]:
    """Leave padding to multiples, and cutting it off, to whoever calls the network: for formats that cannot say it."""
    token = _elsewhere.set(True)
    try:
        yield
    finally:
        _elsewhere.reset(token)


def pad_to_multiple(images: Tensor, multiple: int) -> Tensor:
    """Add zeros right and bottom until height and width of [N, C, H, W] are multiples of ``multiple``."""
    if _elsewhere.get():
        return images
    height, width = images.shape[-2:]
    return F.pad(images, (0, -width % multiple, 0, -height % multiple))


def pad_to_at_least(images: Tensor, side: int) -> Tensor:
    """Add zeros right and bottom until height and width of [N, C, H, W] reach ``side``."""
    height, width = images.shape[-2:]
    return F.pad(images, (0, max(side - width, 0), 0, max(side - height, 0)))


def crop_like(maps: Tensor, images: Tensor) -> Tensor:
    """Cut what padding added: the top left part of ``maps`` that has the height and width of ``images``."""
    if _elsewhere.get():
        return maps
    height, width = images.shape[-2:]
    return maps[..., :height, :width]
