"""Mixup and CutMix: two images as one, so that a classifier learns what lies between."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pixelproof.config import TrainingConfig
from pixelproof.randomness import generator
from pixelproof.training.losses import Loss


@dataclass(frozen=True)
class Mixed:
    """A batch in which each image is a mixture: ``share`` of its own class, the rest of its partner's."""

    images: Tensor
    target: Tensor
    partner: Tensor
    share: float

    def loss(self, loss: Loss, logits: Tensor) -> Tensor:
        """Return the loss against both classes, weighted by their shares."""
        own = loss(logits, self.target)
        return own if self.share == 1.0 else self.share * own + (1 - self.share) * loss(logits, self.partner)


def mix(images: Tensor, target: Tensor, config: TrainingConfig, step: int) -> Mixed:
    """Mix a batch by mixup (Zhang et al. 2018) or CutMix (Yun et al. 2019), whichever is on; each image with another.

    Args:
        images: float [N, C, H, W].
        target: int64 [N], or anything when both are off.
        config: Holds the alphas of the Beta distribution of the share.
        step: The training step, from which the choice derives.
    """
    alphas = [(name, alpha) for name, alpha in (("mixup", config.mixup), ("cutmix", config.cutmix)) if alpha > 0]
    if not alphas:
        return Mixed(images, target, target, 1.0)
    rng = generator(config.seed, "mix", step)
    name, alpha = alphas[int(rng.integers(len(alphas)))]
    share = float(rng.beta(alpha, alpha))
    order = torch.from_numpy(rng.permutation(len(images))).to(images.device)
    if name == "mixup":
        return Mixed(images * share + images[order] * (1 - share), target, target[order], share)
    height, width = images.shape[-2:]
    cut_height, cut_width = (round(side * (1 - share) ** 0.5) for side in (height, width))
    top, left = int(rng.integers(height - cut_height + 1)), int(rng.integers(width - cut_width + 1))
    box = (..., slice(top, top + cut_height), slice(left, left + cut_width))
    mixed = images.clone()
    mixed[box] = images[order][box]
    return Mixed(mixed, target, target[order], 1 - cut_height * cut_width / (height * width))
