"""What a page shows of splits beside validation that a run was scored on, such as a test split."""

from __future__ import annotations

from dataclasses import dataclass

from pixelproof.evaluation import accuracy, mean_iou
from pixelproof.evaluation.intervals import mask_intervals, share_intervals
from pixelproof.evaluation.selective import learned_from
from pixelproof.evaluation.sentences import learned_line
from pixelproof.evaluation.units import members_of
from pixelproof.numbers import between, count, interval, score, share
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.key_results import COUNTED
from pixelproof.runs import ClassificationScores, Scores


@dataclass(frozen=True)
class OtherRow:
    """One model on one other split."""

    model: str
    split: str
    images: str
    figure: str
    interval: str


def other_splits(part: PartArtefacts) -> list[OtherRow]:
    """Return the figures of all models on all splits but validation, in the models' order."""
    return [_row(model.name, scores) for model in part.models for scores in model.others]


def known_images(part: PartArtefacts) -> list[str]:
    """Return a sentence for each model that has learned from images of the score."""
    scored = [(model.name, model.scores) for model in part.models if model.scores is not None]
    return [f"scores of {name}: {line}" for name, scores in scored if (line := learned_line(scores))]


def _row(model: str, scores: Scores) -> OtherRow:
    members = members_of(scores)
    if isinstance(scores, ClassificationScores):
        figure, ends = share(accuracy(scores)), interval(*share_intervals(scores, members)["accuracy"])
    else:
        figure, (low, high) = score(mean_iou(scores, COUNTED)), mask_intervals(scores, COUNTED, members)["miou"]
        ends = between(low, high)
    learned = " (learned from it)" if learned_from(scores) else ""
    if line := learned_line(scores):
        learned = f" ({line})"
    return OtherRow(model, f"{scores.source.split or 'unknown'}{learned}", count(len(scores.ids)), figure, ends)
