"""What a page shows of splits beside validation that a run was scored on, such as a test split."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pixelproof.evaluation import accuracy, mean_iou
from pixelproof.evaluation.intervals import mask_intervals, share_intervals
from pixelproof.evaluation.selective import learned_from
from pixelproof.evaluation.sentences import corrected_line, learned_line
from pixelproof.evaluation.units import members_of
from pixelproof.languages import Texts
from pixelproof.numbers import between, count, interval, score, share
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.comparison import headline_pair, verdict_on
from pixelproof.report.key_results import COUNTED
from pixelproof.report.replicates import over_seeds
from pixelproof.runs import ClassificationScores, Scores
from pixelproof.runs.study_file import TEST


@dataclass(frozen=True)
class OtherRow:
    """One model on one other split; ``seeds`` are its mean and standard deviation over seeds, where it has several."""

    model: str
    split: str
    images: str
    figure: str
    interval: str
    seeds: tuple[str, str] | None = None


def other_splits(part: PartArtefacts) -> list[OtherRow]:
    """Return the figures of all models on all splits but validation, in the models' order."""
    rows = [_row(model.name, scores) for model in part.models for scores in model.others]
    found = over_seeds(part.tested.evidence) if part.tested and part.tested.evidence else None
    seeds = {row.model: (row.mean, row.spread) for row in found.rows if len(row.runs) > 1} if found else {}
    return [replace(row, seeds=seeds.get(row.model)) if row.split == TEST else row for row in rows]


def headline_on_test(part: PartArtefacts) -> list[Texts]:
    """Return the verdict on test between the two models whose verdict on validation is the page's headline.

    They were chosen by other images, and are one pair, so that nothing has to be adjusted.
    """
    if part.tested is None or part.tested.comparison is None or part.comparison is None:
        return []
    pair = headline_pair(part.comparison, part.evidence)
    return verdict_on(*pair, part.tested.comparison, part.tested.evidence)


def known_images(part: PartArtefacts) -> list[str]:
    """Return a sentence for each model that has learned from images of the score."""
    scored = [(model.name, model.scores) for model in part.models if model.scores is not None]
    lines = ((name, line(scores)) for name, scores in scored for line in (learned_line, corrected_line))
    return [f"scores of {name}: {line}" for name, line in lines if line]


def _row(model: str, scores: Scores) -> OtherRow:
    members = members_of(scores)
    if isinstance(scores, ClassificationScores):
        figure, ends = share(accuracy(scores)), interval(*share_intervals(scores, members)["accuracy"])
    else:
        figure, (low, high) = score(mean_iou(scores, COUNTED)), mask_intervals(scores, COUNTED, members)["miou"]
        ends = between(low, high)
    learned = " (learned from it)" if learned_from(scores) else ""
    if line := "; ".join(filter(None, (learned_line(scores), corrected_line(scores)))):
        learned = f" ({line})"
    return OtherRow(model, f"{scores.source.split or 'unknown'}{learned}", count(len(scores.ids)), figure, ends)
