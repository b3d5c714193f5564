"""Test-time averaging: over the eight symmetries of a square, for images that have no up, and over sizes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from pixelproof.config import OWN_SIZE, checked_sizes
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme
from pixelproof.models import Output, PixelModel
from pixelproof.models.ensemble import log_mean
from pixelproof.models.padding import pad_and_downsample, upsample_and_crop

Answer = Callable[[Tensor], Tensor]
Symmetries = bool | Literal["flip"]
SYMMETRIES: dict[Symmetries, int] = {False: 1, "flip": 2, True: 8}
"""How many of a square's symmetries each value of ``tta`` averages over."""


class ViewAverage(PixelModel):
    """A network whose probabilities are the mean of another's over several views of an image.

    Each view is answered as it lies, and a segmenter's answer is turned back and brought back to the image's size.
    Turning the input turns the output, exactly so where the network answers alike; and the mean is one of
    probabilities, not of scores.

    Args:
        model: The network that is asked about every view.
        temperature: Divides its logits before they become probabilities.
        tta: Ask about all eight flips and turns; ``flip``: about the image and its mirror image alone.
        scales: Sizes of the image that a segmenter is asked about, as ``checked_sizes`` returns them.
    """

    def __init__(
        self,
        model: PixelModel,
        temperature: float = 1.0,
        tta: Symmetries = True,
        scales: Sequence[float] = OWN_SIZE,
    ) -> None:
        super().__init__(model.num_classes)
        self.model = model
        self.copy_contract(model, "model")
        self.temperature = temperature
        self.looks = described(tta, scales)
        self.symmetries = [(turns, flipped) for turns in range(4) for flipped in (False, True)][: SYMMETRIES[tta]]
        self.scales = sorted(scales, key=lambda scale: scale != 1)  # its own first, whose features are kept
        self.asked = len(self.symmetries) * len(self.scales)
        # Tiles that begin at multiples of this begin at multiples of the network's stride in every size.
        self.stride = math.lcm(*(_aligned(model.stride, scale) for scale in scales))

    def forward(self, images: Tensor) -> Output:
        """Return the logarithm of the mean probabilities as scores, and the features of the image as it is."""
        first: list[Tensor] = []

        def answer(view: Tensor) -> Tensor:
            output: Output = self.model(view)
            if not first:
                first.append(output.features)
            return output.logits

        scores = self.average(images, answer)
        return Output(scores, first[0] if 1 in self.scales else self.model(images).features)

    def networks(self) -> list[PixelModel]:
        """Return those of the network that is asked."""
        return self.model.networks()

    def average(self, images: Tensor, answer: Answer) -> Tensor:
        """Return the logarithm of the mean of the probabilities that ``answer``'s logits stand for.

        Args:
            images: [N, C, H, W].
            answer: Called with the images as they are, then with the other views; returns logits, [N, K(, H, W)].
        """
        total = reduce(torch.add, (self._of_size(images, scale, answer) for scale in self.scales))
        return log_mean(total, self.asked)

    def _of_size(self, images: Tensor, scale: float, answer: Answer) -> Tensor:
        """Return the sum of the probabilities over an image's symmetries in one size, brought back to its own."""
        if scale == 1:
            return self._turned(images, answer)
        # Whole pixels of both sizes meet again where the image ends, so that every part of it is resized alike.
        height, width = images.shape[-2:]
        unit = Fraction(scale).denominator
        padded = F.pad(images, (0, -width % unit, 0, -height % unit), mode="replicate")
        sums = self._turned(_resized(padded, [round(side * scale) for side in padded.shape[-2:]]), answer)
        return _resized(sums, list(padded.shape[-2:]))[..., :height, :width]

    def _turned(self, images: Tensor, answer: Answer) -> Tensor:
        """Return the sum of the probabilities over an image's symmetries."""
        # Padded before it is turned, so that cells of the network lie where they lie in the image as it is.
        seen = pad_and_downsample(images, self.model.stride, downsample=1)
        sums = reduce(torch.add, (self._of_view(seen, *symmetry, answer) for symmetry in self.symmetries))
        return sums if sums.ndim == 2 else upsample_and_crop(sums, images, downsample=1)

    def _of_view(self, images: Tensor, turns: int, flipped: bool, answer: Answer) -> Tensor:
        """Return the probabilities of images that are turned for it, turned back."""
        chances = (answer(turned(images, turns, flipped)).float() / self.temperature).softmax(dim=1)
        return chances if chances.ndim == 2 else turned_back(chances, turns, flipped)


def chosen_sizes(scales: Sequence[float], scheme: LabelScheme) -> tuple[float, ...]:
    """Return the sizes in which a segmenter is to look at images.

    Raises:
        UserError: They cannot be such, or a classifier is to look in several.
    """
    try:
        sizes = checked_sizes([float(scale) for scale in scales])
    except (TypeError, ValueError):
        problem = f"scales {scales} must be different multiples of 1/8 from 1/4 to 2"
        raise UserError(problem, "give some such as 0.5, 0.75, 1") from None
    if scheme.task == "classification" and sizes != OWN_SIZE:
        raise UserError("scales are for segmenters, and this run classifies whole images", "leave them out")
    return sizes


def described(tta: Symmetries, scales: Sequence[float]) -> str:
    """Return how an image is looked at, symmetries x sizes, such as "8 x 0.5, 0.75, 1"; equal looks read the same."""
    return f"{SYMMETRIES[tta]} x {', '.join(f'{scale:g}' for scale in sorted(scales))}"


def turned(images: Tensor, turns: int, flipped: bool) -> Tensor:
    """Return images, [N, C, H, W], mirrored left to right if ``flipped``, then turned by 90 degrees ``turns`` times."""
    return torch.rot90(images.flip(-1) if flipped else images, turns, (-2, -1))


def turned_back(images: Tensor, turns: int, flipped: bool) -> Tensor:
    """Return what ``turned`` was given."""
    upright = torch.rot90(images, -turns, (-2, -1))
    return upright.flip(-1) if flipped else upright


def _aligned(stride: int, scale: float) -> int:
    """Return the least number of pixels of an image that is a multiple of ``stride`` in the size ``scale``."""
    share = stride / Fraction(scale)
    return share.numerator


def _resized(maps: Tensor, size: list[int]) -> Tensor:
    """Return maps [N, C, H, W] bilinearly brought to a size, averaged where it is smaller."""
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=False, antialias=True)
