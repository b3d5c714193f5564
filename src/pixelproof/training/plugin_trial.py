"""Losses and augmentations of installed packages are tried on random numbers before anything is trained with them."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pixelproof.config import RunConfig
from pixelproof.data.loading import IGNORE
from pixelproof.errors import UserError
from pixelproof.plugins import blamed
from pixelproof.training.losses import Loss
from pixelproof.training.plugins import PluginAugmentation, plugin_augmentation, plugin_losses

COUNT = 8
"""Images of a batch to try on, two of each class that it has."""
FARTHEST = 10.0
"""Values of images beyond this are taken for those of another range, such as 0..255, and not for contrast or noise."""
SIDE, LARGEST = 64, 512
"""The most pixels a side: of logits, and of images whose size is not known; of other images."""
TIMES = 4
"""Generators that an augmentation is tried with, twice each: by two that were made one after the other."""


def try_plugins(config: RunConfig, num_classes: int) -> list[str]:
    """Try the losses and the augmentation of packages that the settings of a run name, on the CPU.

    Args:
        config: The settings.
        num_classes: K.

    Returns:
        Sentences on what may not be meant.

    Raises:
        UserError: There is no such entry point, or it does not answer as it should.
    """
    side = (config.augment.crop if config.task == "segmentation" else config.model.input_size) or SIDE
    trial = _Trial(num_classes, config.model.channels, min(side, LARGEST), config.task == "segmentation")
    if (augmentation := plugin_augmentation(config, num_classes)) is not None:
        again = plugin_augmentation(config, num_classes)
        assert again is not None
        trial.augment(augmentation, again)
    losses, others = (plugin_losses(config, num_classes, torch.device("cpu")) for _ in range(2))
    return [sentence for called, loss in losses.items() for sentence in trial.lose(called, loss, others[called])]


@dataclass(frozen=True)
class _Trial:
    """What is known before anything is asked: K and C, the side of images, and whether they have masks."""

    num_classes: int
    channels: int
    side: int
    segmented: bool

    def lose(self, called: str, loss: Loss, other: Loss) -> list[str]:
        """Refuse a loss that cannot be followed, and return a sentence where it learns from what is ignored.

        ``other`` is another of the same: it has to answer alike, whatever both have seen before.
        """
        target, chance = self._targets(min(self.side, SIDE)), _shared_chance()
        logits = torch.randn(COUNT, self.num_classes, *target.shape[1:], generator=_rng())
        gradient = _gradient(called, loss, logits, target, "random logits")
        _gradient(called, other, -logits, target, "other logits")
        again = _gradient(called, other, logits, target, "random logits once more")
        if _shared_chance()[:-1] != chance[:-1]:  # torch's own is a function of the seed and the epoch
            problem = f"'{called}' draws from a generator of Python or NumPy that all code shares"
            raise UserError(problem, "draw from torch's own, which is seeded in each epoch")
        if (gradient - again).abs().max() > 1e-5 * gradient.abs().max():  # sums may differ by rounding
            problem = f"'{called}' depends on more than logits, targets and chance, such as on batches before"
            raise UserError(problem, "let it remember nothing, as a run that is resumed could not")
        if not gradient.any():
            raise UserError(f"no gradient of '{called}' reaches the logits", "compute it of them")
        if not self.segmented:
            return []
        _gradient(called, loss, logits, torch.full_like(target, IGNORE), "targets that are all ignored")
        learned = gradient.movedim(1, -1)[target == IGNORE].any()
        return [f"'{called}' learns from pixels that are ignored"] * bool(learned)

    def augment(self, augmentation: PluginAugmentation, other: PluginAugmentation) -> None:
        """Refuse an augmentation whose changes are no function of what it gets, or that cannot be trained on.

        ``other`` is another of the same: it sees the batches in another order, and has to answer alike.
        """
        chance = _shared_chance()

        def changed(one: PluginAugmentation, seed: int) -> tuple[Tensor, Tensor]:
            images = torch.rand(COUNT, self.channels, self.side, self.side, generator=_rng(seed))
            images[0] = 0  # as images are where nothing was recorded
            return one.changed(images, self._targets(self.side), seed)

        first = [changed(augmentation, seed) for seed in range(TIMES)]
        second = [changed(other, seed) for seed in reversed(range(TIMES))]
        alike = all(all(map(torch.equal, *both)) for both in zip(first, reversed(second), strict=True))
        if _shared_chance() != chance or not alike:
            problem = f"'{augmentation.called}' depends on more than images, targets and the generator that it is given"
            remedy = "let all chance come from that, or seed torch's own from it in fork_rng(), and remember no batch"
            raise UserError(problem, remedy)
        if (largest := max(float(found.abs().amax()) for found, _ in first)) > FARTHEST:
            problem = f"'{augmentation.called}' gives images with values up to {largest:.4g} where 0..1 is wanted"
            raise UserError(problem, "let it leave the range of values as it is")

    def _targets(self, side: int) -> Tensor:
        """Return classes, int64 [N], each twice, or at random [N, side, side], the upper third ignored as may be."""
        if not self.segmented:
            return torch.arange(COUNT) // 2 % self.num_classes
        target = torch.randint(self.num_classes, (COUNT, side, side), generator=_rng())
        target[:, : side // 3] = IGNORE
        return target


def _shared_chance() -> tuple[object, ...]:
    """Return the states of the generators that all code shares."""
    of_numpy = np.random.get_state(legacy=False)["state"]  # noqa: NPY002, only to see that nobody draws from it
    return random.getstate(), of_numpy["key"].tobytes(), of_numpy["pos"], torch.get_rng_state().numpy().tobytes()


def _rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _gradient(called: str, loss: Loss, logits: Tensor, target: Tensor, which: str) -> Tensor:
    """Return the gradient of a loss at logits, 0 where it does not depend on them."""
    logits, kept = logits.clone().requires_grad_(), target.clone()
    with torch.random.fork_rng(devices=[]):  # what is drawn, as by dropout, is drawn alike each time
        torch.manual_seed(0)
        value = loss(logits, target)
    if not torch.equal(target, kept):
        raise UserError(f"'{called}' changes its targets, which other losses read", "let it change a copy")
    if not value.isfinite():
        raise UserError(f"'{called}' is {value.item()} for {which}", "let it be finite, and 0 where nothing counts")
    with blamed(f"'{called}' cannot be differentiated for {which}"):
        (gradient,) = torch.autograd.grad(value, logits, allow_unused=True, materialize_grads=True)
    if not gradient.isfinite().all():
        remedy = "keep away from divisions by 0 and from logarithms and roots of 0"
        raise UserError(f"the gradient of '{called}' is not finite for {which}", remedy)
    return gradient
