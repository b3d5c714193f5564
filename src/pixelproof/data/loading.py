"""Batches for training. What a batch holds depends on (seed, epoch, sample id), never on who loads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate

from pixelproof.array_types import Int64
from pixelproof.config import RunConfig
from pixelproof.data.cache import decoded
from pixelproof.data.folder import Sample
from pixelproof.data.order import Key, balanced, natural
from pixelproof.data.reader import ImageReader
from pixelproof.data.resident import Resident, resident
from pixelproof.data.transforms import CHOICES, Augmentation, augment_images, augment_masks, draw
from pixelproof.errors import UserError
from pixelproof.labels import VOID, LabelScheme
from pixelproof.randomness import derive, uniforms

IGNORE = -100
"""The target value that no loss counts: void pixels, and pixels of ignored classes."""

Batch = tuple[Tensor, Tensor]


class TrainingImages(Dataset[Batch]):
    """Augmented images, a batch of (turn, index) at a time.

    Args:
        samples: The images, all with a mask or all with a label.
        scheme: The label contract.
        config: The settings of the run.
    """

    def __init__(self, samples: Sequence[Sample], scheme: LabelScheme, config: RunConfig) -> None:
        self.samples = samples
        self.scheme = scheme
        self.config = config
        self.pixels = decoded(samples, scheme, config.model.input_size, config.data.cache, ImageReader.of(config.model))
        self.resident: Resident | None = None
        """The same pixels on the device, where they were moved there."""
        self.segmented = samples[0].mask is not None
        self._zoomed = config.augment.scale != (1.0, 1.0) and (not self.segmented or bool(config.augment.crop))
        self._targets = target_table(scheme, [s.label for s in samples])

        seed = config.training.seed
        self._keys = np.array([derive(seed, "augment", sample.id) for sample in samples], np.uint64)

    def __len__(self) -> int:
        return len(self.samples)

    def place(self, device: torch.device) -> None:
        """Prepare for training on a device: keep the pixels there, where the settings ask for it and they fit."""
        self.resident = resident(self.pixels, device, self.config.training.resident)
        self._targets = self._targets.to(device)

    def __getitems__(self, keys: list[Key]) -> Batch | UserError:
        """Return what ``batch`` returns, as torch's loader asks for it.

        What a worker raises would reach the user as a traceback in a traceback, so it is handed over instead.
        """
        try:
            return self.batch(*zip(*keys, strict=True))
        except UserError as error:
            return error

    def batch(self, turns: npt.ArrayLike, indices: Sequence[int]) -> Batch:
        """Return augmented images and what ``target`` takes, on the CPU or where the resident pixels are.

        Args:
            turns: That in which each image comes, or one for all; its changes derive from it.
            indices: The images.

        Returns:
            uint8 [N, C, H, W]; the masks that follow them, uint8 [N, H, W], or the indices of classified images, [N].

        Raises:
            UserError: An image cannot be read, or images of differing size would have to form a batch.
        """
        if self.resident is not None:
            return self._changed_at_once(turns, indices, *self.resident.take(indices))
        pairs = [self.pixels[index] for index in indices]
        images = [torch.from_numpy(image)[None] for image, _ in pairs]
        if not self.segmented:
            return self._changed_at_once(turns, indices, torch.cat(images), None)
        changes = self._draw(turns, indices, _sizes(images, self.config.augment.crop))
        # Large images one by one, because what is done to them stays in the processor's cache.
        changed = [augment_images(image, changes[i], self._zoomed)[0] for i, image in enumerate(images)]
        masks = [torch.from_numpy(mask)[None] for _, mask in pairs if mask is not None]
        # In a worker it stacks them in memory that the training process sees.
        return default_collate(changed), default_collate([augment_masks(m, changes[i])[0] for i, m in enumerate(masks)])

    def _changed_at_once(
        self, turns: npt.ArrayLike, indices: Sequence[int], images: Tensor, masks: Tensor | None
    ) -> Batch:
        changes = self._draw(turns, indices, images.shape[2:], images.device)
        changed = augment_images(images, changes, self._zoomed)
        return changed, torch.tensor(indices) if masks is None else augment_masks(masks, changes)

    def _draw(
        self, turns: npt.ArrayLike, indices: Sequence[int], size: npt.ArrayLike, device: torch.device | str = "cpu"
    ) -> Augmentation:
        numbers = uniforms(self._keys[list(indices)], turns, len(CHOICES))
        return draw(size, self.config.augment, numbers, self.segmented, device)

    def target(self, stored: Tensor) -> Tensor:
        """Return what a loss compares with, as ``look_up`` does, on the device given to ``place``.

        Looked up there and not where batches are made, because it takes eight times the memory.
        """
        return look_up(self._targets, stored)


class TrainingBatches:
    """The batches of one epoch after another, made by workers that stay, where the settings ask for any.

    A last batch smaller than the others is left out, because batch norm would learn from too few images; the order
    changes every epoch, so no image stays out for long. Where classes are balanced, nothing is drawn for it.

    Args:
        images: The images, placed where they are to be trained on.
        part: Which of a batch of N images to make, where other processes make the others.
    """

    def __init__(self, images: TrainingImages, part: Callable[[int], slice] = slice) -> None:
        self.images = images
        self.part = part
        training = images.config.training
        self.size = min(training.batch_size, len(images))
        self._keys: list[list[Key]] = []
        self._loader: DataLoader[Batch] | None = None
        if images.resident is None and training.workers:
            self._loader = DataLoader(
                images,
                batch_sampler=self._keys,  # read again for each epoch
                num_workers=training.workers,
                collate_fn=_as_they_come,
                pin_memory=torch.cuda.is_available(),
                generator=torch.Generator(),  # else it would move torch's own, which dropout reads
                persistent_workers=True,  # starting one takes as long as making a hundred images
            )

    def __len__(self) -> int:
        """Return how many batches an epoch has."""
        return len(self.images) // self.size

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Yield one epoch's batches, in an order that depends on the seed and the epoch."""
        images, size = self.images, self.size
        keys = self._order(epoch)
        batches = [keys[i * size : (i + 1) * size][self.part(size)] for i in range(len(self))]
        self._keys[:] = batches
        if self._loader is not None:
            return self._loaded()
        return (images.batch(*zip(*each, strict=True)) for each in batches)

    def _order(self, epoch: int) -> list[Key]:
        images, training = self.images, self.images.config.training
        if training.sampling == "natural":
            return natural(training.seed, epoch, len(images))
        return balanced(training.seed, epoch, len(self) * self.size, [sample.label or 0 for sample in images.samples])

    def _loaded(self) -> Iterator[Batch]:
        """Yield what the workers make."""
        assert self._loader is not None
        for batch in self._loader:
            if isinstance(batch, UserError):
                raise batch
            yield batch


