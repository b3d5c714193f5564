"""From stored pixels to the numbers that the first layer expects."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's mean and standard deviation of RGB in 0..1."""


@dataclass(frozen=True)
class Preprocessing:
    """Normalisation of RGB images, kept with the model so that training and prediction cannot disagree.

    Attributes:
        mean: Subtracted from each channel, RGB in 0..1.
        std: Divides each channel, RGB in 0..1.
        input_size: Side in pixels to which a classifier's images are resized before; None leaves them as they are.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    input_size: int | None = None

    def __call__(self, images: Tensor) -> Tensor:
        """Return ``(images / 255 - mean) / std`` as float32 on the images' device.

        Args:
            images: uint8 [N, 3, H, W] in 0..255.
        """
        mean = torch.tensor(self.mean, device=images.device).view(1, 3, 1, 1)
        std = torch.tensor(self.std, device=images.device).view(1, 3, 1, 1)
        return images.to(torch.float32, copy=True).div_(255).sub_(mean).div_(std)
