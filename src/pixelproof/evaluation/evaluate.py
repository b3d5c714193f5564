"""Run a network over labelled images and count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pixelproof.data import Sample, read_image
from pixelproof.data.decoded import read_sample_mask
from pixelproof.evaluation.boundary import boundary_counts
from pixelproof.evaluation.counts import confusion_counts
from pixelproof.prediction import Predictor
from pixelproof.prediction.predictor import probabilities
from pixelproof.progress import bar
from pixelproof.runs import Boundaries, ClassificationScores, Scores, SegmentationScores, Source

BATCH = 128


def evaluate(predictor: Predictor, samples: Sequence[Sample], source: Source) -> Scores:
    """Return the scores of a network on labelled images.

    Args:
        predictor: The network.
        samples: The images, each with a label or a mask.
        source: What is scored, kept in the score file.

    Raises:
        UserError: An image or mask cannot be read.
    """
    if predictor.scheme.task == "classification":
        return _classification(predictor, samples, source)
    counts = np.zeros((len(samples), *[len(predictor.scheme.classes) + 1] * 2), np.int64)
    boundaries = []
    with bar(f"evaluate {source.name}", len(samples), "images") as step:
        for index, sample in enumerate(samples):
            image = read_image(sample.image)
            truth = read_sample_mask(sample, predictor.scheme, (image.shape[0], image.shape[1]))
            prediction = predictor.class_map(image)
            counts[index] = confusion_counts(truth, prediction, len(predictor.scheme.classes))
            boundaries.append(boundary_counts(truth, prediction, predictor.scheme.scored))
            step()
    ids = tuple(s.id for s in samples)
    return SegmentationScores(ids, counts, predictor.scheme, source, Boundaries.stack(boundaries))


def _classification(predictor: Predictor, samples: Sequence[Sample], source: Source) -> ClassificationScores:
    truth = np.array([sample.label for sample in samples], np.int64)
    chances = []
    with bar(f"evaluate {source.name}", len(samples), "images") as step:
        for batch in batches(predictor, samples):
            chances.append(probabilities(predictor([read_image(s.image) for s in batch]).logits))
            step(len(batch))
    probability = np.concatenate(chances)
    rows = np.arange(len(samples))
    of_truth = probability[rows, truth]
    return ClassificationScores(
        ids=tuple(s.id for s in samples),
        truth=truth,
        predicted=probability.argmax(axis=1).astype(np.int64),
        rank=(probability > of_truth[:, None]).sum(axis=1).astype(np.int64),
        loss=-np.log(of_truth.clip(min=np.finfo(np.float64).tiny)),
        confidence=probability.max(axis=1),
        scheme=predictor.scheme,
        source=source,
    )


def batches(predictor: Predictor, samples: Sequence[Sample]) -> Iterator[Sequence[Sample]]:
    """Yield samples in groups that fit through the network at once: one at a time where sizes may differ."""
    size = BATCH if predictor.scheme.task == "classification" else 1
    for start in range(0, len(samples), size):
        yield samples[start : start + size]
