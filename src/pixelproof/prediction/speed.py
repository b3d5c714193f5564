"""How fast networks answer, timed in turn, so that what else the machine does meets all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from pixelproof.array_types import UInt8
from pixelproof.prediction.predictor import Predictor
from pixelproof.progress import bar
from pixelproof.randomness import generator

WARM = 2
"""Rounds that do not count: the first answers wait for memory and for what is chosen by trial."""
ROUNDS = 15


@dataclass(frozen=True)
class Speed:
    """How long a network takes to answer one batch.

    Attributes:
        batch: Images in it.
        seconds: Of each round, from images in memory, uint8, to logits.
    """

    batch: int
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median seconds of a batch."""
        return statistics.median(self.seconds)

    @property
    def images(self) -> float:
        """Images a second."""
        return self.batch / self.median


def timed(
    predictors: Mapping[str, Predictor], batches: Sequence[int], size: tuple[int, int], rounds: int = ROUNDS
) -> dict[str, list[Speed]]:
    """Return, by name, how fast networks answer batches of images of one size.

    Resizing, normalisation and all looks at an image are part of an answer; reading its file is not. Each round asks
    all networks for all batches, one after the other.

    Args:
        predictors: The networks.
        batches: Sizes of batches.
        size: Height and width of the images.
        rounds: How often each is asked.
    """
    random = generator(0, "speed")
    drawn = [random.integers(0, 256, (max(batches), *size, p.network.channels), np.uint8) for p in predictors.values()]
    seconds: dict[tuple[str, int], list[float]] = {(name, batch): [] for name in predictors for batch in batches}
    with bar("speed", (WARM + rounds) * len(seconds), "answers") as step:
        for number in range(WARM + rounds):
            for (name, predictor), images in zip(predictors.items(), drawn, strict=True):
                for batch in batches:
                    spent = _answer(predictor, images[:batch])
                    if number >= WARM:
                        seconds[name, batch].append(spent)
                    step()
    return {name: [Speed(batch, tuple(seconds[name, batch])) for batch in batches] for name in predictors}


def _answer(predictor: Predictor, images: UInt8) -> float:
    """Return how many seconds an answer takes, to its end on the device."""
    start = time.perf_counter()
    predictor.device_logits(list(images))
    if predictor.device.type == "cuda":
        torch.cuda.synchronize(predictor.device)
    return time.perf_counter() - start
