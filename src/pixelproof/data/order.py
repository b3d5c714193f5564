"""Which images an epoch of training has, and in which order: a function of the seed and the epoch alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pixelproof.array_types import Int64
from pixelproof.randomness import generator

Key = tuple[int, int]
"""The turn in which an image comes, and its index. No image has two of the same turn, so that its random changes, which
derive from it, are others each time."""


def natural(seed: int, epoch: int, images: int) -> list[Key]:
    """Return every image once, in a random order; its turn is the epoch."""
    return [(epoch, index) for index in generator(seed, "order", epoch).permutation(images).tolist()]


def balanced(seed: int, epoch: int, count: int, labels: Sequence[int]) -> list[Key]:
    """Return keys in a random order, of no class more than one above those of another.

    Over all epochs the classes come one after the other, again and again, and each goes through its images in one
    random order after the other: none comes again before all of its class have come.

    Args:
        seed: The run's.
        epoch: Which of those that have ``count`` keys each.
        count: How many keys.
        labels: The class of each image.
    """
    classes, of_class = np.unique(labels, return_inverse=True)
    keys: list[Key] = []
    for place, label in enumerate(classes.tolist()):
        # Of the first t keys of all epochs, those are this class's that leave its place when divided by the classes.
        first, end = ((t + len(classes) - 1 - place) // len(classes) for t in (epoch * count, (epoch + 1) * count))
        keys += _turns(seed, label, np.flatnonzero(of_class == place), first, end)
    return [keys[index] for index in generator(seed, "order", epoch).permutation(count)]


def _turns(seed: int, label: int, images: Int64, first: int, end: int) -> Iterator[Key]:
    """Yield the keys from ``first`` up to ``end`` of one class, of those of all its turns."""
    for turn in range(first // len(images), -(-end // len(images))):
        order = generator(seed, "order in a class", label, turn).permutation(images)
        begin = turn * len(images)
        yield from ((turn, index) for index in order[max(first - begin, 0) : end - begin].tolist())
