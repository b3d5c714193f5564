"""Losses and augmentations that installed packages bring, as the loop takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pixelproof.config import RunConfig
from pixelproof.data.loading import IGNORE
from pixelproof.errors import UserError
from pixelproof.plugins import AUGMENTATIONS, LOSSES, PREFIX, blamed, find_plugin, made_by_plugin, package_of
from pixelproof.randomness import derive
from pixelproof.training.losses import Loss

Change = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class PluginLoss:
    """A loss of a package's, which is refused where it gives no number.

    Attributes:
        called: Its name, for messages.
        loss: From logits, float32 [N, K, ...], and targets, int64 [N, ...], to a scalar.
    """

    called: str
    loss: Loss

    def __call__(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss of a whole batch, in float32 whatever the network computes in."""
        given, before = logits.float(), logits._version
        with (
            blamed(f"'{self.called}' cannot be computed for logits of shape {list(logits.shape)}"),
            torch.autocast(logits.device.type, enabled=False),
        ):
            value = self.loss(given, target)
        if logits._version != before:  # which counts changes in place, those of views too
            raise UserError(f"'{self.called}' changes its logits, which other losses read", "let it change a copy")
        if not isinstance(value, Tensor) or value.shape or not value.is_floating_point():
            remedy = "let it return a tensor without dimensions, such as a mean"
            raise UserError(f"'{self.called}' gives {_described(value)} where one number is wanted", remedy)
        if logits.requires_grad and not value.requires_grad:
            remedy = "compute it of the logits by operations of torch; where nothing counts, logits.sum() * 0 will do"
            raise UserError(f"'{self.called}' gives a number without a gradient", remedy)
        return value


@dataclass(frozen=True)
class PluginAugmentation:
    """An augmentation of a package's, of a whole batch, which is refused where it gives something else than it takes.

    Attributes:
        called: Its name, for messages.
        change: From images, float32 [N, C, H, W] in 0..1, targets, int64 [N] or [N, H, W] with ``IGNORE`` where nothing
            counts, and a generator to images and targets.
        seed: That of the run.
        num_classes: K.
    """

    called: str
    change: Change
    seed: int
    num_classes: int

    def __call__(self, images: Tensor, target: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Return images in memory of their own, and targets: a function of these, the seed and the training step."""
        images, target = self.changed(images, target, derive(self.seed, "augmentation of a package", step))
        return images.clone(), target

    @torch.no_grad()
    def changed(self, images: Tensor, target: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """Return what becomes of images and targets, which may be changed in place, with a generator of this seed."""
        taken = [_described(each) for each in (images, target)]
        # On the CPU whatever trains, so that what it draws is the same everywhere.
        generator = torch.Generator().manual_seed(seed)
        with blamed(f"'{self.called}' cannot be applied to images of shape {list(images.shape)}"):
            given: Any = self.change(images, target, generator)
        parts = given if isinstance(given, tuple | list) else [given]
        if [_described(part) for part in parts] != taken:
            problem = f"'{self.called}' gives {' and '.join(map(_described, parts))} for {' and '.join(taken)}"
            raise UserError(problem, "let it return images and targets as it got them, of the same shapes and types")
        self._check(*parts)
        return parts[0], parts[1]

    def _check(self, images: Tensor, target: Tensor) -> None:
        """Refuse what nothing can be learned from: a GPU would end the process at a target that is no class."""
        known = (target >= 0) & (target < self.num_classes)
        if segmented := target.ndim > 1:
            known |= target == IGNORE
        finite, classes = torch.stack([images.isfinite().all(), known.all()]).tolist()
        if not finite:
            raise UserError(f"'{self.called}' gives images that are not finite", "let their values stay near 0..1")
        if not classes:
            also = f", or {IGNORE}, which is ignored" if segmented else ""
            remedy = f"let them be class indices from 0 to {self.num_classes - 1}{also}"
            raise UserError(f"'{self.called}' gives targets that are no classes", remedy)


def plugin_losses(config: RunConfig, num_classes: int, device: torch.device) -> dict[str, Loss]:
    """Return the losses of packages that the settings of a run name, by these names.

    Args:
        config: The settings.
        num_classes: K.
        device: Where they are computed.

    Raises:
        UserError: There is no such entry point, it cannot be imported, or it makes no loss.
    """
    return {called: _loss(called, num_classes, device) for called in _losses(config)}


def plugin_augmentation(config: RunConfig, num_classes: int) -> PluginAugmentation | None:
    """Return the augmentation of a package that the settings of a run name.

    Args:
        config: The settings.
        num_classes: K.

    Raises:
        UserError: There is no such entry point, it cannot be imported, or it makes no augmentation.
    """
    if (called := config.augment.augmentation) is None:
        return None
    return PluginAugmentation(called, _made(called, AUGMENTATIONS), config.training.seed, num_classes)


def packages_of_training(config: RunConfig) -> tuple[str, ...]:
    """Return the installed packages that a training takes part of, besides those of its network.

    Raises:
        UserError: One that the settings name is not installed.
    """
    if config.model.members:  # an ensemble is not trained, and needs nothing that its members were trained with
        return ()
    named = [(called, LOSSES) for called in _losses(config)]
    named += [(called, AUGMENTATIONS) for called in [config.augment.augmentation] if called]
    return tuple(package_of(find_plugin(called.removeprefix(PREFIX), groups)) for called, groups in named)


def _losses(config: RunConfig) -> list[str]:
    return sorted(name for name in config.training.losses if name.startswith(PREFIX))


def _loss(called: str, num_classes: int, device: torch.device) -> PluginLoss:
    loss = _made(called, LOSSES, num_classes=num_classes)
    if isinstance(loss, nn.Module):
        if any(weight.requires_grad for weight in loss.parameters()):
            problem = f"'{called}' has weights of its own, which nothing would train or keep"
            raise UserError(problem, "let them be constants: register_buffer, or requires_grad_(False)")
        loss.to(device)
    return PluginLoss(called, loss)


def _made(called: str, groups: Sequence[str], **arguments: int) -> Any:
    made, where = made_by_plugin(called.removeprefix(PREFIX), groups, **arguments)
    if not callable(made):
        problem = f"{where} makes {type(made).__name__} for '{called}' where a function is wanted"
        raise UserError(problem, "let it return one")
    return made


def _described(value: object) -> str:
    """Return what a value is, in words; of two tensors the same if they may stand for each other."""
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {list(value.shape)} on the {value.device.type}"
    return type(value).__name__
