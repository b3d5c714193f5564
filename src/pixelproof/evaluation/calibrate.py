"""Fit the temperature of a network on labelled images that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pixelproof.array_types import Float32, Int64
from pixelproof.data import Sample
from pixelproof.data.decoded import read_pair
from pixelproof.evaluation.calibration import likelihood_loss, told_temperature
from pixelproof.evaluation.evaluate import batches
from pixelproof.numbers import counted
from pixelproof.prediction import Predictor
from pixelproof.prediction.tiles import TILE
from pixelproof.progress import bar, say
from pixelproof.randomness import generator
from pixelproof.runs.calibration_file import Calibration

PIXELS = 2000  # drawn from each image: neighbours say the same, so more would only take longer


def calibrate(predictor: Predictor, samples: Sequence[Sample], seed: int = 0) -> Calibration | None:
    """Return the temperature fitted on the selection part; None, and a note, if they do not tell one.

    Args:
        predictor: The network.
        samples: The images, each with a label or a mask.
        seed: Decides which pixels of a mask are used.

    Raises:
        UserError: An image or mask cannot be read.
    """
    logits, truth = (np.concatenate(parts) for parts in zip(*_outcomes(predictor, samples, seed), strict=True))
    if not len(truth):
        return None
    if (temperature := told_temperature(logits, truth)) is None:
        wrong = (logits.argmax(axis=1) != truth).sum()
        answers = f"{wrong:,} wrong of {counted(len(truth), 'answer')} on the selection part"
        say(f"note: the temperature of probabilities stays 1, as {answers} do not tell a better one")
        return None
    return Calibration(
        temperature=temperature,
        split="selection",
        images=len(samples),
        samples=len(truth),
        loss_before=likelihood_loss(logits, truth),
        loss_after=likelihood_loss(logits, truth, temperature),
    )


def _outcomes(predictor: Predictor, samples: Sequence[Sample], seed: int) -> Iterator[tuple[Float32, Int64]]:
    """Yield logits [P, K] and true classes [P] of images, or of pixels drawn from them."""
    with bar("calibrate", len(samples), "images") as step:
        for batch in batches(predictor, samples):
            if predictor.scheme.task == "classification":
                images = [predictor.reader(sample.image) for sample in batch]
                yield predictor(images).logits.numpy(), np.array([sample.label for sample in batch], np.int64)
            else:
                yield _drawn(batch[0], predictor, seed)
            step(len(batch))


def _drawn(sample: Sample, predictor: Predictor, seed: int) -> tuple[Float32, Int64]:
    """Return logits [P, K] and true classes [P] of pixels drawn from those of scored classes."""
    image, truth = read_pair(sample, predictor.scheme, predictor.reader)
    rng = generator(seed, "calibration", sample.id)
    top, left = (int(rng.integers(max(side - TILE, 0) + 1)) for side in truth.shape)
    window = slice(top, top + TILE), slice(left, left + TILE)  # what a large image's tiles are made of
    logits = predictor([image[window]]).logits[0].flatten(1).numpy()
    truth = truth[window].ravel()
    scored = np.flatnonzero(np.isin(truth, np.flatnonzero(predictor.scheme.scored)))
    chosen = rng.permutation(scored)[:PIXELS]
    return logits[:, chosen].T, truth[chosen].astype(np.int64)
