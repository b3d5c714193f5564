"""Padding that lets networks take images of any size, and means of pixels that let them see more of one."""

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


def pad_and_downsample(images: Tensor, stride: int, downsample: int) -> Tensor:
    """Return images as a segmenter's first layer takes them.

    Args:
        images: [N, C, H, W].
        stride: Zeros are added right and bottom until height and width are multiples of it.
        downsample: Side in pixels of the squares whose means are taken then; divides ``stride``.
    """
    if not _elsewhere.get():
        height, width = images.shape[-2:]
        images = F.pad(images, (0, -width % stride, 0, -height % stride))
    return F.avg_pool2d(images, downsample) if downsample > 1 else images


def upsample_and_crop(maps: Tensor, images: Tensor, downsample: int) -> Tensor:
    """Return maps of what ``pad_and_downsample`` made of images [N, C, H, W], as [N, K, H, W]: without the padding."""
    if downsample > 1:
        maps = F.interpolate(maps, scale_factor=float(downsample), mode="bilinear", align_corners=False)
    if _elsewhere.get():
        return maps
    height, width = images.shape[-2:]
    return maps[..., :height, :width]


def pad_to_at_least(images: Tensor, side: int) -> Tensor:
    """Add zeros right and bottom until height and width of [N, C, H, W] reach ``side``."""
    height, width = images.shape[-2:]
    return F.pad(images, (0, max(side - width, 0), 0, max(side - height, 0)))
