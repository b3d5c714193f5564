"""Several networks as one: the mean of their probabilities."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from pixelproof.models.padding import pad_and_downsample, upsample_and_crop
from pixelproof.models.pixel_model import Output, PixelModel

ENSEMBLE = "ensemble"
"""The name of a model that consists of others."""


class Ensemble(PixelModel):
    """Networks that see images alike and answer together, each with the same weight.

    The mean is one of probabilities, each at its own network's temperature; members that err on different images
    correct each other. Deep Ensembles, https://arxiv.org/abs/1612.01474.

    Args:
        members: Two or more, for the same classes and with the same ``preprocessing``.
    """

    temperatures: Tensor
    """[M], what divides the logits of each member before they become probabilities."""

    def __init__(self, members: Sequence[PixelModel]) -> None:
        first = members[0]
        super().__init__(first.num_classes, first.channels)
        self.members = nn.ModuleList(members)
        self.register_buffer("temperatures", torch.ones(len(members)))
        self.preprocessing = first.preprocessing
        self.stride = math.lcm(*(member.stride for member in members))
        self.smallest = max(member.smallest for member in members)
        self.reduction = max(member.reduction for member in members) if all(m.reduction for m in members) else 0
        self.shapes_suffice = all(member.shapes_suffice for member in members)

    def forward(self, images: Tensor) -> Output:
        """Return the logarithm of the mean probabilities as scores, and the features of all members side by side."""
        # Padded for all at once, so that cells lie where they do in tiles and in exported files.
        seen = pad_and_downsample(images, self.stride, downsample=1)
        outputs: list[Output] = [member(seen) for member in self.members]
        chances = [
            (output.logits.float() / temperature).softmax(dim=1)
            for output, temperature in zip(outputs, self.temperatures, strict=True)
        ]
        scores = log_mean(reduce(torch.add, chances), len(chances))
        if scores.ndim == 4:
            scores = upsample_and_crop(scores, images, downsample=1)
        return Output(scores, _side_by_side([output.features for output in outputs]))

    def networks(self) -> list[PixelModel]:
        """Return the members."""
        return [member for member in self.members if isinstance(member, PixelModel)]

    def changed(self, change: Callable[[PixelModel], PixelModel]) -> Ensemble:
        """Return the same ensemble of changed members; where none changes, itself."""
        members = [change(member) for member in self.networks()]
        if all(new is old for new, old in zip(members, self.members, strict=True)):
            return self
        ensemble = copy.copy(self)  # shallow: copies of the members would be made in vain
        ensemble._modules = {"members": nn.ModuleList(members)}
        ensemble._buffers = dict(self._buffers)
        return ensemble


def log_mean(total: Tensor, count: int) -> Tensor:
    """Return the logarithm of the mean of ``count`` probabilities, of which the sum is given, as a score: finite."""
    # A probability that is 0 in all of them would be minus infinity.
    return (total / count).clamp(min=torch.finfo(total.dtype).tiny).log()


def _side_by_side(features: Sequence[Tensor]) -> Tensor:
    """Return features of several networks as one: [N, D], or maps [N, C, h, w] on the coarsest of their grids."""
    if features[0].ndim == 4:
        size = min((maps.shape[-2:] for maps in features), key=math.prod)
        features = [
            maps if maps.shape[-2:] == size else adaptive_avg_pool2d(maps, (size[0], size[1])) for maps in features
        ]
    return torch.cat(list(features), dim=1)
