"""Batches for training. What a batch holds depends on (seed, epoch, sample id), never on who loads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms.v2 import functional as F

from pixelproof.config import RunConfig
from pixelproof.data.folder import Sample
from pixelproof.data.images import read_image, read_mask
from pixelproof.data.transforms import augment_image, augment_pair
from pixelproof.errors import UserError
from pixelproof.labels import VOID, LabelScheme
from pixelproof.randomness import generator

IGNORE = -100
"""The target value that no loss counts: void pixels, and pixels of ignored classes."""

Key = tuple[int, int]


class TrainingImages(Dataset[tuple[Tensor, Tensor]]):
    """Augmented images with their targets; an item is asked for by (epoch, index)."""

    def __init__(self, samples: Sequence[Sample], scheme: LabelScheme, config: RunConfig) -> None:
        self.samples = samples
        self.scheme = scheme
        self.config = config
        self.targets = _target_table(scheme)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, key: Key) -> tuple[Tensor, Tensor]:
        """Return (image uint8 [3, H, W], target int64: a class index, or [H, W] of them with ``IGNORE``)."""
        epoch, index = key
        sample = self.samples[index]
        rng = generator(self.config.training.seed, "augment", epoch, sample.id)
        image = torch.from_numpy(read_image(sample.image)).permute(2, 0, 1)
        if sample.mask is None:
            image = resized(image, self.config.model.input_size)
            return augment_image(image, self.config.augment, rng), torch.tensor(sample.label)
        mask = read_sample_mask(sample, self.scheme, (image.shape[1], image.shape[2]))
        image, mask_tensor = augment_pair(image, torch.from_numpy(mask), self.config.augment, rng)
        return image, self.targets[mask_tensor.long()]


def training_batches(images: TrainingImages, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield one epoch's batches, in an order that depends on the seed and the epoch.

    A last batch smaller than the others is left out, because batch norm would learn from too few images; the order
    changes every epoch, so no image stays out for long.
    """
    training = images.config.training
    size = min(training.batch_size, len(images))
    order = generator(training.seed, "order", epoch).permutation(len(images)).tolist()
    keys = [[(epoch, index) for index in order[i : i + size]] for i in range(0, len(order) - size + 1, size)]
    loader = DataLoader(images, batch_sampler=keys, num_workers=training.workers)
    yield from loader


def batches_per_epoch(samples: int, batch_size: int) -> int:
    """Return how many batches ``training_batches`` yields."""
    return samples // min(batch_size, samples)


def resized(image: Tensor, side: int | None) -> Tensor:
    """Return an image, uint8 [3, H, W], brought to ``side`` x ``side`` pixels; unchanged for None."""
    if side is None or tuple(image.shape[1:]) == (side, side):
        return image
    squared: Tensor = F.resize(image, [side, side], antialias=True)
    return squared


def read_sample_mask(sample: Sample, scheme: LabelScheme, size: tuple[int, int]) -> np.ndarray:
    """Return a sample's mask, uint8 [H, W], of exactly the image's (height, width).

    Raises:
        UserError: The mask is unreadable or of another size.
    """
    assert sample.mask is not None
    mask = read_mask(sample.mask, scheme)
    if mask.shape != size:
        found, wanted = (f"{w}x{h}" for h, w in (mask.shape, size))
        raise UserError(f"mask {sample.mask} is {found} pixels, its image is {wanted}", "correct or remove the pair")
    return mask


def _target_table(scheme: LabelScheme) -> Tensor:
    """Return int64 [256]: the target of each mask value."""
    table = torch.full((VOID + 1,), IGNORE)
    for index, counted in enumerate(scheme.scored[:VOID]):
        if counted:
            table[index] = index
    return table
