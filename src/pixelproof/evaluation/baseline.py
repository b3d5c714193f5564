"""What always answering the most frequent class would reach: a model that is not better tells no class from another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pixelproof.evaluation.intervals import share_interval
from pixelproof.evaluation.metrics import image_counts
from pixelproof.evaluation.units import members_of, noun_of
from pixelproof.numbers import counted, first_of, share
from pixelproof.runs import ClassificationScores

NAMED = 3
EQUAL = 0.5
"""Share of the images that one of two alone gets right, where both are as good."""


@dataclass(frozen=True)
class Baseline:
    """The model beside always answering the most frequent class.

    Attributes:
        name: That class.
        accuracy: What it would reach, its share of the images.
        better: Whether even the low end of the 95% interval of the difference on the same images is above 0.
        worse: Whether even the high end is below.
        never: Classes of images here that the model never answers.
        lost: How many images are of these.
    """

    name: str
    accuracy: float
    better: bool
    worse: bool
    never: tuple[str, ...]
    lost: int


def baseline(scores: ClassificationScores) -> Baseline | None:
    """Return how the model does beside it; None where fewer than two classes have images, so that nothing is told."""
    _, images, called = image_counts(scores)
    if (images > 0).sum() < 2:
        return None
    most, never = int(images.argmax()), (images > 0) & (called == 0)
    # Where both are right, or both wrong, they are alike: of the others, those that the model alone gets right.
    alone, members = scores.correct != (scores.truth == most), members_of(scores)
    low, high = share_interval(scores.correct[alone], None if members is None else members[alone]).tolist()
    reached, names = float(images[most] / images.sum()), scores.scheme.names
    return Baseline(
        name=names[most],
        accuracy=reached,
        better=low > EQUAL,
        worse=high < EQUAL,
        never=tuple(names[index] for index in np.flatnonzero(never)),
        lost=int(images[never].sum()),
    )


def baseline_lines(scores: ClassificationScores) -> list[str]:
    """Return what that would reach in sentences, that the model is not better, and which classes it never answers."""
    if (found := baseline(scores)) is None:
        return []
    noun = noun_of(scores)
    said = f"Always answering {found.name}, the most frequent class, would be right for {share(found.accuracy, 2)}"
    lines = [f"{said} of these {noun}s."]
    if found.worse:
        lines.append("The model is worse than that.")
    elif not found.better:
        lines.append("Its likeliest classes are not shown to be better than that; a threshold may serve all the same.")
    if found.never:
        lines.append(f"It never answers {first_of(found.never, NAMED)}, of which {_are(found.lost, noun)} here.")
    return lines


def _are(count: int, noun: str) -> str:
    return f"{counted(count, noun)} {'is' if count == 1 else 'are'}"
