"""A study's key results in words and figures, computed from its scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pixelproof.evaluation import (
    accuracy,
    average_loss,
    class_accuracy,
    confusion_matrix,
    iou,
    mean_iou,
    pixel_accuracy,
    top_k_accuracy,
)
from pixelproof.evaluation.baseline import baseline, baseline_lines
from pixelproof.evaluation.intervals import mask_intervals, share_intervals
from pixelproof.evaluation.mask_baseline import mask_baseline, mask_baseline_lines
from pixelproof.evaluation.metrics import Protocol, mean_defined
from pixelproof.evaluation.units import members_of
from pixelproof.numbers import between, count, counted, if_known, interval, score, share, signed
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.class_table import weakest
from pixelproof.report.figures.confusion import frequent_confusions
from pixelproof.report.model_artefacts import ModelArtefacts
from pixelproof.runs import ClassificationScores, Scores, SegmentationScores

COUNTED: Protocol = "unknown_counted"
MANY = 3
"""From so many models on, the best of them is one that was chosen."""


@dataclass(frozen=True)
class KeyFigure:
    """One key figure."""

    value: str
    label: str
    note: str


def classifiers(part: PartArtefacts) -> list[tuple[ModelArtefacts, ClassificationScores]]:
    """Return the part's models that have classification scores, with them."""
    return [(m, m.scores) for m in part.models if isinstance(m.scores, ClassificationScores)]


def segmenters(part: PartArtefacts) -> list[tuple[ModelArtefacts, SegmentationScores]]:
    """Return the part's models that have segmentation scores, with them."""
    return [(m, m.scores) for m in part.models if isinstance(m.scores, SegmentationScores)]


def sentences(part: PartArtefacts) -> list[str]:
    """Return the part's key results, one sentence each."""
    said = [text for m, s in classifiers(part) for text in (_classified(m.name, s), weakest(s)) if text]
    if compared := segmenters(part):
        said += _segmented([(model.name, scores) for model, scores in compared], tested=part.comparison is not None)
    if unscored := [model.name for model in part.models if model.scores is None]:
        said.append(f"{enumerated(unscored)} {'has' if len(unscored) == 1 else 'have'} no scores yet.")
    return said


def flattered(part: PartArtefacts) -> str:
    """Say that the best of several models owes some of its figure to being chosen by it; empty where none is chosen."""
    scored = sum(model.scores is not None for model in part.models)
    if scored < 2 or (scored < MANY and not part.record.baseline):
        return ""
    told = "the split test, below" if part.record.test else "images that chose nothing, such as a test split"
    return (
        f"Which of {scored} models is best was chosen on these images, and that flatters the figure of the best one: "
        f"its true score is told by {told}."
    )


def no_better(scores: Scores) -> str:
    """Return what says that a model is not shown to be better than one answer to all; empty where it is."""
    if isinstance(scores, SegmentationScores):
        beside = mask_baseline(scores)
        return "" if beside is None or beside.better_by else " ".join(mask_baseline_lines(scores))
    found = baseline(scores)
    return "" if found is None or found.better else " ".join(baseline_lines(scores))


def poor(part: PartArtefacts) -> list[str]:
    """Return a sentence for each model that is not shown to be better than one answer to all."""
    told = [(m.name, no_better(m.scores)) for m in part.models if m.scores is not None]
    return [f"scores of {name}: {said.removesuffix('.')}" for name, said in told if said]


def not_compared(part: PartArtefacts) -> list[str]:
    """Return a sentence for each split on which the part's models could not be compared: why."""
    reasons = part.record.not_compared.items()
    return [f"on {split}, the models are not compared: {reason}" for split, reason in reasons]


def key_figures(part: PartArtefacts) -> list[KeyFigure]:
    """Return the part's key figures."""
    several = {model.name for model in part.evidence.models if model.runs > 1} if part.evidence else set()
    shown = [(m.name, t) for m, s in classifiers(part) for t in _classifier_figures(m.name, s)]
    shown += _segmenter_figures(part)
    return [replace(tile, note=f"first seed; {tile.note}") if name in several else tile for name, tile in shown]


def enumerated(names: Iterable[str]) -> str:
    """Return ``a, b and c``."""
    *head, last = names
    return f"{', '.join(head)} and {last}" if head else last


