"""VGG16: five blocks of 3x3 convolutions, each halving the resolution, and a classifier of three layers.

Layout and names are torchvision's, so its weights fit and both print alike. ``width`` scales every channel count.
Very Deep Convolutional Networks for Large-Scale Image Recognition, https://arxiv.org/abs/1409.1556
"""

from __future__ import annotations

from functools import reduce
from itertools import pairwise

from torch import Tensor, nn

from pixelproof.config import COLORS
from pixelproof.models.initialisation import initialise
from pixelproof.models.padding import pad_to_at_least
from pixelproof.models.pixel_model import Output, PixelModel

CHANNELS = (64, 128, 256, 512, 512)  # of the five blocks, at width 1
CONVOLUTIONS = (2, 2, 3, 3, 3)  # in each block
HIDDEN = 4096  # units of the classifier's hidden layers, at width 1
POOLED = 7  # side of the map that enters the classifier
SMALLEST = 32  # five halvings of fewer pixels would leave none


def scaled(channels: int, width: float) -> int:
    """Return a channel count at the given width."""
    return max(1, round(channels * width))


def encoder_blocks(inputs: int, batch_norm: bool, width: float) -> list[list[nn.Module]]:
    """Return the layers of the five blocks for images of ``inputs`` channels, each ending in the halving pooling."""
    channels = [inputs, *(scaled(count, width) for count in CHANNELS)]
    return [_block(*ends, depth, batch_norm) for ends, depth in zip(pairwise(channels), CONVOLUTIONS, strict=True)]


def _block(inputs: int, outputs: int, depth: int, batch_norm: bool) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for position in range(depth):
        layers.append(nn.Conv2d(outputs if position else inputs, outputs, kernel_size=3, padding=1))
        if batch_norm:
            layers.append(nn.BatchNorm2d(outputs))
        layers.append(nn.ReLU(inplace=True))
    return [*layers, nn.MaxPool2d(kernel_size=2, stride=2)]


class VGG(PixelModel):
    """VGG16 for images of any size; those below 32 pixels are padded with zeros to 32.

    Args:
        num_classes: K.
        batch_norm: Normalise after each convolution.
        width: Factor on every channel count.
        dropout: Probability of dropping a hidden unit of the classifier during training.
        channels: C, of the images.
    """

    encoder = ("features",)
    head_parts = ("classifier.6",)
    smallest = SMALLEST

    def __init__(
        self,
        num_classes: int,
        batch_norm: bool = False,
        width: float = 1.0,
        dropout: float = 0.5,
        channels: int = COLORS,
    ) -> None:
        super().__init__(num_classes, channels)
        blocks = encoder_blocks(channels, batch_norm, width)
        hidden = scaled(HIDDEN, width)
        self.features = nn.Sequential(*(layer for block in blocks for layer in block))
        self.avgpool = nn.AdaptiveAvgPool2d((POOLED, POOLED))
        self.classifier = nn.Sequential(
            nn.Linear(scaled(CHANNELS[-1], width) * POOLED * POOLED, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, num_classes),
        )
        initialise(self, self.classifier[-1])

    def forward(self, images: Tensor) -> Output:
        """Return logits [N, K] and the activations after the second hidden layer [N, 4096 x width]."""
        maps = self.avgpool(self.features(pad_to_at_least(images, self.smallest)))
        layers = list(self.classifier)
        hidden = reduce(_apply, layers[:5], maps.flatten(1))
        return Output(reduce(_apply, layers[5:], hidden), hidden)


def _apply(maps: Tensor, layer: nn.Module) -> Tensor:
    result: Tensor = layer(maps)
    return result
