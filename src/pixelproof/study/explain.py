"""Explain the models of a part, as far as its page shows that."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.data import Sample
from pixelproof.data.splits import limit
from pixelproof.errors import Refusal
from pixelproof.evaluation import mean_iou
from pixelproof.prediction import Predictor
from pixelproof.progress import say
from pixelproof.runs import (
    SegmentationScores,
    load_scores,
)
from pixelproof.runs.explanation_folder import ExplanationFolder
from pixelproof.runs.study_file import SPLIT
from pixelproof.study.file import Part
from pixelproof.study.job import Job, first_runs
from pixelproof.study.steps import Steps
from pixelproof.verbs.explain import explain

MASKS = 300
"""Masks of train that a study looks at: each takes as long as predicting it."""


MADE = 3
"""How explanations are made; counted up where the same answers give other figures, so that a study makes them anew."""


def explain_part(part: Part, jobs: Sequence[Job], steps: Steps) -> None:
    """Explain the classifiers of a part that are mapped, or its best segmenter, where that is missing or outdated.

    What was found out about others before goes, for a page shows all that is there. Too few images are no reason to end
    a study. Of folds none is explained: each has a network of its own, which was scored on few of the images.
    """
    mapped = [job for job in jobs if job.embed]
    explained = mapped if part.folds or jobs[0].data.task == "classification" else [_best(jobs)]
    for job in (job for job in jobs if job not in explained):
        ExplanationFolder(job.run.explanation).clear()  # of when it was mapped, or the best
    for job in explained:
        digests = [job.fingerprints[name] for name in ("train", "selection", SPLIT)]
        inputs: list[Any] = [job.answers_from(steps), digests, MADE, *_looked_at(job)]
        target = ExplanationFolder(job.run.explanation)
        if steps.made(f"{job.name}/explanation", inputs, target.suspects, _whole):
            continue
        parts: dict[str, Sequence[Sample]] = dict(job.parts)
        if job.data.task == "segmentation":
            parts["train"] = limit(job.parts["train"], MASKS, job.config.data.split_seed)
        predictor = Predictor.open(job.run, job.config.training.device)
        try:
            findings, _ = explain(predictor, parts, SPLIT, seed=job.config.training.seed)
        except Refusal as refusal:
            say(f"{job.name}: not explained, because {refusal}")
            target.clear()
            continue
        target.save(findings)
        steps.take(f"{job.name}/explanation", inputs)


def _looked_at(job: Job) -> list[list[str]]:
    """Return which labels a person has looked at, as they are doubted no more; nothing where there are none."""
    samples = [sample for own in job.parts.values() for sample in own]
    found = sorted({sample.id for sample in samples if sample.was is not None})
    found += sorted({f"{sample.id} {patch.outline}" for sample in samples for patch in sample.patches})
    return [found] if found else []


def _whole(suspects: Path) -> object:
    """Read every file of an explanation, which is damaged if one of them is."""
    return ExplanationFolder(suspects.parent).read()


def _best(jobs: Sequence[Job]) -> Job:
    """Return the first run of the model with the highest mIoU: the better a model, the better its doubts."""

    def quality(job: Job) -> float:
        scores = load_scores(job.run.scores(SPLIT))
        assert isinstance(scores, SegmentationScores)
        return float(np.nan_to_num(mean_iou(scores, "unknown_counted"), nan=-1.0))

    return max(first_runs(jobs), key=quality)
