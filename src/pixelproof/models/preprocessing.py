"""From stored pixels to the numbers that the first layer expects."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's mean and standard deviation of RGB in 0..1."""
MIDDLE, SPREAD = 0.5, 0.25
"""Mean and standard deviation of a channel of which nothing is known."""


@dataclass(frozen=True)
class Preprocessing:
    """What becomes of images, kept with the model so that training and prediction cannot disagree.

    Attributes:
        mean: Subtracted from each channel, in 0..1.
        std: Divides each channel, in 0..1.
        input_size: Side in pixels to which a classifier's images are resized before; None leaves them as they are.
        bands: The bands of a file that are the channels; None is red, green and blue of any image.
        stretch: The stored values of the bands that become 0 and 255; None is as their type suggests.
        dtype: That type.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    input_size: int | None = None
    bands: tuple[int, ...] | None = None
    stretch: tuple[tuple[float, float], ...] | None = None
    dtype: str | None = None

    @property
    def channels(self) -> int:
        """C, of the images."""
        return len(self.mean)

    def __call__(self, images: Tensor) -> Tensor:
        """Return ``(images / 255 - mean) / std`` as float32 on the images' device.

        Args:
            images: uint8 [N, C, H, W] in 0..255.
        """
        return self.normalised(as_unit(images))

    def normalised(self, values: Tensor) -> Tensor:
        """Return ``(values - mean) / std``, in their place, of images in 0..1, float32 [N, C, H, W]."""
        mean = torch.tensor(self.mean, device=values.device).view(1, -1, 1, 1)
        std = torch.tensor(self.std, device=values.device).view(1, -1, 1, 1)
        return values.sub_(mean).div_(std)


def as_unit(images: Tensor) -> Tensor:
    """Return images, uint8 of any shape, in 0..1 as float32."""
    return images.to(torch.float32, copy=True).div_(255)
