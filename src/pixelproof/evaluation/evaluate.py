"""Run a network over labelled images and count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from pixelproof.array_types import Float32, UInt8
from pixelproof.data import Sample
from pixelproof.data.decoded import read_pair
from pixelproof.evaluation.boundary import boundary_counts
from pixelproof.evaluation.calibration import calibration_counts, confidence_counts
from pixelproof.evaluation.counts import confusion_counts
from pixelproof.evaluation.outcomes import kept, outcomes
from pixelproof.prediction import Predictor
from pixelproof.prediction.chances import probabilities
from pixelproof.progress import bar
from pixelproof.runs import Boundaries, ClassificationScores, Scores, SegmentationScores, Source
from pixelproof.runs.scores import Names

BATCH = 128


Read = Callable[[Path], UInt8]
"""From the file of an image to its pixels, uint8 [H, W, C], as the network is to see them."""

Paired = Callable[[Sample, UInt8, Float32], tuple[UInt8, Float32]]
"""From an image, its truth [H, W] and what ``confident_map`` answers, [H, W, 1 + S], to the two that are counted."""


def evaluate(
    predictor: Predictor,
    samples: Sequence[Sample],
    source: Source,
    logits: torch.Tensor | None = None,
    read: Read | None = None,
    paired: Paired | None = None,
) -> Scores:
    """Return the scores of a network on labelled images.

    Args:
        predictor: The network.
        samples: The images, each with a label or a mask.
        source: What is scored, kept in the score file with how it looked at the images.
        logits: What a classifier has answered already, [N, K]; None asks it.
        read: Reads the images; None is as the network was trained.
        paired: What becomes of the truth and the answer of a segmented image before they are counted; None leaves them.

    Raises:
        UserError: An image or mask cannot be read.
    """
    read = predictor.reader if read is None else read
    source = asked_of(predictor, source)
    scores: Scores
    if predictor.scheme.task == "classification":
        answers = _answers(predictor, samples, source.name, read) if logits is None else logits
        scores = _classification(predictor, samples, source, answers)
    else:
        scores = _segmentation(predictor, samples, source, read, paired)
    return replace(scores, groups=groups_in(samples))


def asked_of(predictor: Predictor, source: Source) -> Source:
    """Return what a score file says of its source, with how the network is asked and at which temperatures."""
    fitted = "" if predictor.fitted == 1.0 else repr(predictor.fitted)
    counted = ", ".join(_temperatures(predictor))
    return replace(source, looks=predictor.looks, temperatures=counted, temperature=fitted)


def groups_in(samples: Sequence[Sample]) -> Names | None:
    """Return the scene of each image, str [N]; None where each is its own."""
    return np.array([sample.scene for sample in samples]) if any(sample.group for sample in samples) else None


def _segmentation(
    predictor: Predictor, samples: Sequence[Sample], source: Source, read: Read, paired: Paired | None
) -> SegmentationScores:
    scheme, temperatures = predictor.scheme, list(_temperatures(predictor).values())
    confusion, boundaries, calibration = [], [], []
    with bar(f"evaluate {source.name}", len(samples), "images") as step:
        for sample in samples:
            image, truth = read_pair(sample, scheme, read)
            answer = predictor.confident_map(image, temperatures)
            if paired is not None:
                truth, answer = paired(sample, truth, answer)
            prediction = answer[..., 0].astype(np.uint8)
            confusion.append(confusion_counts(truth, prediction, len(scheme.classes)))
            boundaries.append(boundary_counts(truth, prediction, scheme.scored))
            judged = np.isin(truth, np.flatnonzero(scheme.scored))
            sure = answer[..., 1:][judged].T
            calibration.append(calibration_counts(sure, np.tile((prediction == truth)[judged], (len(sure), 1))))
            step()
    return SegmentationScores(
        ids=tuple(s.id for s in samples),
        confusion=np.stack(confusion),
        scheme=scheme,
        source=source,
        boundaries=Boundaries.stack(boundaries),
        calibration=np.stack(calibration),
    )


def _answers(predictor: Predictor, samples: Sequence[Sample], name: str, read: Read) -> torch.Tensor:
    """Return the logits of a classifier for images, [N, K]."""
    answers = []
    with bar(f"evaluate {name}", len(samples), "images") as step:
        for batch in batches(predictor, samples):
            answers.append(predictor.logits([read(s.image) for s in batch]))
            step(len(batch))
    return torch.cat(answers)


def _classification(
    predictor: Predictor, samples: Sequence[Sample], source: Source, logits: torch.Tensor
) -> ClassificationScores:
    truth = np.array([sample.label for sample in samples], np.int64)
    probability = probabilities(logits)
    found = outcomes(probability, truth)
    right = found["predicted"] == truth
    calibration = []
    for temperature in _temperatures(predictor).values():
        chances = probability if temperature == 1.0 else probabilities(logits, temperature)
        calibration.append(confidence_counts(chances.max(axis=1), right))
    return ClassificationScores(
        ids=tuple(s.id for s in samples),
        truth=truth,
        **found,
        scheme=predictor.scheme,
        source=source,
        calibration=np.stack(calibration, axis=1),
        probabilities=kept(chances),
    )


def _temperatures(predictor: Predictor) -> dict[str, float]:
    """Return by what logits are divided where confidence is counted: by nothing, and at a fitted temperature.

    Views of an image are averaged at the fitted temperature, so that their mean is known at that one alone.
    """
    if predictor.tempered:
        return {"fitted": 1.0}
    fitted = {} if predictor.temperature == 1.0 else {"fitted": predictor.temperature}
    return {"none": 1.0} | fitted


def batches(predictor: Predictor, samples: Sequence[Sample]) -> Iterator[Sequence[Sample]]:
    """Yield samples in groups that fit through the network at once: one at a time where sizes may differ."""
    size = BATCH if predictor.scheme.task == "classification" else 1
    for start in range(0, len(samples), size):
        yield samples[start : start + size]