def _as_they_come(batch: Any) -> Any:
    return batch


def _sizes(images: Sequence[Tensor], crop: int | None) -> Int64:
    """Return height and width of images, [1, C, H, W] each -> int64 [N, 2]."""
    sizes = np.array([image.shape[2:] for image in images])
    if crop is None and (sizes != sizes[0]).any():
        raise UserError("images of differing size cannot form a batch", "give --set crop=... or batch_size=1")
    return sizes


def target_table(scheme: LabelScheme, labels: Sequence[int | None]) -> Tensor:
    """Return the targets that ``look_up`` takes: of each mask value, int64 [256], or of N classified images, int64 [N].

    Args:
        scheme: The label contract.
        labels: The class of each classified image.
    """
    if scheme.task == "classification":
        return torch.tensor(labels)
    table = torch.full((VOID + 1,), IGNORE)
    for index, counted in enumerate(scheme.scored[:VOID]):
        if counted:
            table[index] = index
    return table


def look_up(table: Tensor, stored: Tensor) -> Tensor:
    """Return what a loss compares with, int64 class indices and ``IGNORE``, on the device of ``table``.

    Args:
        table: What ``target_table`` returns.
        stored: Masks, uint8 [N, H, W], or the indices of classified images, [N].
    """
    stored = stored.to(table.device, non_blocking=True)
    # Nine times as fast on a CPU as indexing by a whole batch of masks.
    return table.index_select(0, stored.flatten().int()).view(stored.shape)
