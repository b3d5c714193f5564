"""What a score file says in sentences, the same in the terminal and on pages."""

from __future__ import annotations

import math

from pixelproof.evaluation.calibration import ONE_LOOK
from pixelproof.evaluation.metrics import average_loss
from pixelproof.evaluation.selective import Promise, learned_from, promises
from pixelproof.evaluation.units import noun_of
from pixelproof.numbers import counted, score, share
from pixelproof.runs import ClassificationScores, Scores, SegmentationScores
from pixelproof.runs.learned import LEARNED

ONE_OF_EACH = "What is promised counts groups, by one image of each, as images of one are alike."


def study_line(scores: ClassificationScores) -> str:
    """Return the line in which the reference study reports a classifier."""
    correct, total = int(scores.correct.sum()), len(scores.ids)
    return f"Average loss: {average_loss(scores):.4f}, Accuracy: {correct}/{total} ({share(correct / total, 0)})"


def learned_line(scores: Scores) -> str:
    """Return how many of the images the model has learned from; empty where none, or it is not known, or asked for."""
    source, images = scores.source, len(scores.ids)
    if source.learned == "" or (source.split in LEARNED and source.learned == str(images)):
        return ""
    if not source.learned.isdecimal():
        return "some of these images were learned from by this run: they flatter its figures"
    by = f"this run, or by {source.learned_by}, whose weights it began with" if source.learned_by else "this run"
    return f"{int(source.learned):,} of {counted(images, 'image')} were learned from by {by}: they flatter its figures"


def corrected_line(scores: Scores) -> str:
    """Return how many of the images have corrected labels or masks; empty where none has, or it is not known."""
    if not scores.source.images_corrected:
        return ""
    what = "label"
    if isinstance(scores, SegmentationScores):
        what = f"mask ({counted(scores.source.pixels_corrected, 'pixel')})"
    some = f"{scores.source.images_corrected:,} of {counted(len(scores.ids), 'image')} have a corrected {what}"
    return f"{some}: where a model's doubts chose which were looked at, that model is flattered beside others"


def stress_line(scores: Scores) -> str:
    """Return what was done to the images before the model saw them; empty where nothing."""
    done = scores.source.stress
    return f"these images were stressed before they were scored ({done}): real ones differ from them" if done else ""


def promise_lines(scores: Scores) -> list[str]:
    """Return what is promised of a classifier's answers, or why nothing is; nothing to say without confidences."""
    if scores.calibration is None or isinstance(scores, SegmentationScores):
        return []
    if learned_from(scores):
        return ["Nothing is promised where the model has learned from any of the images, or was chosen by any."]
    made = promises(scores)
    if made is None:
        return ["Nothing is promised: older scores hide at which temperature looks were averaged; evaluate again."]
    rows, groups = len(scores.ids), scores.groups
    why = f"{counted(rows, noun_of(scores))} {_few(rows)}" if groups is None else _groups(len(set(groups.tolist())))
    alike = "" if scores.groups is None else ", each group counting alike"
    return [promise_line(promise, why, alike) for promise in made]


def _groups(trials: int) -> str:
    return f"{counted(trials, 'group')}, of which one image counts, {_few(trials)}"


def _few(trials: int) -> str:
    return "is too few" if trials == 1 else "are too few, or too many of them wrong"


def promise_line(promise: Promise, why: str, alike: str = "") -> str:
    """Return what is promised of a classifier's answers, or ``why`` nothing is."""
    goal = f"at least {share(promise.goal, 0)} right"
    if math.isnan(promise.confidence):
        return f"{goal.capitalize()} is not promised: {why}."
    which = f"answers from {score(promise.confidence, 5)} on, {share(promise.share)} of them"
    return f"{goal.capitalize()}{alike}, with 95% certainty: {'all answers' if promise.share == 1 else which}."


def looks_line(scores: Scores) -> str:
    """Return of what probabilities are the mean, and for which looks at an image they hold; empty where unknown."""
    said = [_looks(scores.source.looks)] if scores.source.looks else []
    if noun_of(scores) != "image":
        said.append("Each answer is that for a group of images, by the mean of their probabilities.")
    return " ".join(said)


def _looks(looks: str) -> str:
    if looks == ONE_LOOK:
        return (
            "Each image was looked at once: what is said of probabilities holds for predict without --tta and --scales."
        )
    symmetries, sizes = looks.split(" x ")
    parts = [f"{symmetries} flips and turns"] * (symmetries != "1") + [f"the sizes {sizes}"] * (sizes != "1")
    over = " and ".join(parts)
    return (
        f"Each probability is the mean over {over} of an image: it holds for predict with the same --tta and --scales."
    )
