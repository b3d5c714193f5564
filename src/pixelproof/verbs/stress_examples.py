"""What the page of ``stress`` shows: a few images in all states, and what each run answers to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import UInt8
from pixelproof.data import Sample
from pixelproof.data.decoded import read_pair
from pixelproof.data.thumbnails import thumbnail
from pixelproof.labels import LabelScheme
from pixelproof.numbers import share
from pixelproof.prediction import Predictor
from pixelproof.report.figures.masks import colored
from pixelproof.runs import ClassificationScores, Thumbnails, load_scores
from pixelproof.runs.stress_file import Answer, Example
from pixelproof.runs.stress_folder import StressFolder, picture_of
from pixelproof.runs.thumbnails import NO_THUMBNAILS
from pixelproof.verbs.stress_scores import Decoded, Setting

EXAMPLES = 2
SIDE = 160
"""Pixels a side of a picture."""
WINDOW = 320
"""Pixels a side of what is shown of a larger segmented image, its middle: noise and blur would not be seen else."""

Answers = dict[str, dict[str, Answer]]
"""What a run answers, by the image's id and the state."""


@dataclass(frozen=True)
class Looked:
    """What a run made of the examples; ``masks`` are empty of classifiers."""

    answers: Answers
    masks: Thumbnails


def pictures(samples: Sequence[Sample], settings: Sequence[Setting], images: Decoded, segmented: bool) -> Thumbnails:
    """Return pictures of images in all states.

    Raises:
        UserError: An image cannot be read.
    """
    shown = {
        picture_of(sample.id, setting.name): _middle(setting.change(images(sample.image), sample.id), segmented)
        for sample in samples
        for setting in settings
    }
    return _thumbnails({name: thumbnail(image, SIDE) for name, image in shown.items()})


def classified(samples: Sequence[Sample], settings: Sequence[Setting], folder: StressFolder, run: str) -> Looked:
    """Return what a classifier answers, from its score files.

    Raises:
        UserError: One cannot be read.
    """
    answers: Answers = {sample.id: {} for sample in samples}
    for setting in settings:
        scores = load_scores(folder.scores(run, setting.name))
        assert isinstance(scores, ClassificationScores)
        for sample in samples:
            answers[sample.id][setting.name] = _answer(scores, scores.ids.index(sample.id))
    return Looked(answers, NO_THUMBNAILS)


def _answer(scores: ClassificationScores, row: int) -> Answer:
    chances = scores.probabilities
    sure = scores.confidence[row] if chances is None else chances[row].max()
    name = scores.scheme.names[scores.predicted[row]]
    return Answer(text=f"{name} {share(float(sure), 0)}", right=bool(scores.correct[row]))


def segmented(samples: Sequence[Sample], settings: Sequence[Setting], images: Decoded, predictor: Predictor) -> Looked:
    """Return what a segmenter draws, and how much of each image is right.

    Raises:
        UserError: An image or mask cannot be read.
    """
    answers, masks = Answers(), {}
    for sample in samples:
        _, truth = read_pair(sample, predictor.scheme, images)
        answers[sample.id] = {}
        for setting in settings:
            mask = predictor.class_map(setting.change(images(sample.image), sample.id))
            true, _ = setting.counted(sample.id, truth, mask[..., None])
            answers[sample.id][setting.name] = Answer(text=_right(true, mask, predictor.scheme))
            drawn = colored(_middle(mask, True), predictor.scheme)
            masks[picture_of(sample.id, setting.name)] = thumbnail(drawn, SIDE, flat=True)
    return Looked(answers, _thumbnails(masks))


def _right(truth: UInt8, mask: UInt8, scheme: LabelScheme) -> str:
    judged = np.isin(truth, np.flatnonzero(scheme.scored))
    return f"{share(float((truth == mask)[judged].mean()))} right" if judged.any() else "nothing scored"


def examples(samples: Sequence[Sample], scheme: LabelScheme, looked: Sequence[Looked]) -> tuple[Example, ...]:
    """Return the examples with the answers of all runs, in their order."""
    return tuple(
        Example(
            id=sample.id,
            truth="" if sample.label is None else scheme.names[sample.label],
            answers=_together([each.answers[sample.id] for each in looked]),
        )
        for sample in samples
    )


def _together(answers: Sequence[Mapping[str, Answer]]) -> dict[str, tuple[Answer, ...]]:
    return {state: tuple(each[state] for each in answers) for state in answers[0]}


def _thumbnails(shown: Mapping[str, UInt8]) -> Thumbnails:
    return Thumbnails(tuple(shown), np.stack(list(shown.values())))


def _middle(image: UInt8, cut: bool) -> UInt8:
    """Return the middle of an image, or all of one that is not to be cut."""
    rows, columns = (slice(max(0, side - WINDOW) // 2, max(0, side - WINDOW) // 2 + WINDOW) for side in image.shape[:2])
    return np.ascontiguousarray(image[rows, columns]) if cut else image