def _classifier_figures(name: str, scores: ClassificationScores) -> list[KeyFigure]:
    total, ends = counted(len(scores.ids), "image"), share_intervals(scores, members_of(scores))
    right, by_class = f"{count(int(scores.correct.sum()))} of {total}", class_accuracy(scores)
    whole, mean = (interval(*ends[figure]) for figure in ("accuracy", "balanced_accuracy"))
    of = f"mean recall of {counted(int(np.isfinite(by_class).sum()), 'class')}"
    shown = [
        KeyFigure(share(accuracy(scores)), f"accuracy · {name}", noted(whole, right)),
        KeyFigure(share(float(mean_defined(by_class))), f"balanced accuracy · {name}", noted(mean, of)),
    ]
    if top5_says_something(scores):
        shown.append(KeyFigure(share(top_k_accuracy(scores)), f"top-5 accuracy · {name}", f"n = {total}"))
    return [*shown, KeyFigure(score(average_loss(scores)), f"average loss · {name}", f"n = {total}")]


def noted(ends: str, of: str) -> str:
    """Return what stands below a figure: its interval, where it is known, and what it is of."""
    return f"95% interval {ends}; {of}" if if_known(ends) else of


def _segmenter_figures(part: PartArtefacts) -> list[tuple[str, KeyFigure]]:
    compared = [(model.name, mean_iou(s, COUNTED), s) for model, s in segmenters(part)]
    shown = [(name, KeyFigure(score(mean, 3), f"mIoU · {name}", _mean_note(s))) for name, mean, s in compared]
    if len(compared) == 2:
        (first, low, s), (second, high, _) = compared
        same = f"the same {counted(len(s.ids), 'image')}"
        shown.append((second, KeyFigure(signed(high - low, 3), f"mIoU · {second} against {first}", same)))
    return shown


def _mean_note(scores: SegmentationScores) -> str:
    low, high = mask_intervals(scores, COUNTED, members_of(scores))["miou"]
    return noted(between(low, high, 3), f"n = {counted(len(scores.ids), 'image')}")


def top5_says_something(scores: ClassificationScores) -> bool:
    """Return whether the true class may be beyond the best five guesses, and is known to be or not."""
    return len(scores.scheme.classes) > 5 and bool((scores.rank >= 0).any())


def _classified(name: str, scores: ClassificationScores) -> str:
    text = (
        f"{name} classifies {count(int(scores.correct.sum()))} of {counted(len(scores.ids), 'validation image')} right "
        f"({share(accuracy(scores))})"
    )
    if top5_says_something(scores):
        text += f"; the true class is among its five best guesses for {share(top_k_accuracy(scores))}"
    worst = frequent_confusions(confusion_matrix(scores), 2)
    if worst and worst[0][2] > 1:
        true, other, n, total = worst[0]
        names = scores.scheme.names
        tied = [images for _, _, images, _ in worst] == [n, n]
        which = "One of its most frequent mistakes" if tied else "Its most frequent mistake"
        text += f". {which} is {names[other]} where the image shows {names[true]} ({n} of {total})"
    return text + "."


def _segmented(compared: Sequence[tuple[str, SegmentationScores]], tested: bool) -> list[str]:
    images = counted(len(compared[0][1].ids), "validation image")
    # NaN sorts nowhere, so undefined means come last by hand.
    ranked = sorted(compared, key=lambda pair: -np.nan_to_num(mean_iou(pair[1], COUNTED), nan=-1.0))
    (best, scores), *others = ranked
    text = f"{best} reaches mIoU {score(mean_iou(scores, COUNTED), 3)}"
    if others:
        rest = enumerated(f"{score(mean_iou(s, COUNTED), 3)} of {name}" for name, s in others)
        text += f" against {rest}"
    said = [f"{text} on {images}, and labels {share(pixel_accuracy(scores))} of the pixels right."]
    if others and not tested:  # a comparison says it with its uncertainty
        said += _largest_gain(best, scores, *others[0])
    return said


def _largest_gain(best: str, scores: SegmentationScores, other: str, others: SegmentationScores) -> list[str]:
    gain = np.subtract(iou(scores, COUNTED), iou(others, COUNTED))
    if np.isnan(gain).all():
        return []
    names = scores.scheme.names
    top, low = int(np.nanargmax(gain)), int(np.nanargmin(gain))
    if gain[top] <= 0:
        return []
    text = f"Against {other}, {best} gains most on {names[top]} ({signed(gain[top], 3)} IoU)"
    if gain[low] < 0:
        text += f" and falls behind on {names[low]} ({signed(gain[low], 3)})"
    return [text + "."]
