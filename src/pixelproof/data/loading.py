"""Batches for training. What a batch holds depends on (seed, epoch, sample id), never on who loads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from pixelproof.config import RunConfig
from pixelproof.data.cache import decoded
from pixelproof.data.decoded import UInt8
from pixelproof.data.folder import Sample
from pixelproof.data.resident import Resident, resident
from pixelproof.data.transforms import CHOICES, change_images, change_masks, choose
from pixelproof.errors import UserError
from pixelproof.labels import VOID, LabelScheme
from pixelproof.randomness import derive, generator, uniforms

IGNORE = -100
"""The target value that no loss counts: void pixels, and pixels of ignored classes."""

Key = tuple[int, int]
Batch = tuple[Tensor, Tensor]


class TrainingImages(Dataset[Batch]):
    """Augmented images, a batch of (epoch, index) at a time.

    Args:
        samples: The images, all with a mask or all with a label.
        scheme: The label contract.
        config: The settings of the run.
    """

    def __init__(self, samples: Sequence[Sample], scheme: LabelScheme, config: RunConfig) -> None:
        self.samples = samples
        self.scheme = scheme
        self.config = config
        self.pixels = decoded(samples, scheme, config.model.input_size, config.data.cache)
        self.resident: Resident | None = None
        """The same pixels on the device, where they were moved there."""
        self.segmented = samples[0].mask is not None
        self._targets = _target_table(scheme) if self.segmented else torch.tensor([s.label for s in samples])

        seed = config.training.seed
        self._keys = np.array([derive(seed, "augment", sample.id) for sample in samples], np.uint64)

    def __len__(self) -> int:
        return len(self.samples)

    def place(self, device: torch.device) -> None:
        """Prepare for training on a device: keep the pixels there, where the settings ask for it and they fit."""
        self.resident = resident(self.pixels, device, self.config.training.resident)
        self._targets = self._targets.to(device)

    def __getitems__(self, keys: list[Key]) -> Batch:
        """Return what ``batch`` returns, as torch's loader asks for it."""
        return self.batch(keys[0][0], [index for _, index in keys])

    def batch(self, epoch: int, indices: Sequence[int]) -> Batch:
        """Return augmented images and what ``target`` takes, on the CPU or where the resident pixels are.

        Returns:
            uint8 [N, 3, H, W]; the masks that follow them, uint8 [N, H, W], or the indices of classified images, [N].

        Raises:
            UserError: An image cannot be read, or images of differing size would have to form a batch.
        """
        if self.resident is not None:
            return self._augmented(epoch, indices, *self.resident.take(indices))
        pairs = [self.pixels[index] for index in indices]
        if not self.segmented:
            return self._augmented(epoch, indices, *_stacked(pairs))
        # Large images one by one: they may differ in size, and what is done to them stays in the processor's cache.
        parts = [self._augmented(epoch, [i], *_stacked([pair])) for i, pair in zip(indices, pairs, strict=True)]
        if len({part[0].shape for part in parts}) > 1:
            raise UserError("images of differing size cannot form a batch", "give --set crop=... or batch_size=1")
        return torch.cat([images for images, _ in parts]), torch.cat([masks for _, masks in parts])

    def _augmented(self, epoch: int, indices: Sequence[int], images: Tensor, masks: Tensor | None) -> Batch:
        augment, size = self.config.augment, (images.shape[2], images.shape[3])
        numbers = uniforms(self._keys[list(indices)], epoch, len(CHOICES))
        changes = choose(size, augment, numbers, self.segmented, images.device)
        changed = change_images(images, changes, zoomed=augment.scale != (1.0, 1.0) and self.segmented)
        return changed, torch.tensor(indices) if masks is None else change_masks(masks, changes)

    def target(self, stored: Tensor) -> Tensor:
        """Return what a loss compares with, int64 class indices and ``IGNORE``, on the device given to ``place``.

        Looked up there and not where batches are made, because it takes eight times the memory.
        """
        stored = stored.to(self._targets.device, non_blocking=True)
        # Nine times as fast on a CPU as indexing by a whole batch of masks.
        return self._targets.index_select(0, stored.flatten().int()).view(stored.shape)


def training_batches(images: TrainingImages, epoch: int) -> Iterator[Batch]:
    """Yield one epoch's batches, in an order that depends on the seed and the epoch.

    A last batch smaller than the others is left out, because batch norm would learn from too few images; the order
    changes every epoch, so no image stays out for long.
    """
    training = images.config.training
    size = min(training.batch_size, len(images))
    order = generator(training.seed, "order", epoch).permutation(len(images)).tolist()
    batches = [order[i : i + size] for i in range(0, len(order) - size + 1, size)]
    if images.resident is not None or not training.workers:
        for indices in batches:
            yield images.batch(epoch, indices)
        return
    keys = [[(epoch, index) for index in indices] for indices in batches]
    yield from DataLoader(
        images,
        batch_sampler=keys,
        num_workers=training.workers,
        collate_fn=_as_they_come,
        pin_memory=torch.cuda.is_available(),
        generator=torch.Generator(),  # else it would move torch's own, which dropout reads
    )


def batches_per_epoch(samples: int, batch_size: int) -> int:
    """Return how many batches ``training_batches`` yields."""
    return samples // min(batch_size, samples)


def _as_they_come(batch: Any) -> Any:
    return batch


def _stacked(pairs: Sequence[tuple[UInt8, UInt8 | None]]) -> tuple[Tensor, Tensor | None]:
    masks = [mask for _, mask in pairs if mask is not None]
    images = torch.from_numpy(np.stack([image for image, _ in pairs]))
    return images, torch.from_numpy(np.stack(masks)) if masks else None


def _target_table(scheme: LabelScheme) -> Tensor:
    """Return int64 [256]: the target of each mask value."""
    table = torch.full((VOID + 1,), IGNORE)
    for index, counted in enumerate(scheme.scored[:VOID]):
        if counted:
            table[index] = index
    return table
