"""Test-time averaging over the eight symmetries of a square: flips and quarter turns, for images that have no up."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from pixelproof.models import Output, PixelModel


class SymmetryAverage(PixelModel):
    """A network whose probabilities are the mean of another's over an image's eight symmetries.

    Each turned image is answered as it lies, and a segmenter's answer is turned back. Turning the input turns the
    output, exactly so where the network answers alike; and the mean is one of probabilities, not of scores.

    Args:
        model: The network that is asked eight times.
        temperature: Divides its logits before they become probabilities.
        upright: Ask about the image and its mirror image alone, twice in all.
    """

    def __init__(self, model: PixelModel, temperature: float = 1.0, upright: bool = False) -> None:
        super().__init__(model.num_classes)
        self.model = model
        self.take_after(model, "model")
        self.temperature = temperature
        self.turns = 1 if upright else 4

    @property
    def asked(self) -> int:
        """How often the network is asked about an image."""
        return 2 * self.turns

    def forward(self, images: Tensor) -> Output:
        """Return the logarithm of the mean probabilities as scores, and the features of the image as it is."""
        features: list[Tensor] = []

        def answer(turned: Tensor) -> Tensor:
            output: Output = self.model(turned)
            features.extend([] if features else [output.features])
            return output.logits

        return Output(self.average(images, answer), features[0])

    def average(self, images: Tensor, answer: Callable[[Tensor], Tensor]) -> Tensor:
        """Return the logarithm of the mean of the probabilities that ``answer``'s logits stand for.

        Args:
            images: [N, C, H, W].
            answer: Called with the images as they are, then with the others; returns logits, [N, K(, H, W)].
        """
        total: Tensor | None = None
        for turns in range(self.turns):
            for flipped in (False, True):
                chances = (answer(turned(images, turns, flipped)).float() / self.temperature).softmax(dim=1)
                chances = chances if chances.ndim == 2 else turned_back(chances, turns, flipped)
                total = chances if total is None else total + chances
        assert total is not None
        # A probability that is 0 in all of them would be minus infinity.
        return (total / self.asked).clamp(min=torch.finfo(total.dtype).tiny).log()


def turned(images: Tensor, turns: int, flipped: bool) -> Tensor:
    """Return images, [N, C, H, W], mirrored left to right if ``flipped``, then turned by 90 degrees ``turns`` times."""
    return torch.rot90(images.flip(-1) if flipped else images, turns, (-2, -1))


def turned_back(images: Tensor, turns: int, flipped: bool) -> Tensor:
    """Return what ``turned`` was given."""
    upright = torch.rot90(images, -turns, (-2, -1))
    return upright.flip(-1) if flipped else upright
