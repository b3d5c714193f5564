"""Random changes to training images. Each is a function of the generator it is given, and of nothing else."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as F

from pixelproof.config import AugmentConfig
from pixelproof.labels import VOID

Rng = np.random.Generator


def augment_image(image: Tensor, config: AugmentConfig, rng: Rng) -> Tensor:
    """Change the picture of a classified image, uint8 [3, H, W], at random; its size stays."""
    if config.shift:
        image = _shift(image, config.shift, rng)
    if config.color:
        image = _recolor(image, config.color, rng)
    (image,) = _flip_and_turn([image], config, rng)
    return image


def augment_pair(image: Tensor, mask: Tensor, config: AugmentConfig, rng: Rng) -> tuple[Tensor, Tensor]:
    """Change an image, uint8 [3, H, W], and its mask, uint8 [H, W], alike; both come out cropped to ``config.crop``.

    Masks are sampled by nearest neighbour, so that no class appears that was not there.
    """
    if config.crop:
        image, mask = _zoom_and_crop(image, mask, config.crop, config.scale, rng)
    if config.color:
        image = _recolor(image, config.color, rng)
    image, mask = _flip_and_turn([image, mask], config, rng)
    return image, mask


def _zoom_and_crop(
    image: Tensor, mask: Tensor, side: int, scale: tuple[float, float], rng: Rng
) -> tuple[Tensor, Tensor]:
    """Cut out a square of ``side / zoom`` pixels at random and bring it to ``side``; what lies outside is void."""
    zoom = float(np.exp(rng.uniform(*np.log(scale))))
    window = round(side / zoom)
    height, width = mask.shape
    below, right = max(window - height, 0), max(window - width, 0)
    top = int(rng.integers(0, height + below - window + 1))
    left = int(rng.integers(0, width + right - window + 1))
    image = F.pad(image, [0, 0, right, below], fill=0)
    mask = F.pad(tv_tensors.Mask(mask), [0, 0, right, below], fill=VOID)
    box = (top, left, window, window)
    if window == side:
        return F.crop(image, *box), F.crop(mask, *box)
    # Dispatched by type: bilinear for the image, nearest for the tv_tensors.Mask.
    return F.resized_crop(image, *box, [side, side], antialias=True), F.resized_crop(mask, *box, [side, side])


def _shift(image: Tensor, most: int, rng: Rng) -> Tensor:
    """Move the image by up to ``most`` pixels each way, its edge reflected into the gap."""
    height, width = image.shape[-2:]
    most = min(most, height - 1, width - 1)
    down, right = rng.integers(0, 2 * most + 1, 2).tolist()
    padded = F.pad(image, [most] * 4, padding_mode="reflect")
    cropped: Tensor = F.crop(padded, down, right, height, width)
    return cropped


def _recolor(image: Tensor, strength: float, rng: Rng) -> Tensor:
    """Vary brightness, contrast and saturation, each by a factor in 1 - strength .. 1 + strength."""
    for adjust in (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation):
        image = adjust(image, float(rng.uniform(1 - strength, 1 + strength)))
    return image


def _flip_and_turn(tensors: list[Tensor], config: AugmentConfig, rng: Rng) -> list[Tensor]:
    """Mirror and turn all tensors alike by their last two dimensions."""
    if config.flip and rng.random() < 0.5:
        tensors = [t.flip(-1) for t in tensors]
    if config.turn:
        quarter_turns = int(rng.integers(4))
        tensors = [torch.rot90(t, quarter_turns, (-2, -1)) for t in tensors]
    return [t.as_subclass(torch.Tensor).contiguous() for t in tensors]
