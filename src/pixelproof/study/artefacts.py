"""What a study reads off a trained model: its scores, masks to show and a map of its features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pixelproof.config import ModelConfig
from pixelproof.data import Sample, fingerprint
from pixelproof.errors import UserError
from pixelproof.explanation.embed import embed
from pixelproof.explanation.segmenter import show
from pixelproof.prediction import Predictor
from pixelproof.prediction.views import described
from pixelproof.runs import (
    Run,
    Scores,
    load_features,
    load_scores,
    load_shown,
    load_thumbnails,
    save_features,
    save_shown,
    save_thumbnails,
)
from pixelproof.runs.features import VERSION as FEATURES_VERSION
from pixelproof.runs.outdated import outdated
from pixelproof.runs.scores import VERSION as SCORES_VERSION
from pixelproof.runs.study_file import SPLIT
from pixelproof.study.job import Job
from pixelproof.study.steps import Reader, Steps
from pixelproof.verbs.scoring import score_run, source_of


@dataclass(frozen=True)
class _Artefact:
    """What is read off a trained model: where it lies, what decides it besides, and how it is made."""

    step: str
    path: Path
    reader: Reader
    inputs: Any
    make: Callable[[Predictor], None]


def inspect(job: Job, steps: Steps) -> None:
    """Make the artefacts that are read off a trained model, where they are missing or older than it."""
    _make(_artefacts(job, job.answers_from(steps)), job, steps)


def score_on(job: Job, split: str, samples: Sequence[Sample], steps: Steps) -> None:
    """Score a trained model on the images of a split, where that is missing or older than it."""
    _make([_scores(job, split, samples, job.answers_from(steps))], job, steps)


def scoring(job: Job, split: str) -> str:
    """Return what scoring a run on a split is called in ``steps.json``."""
    return f"{job.name}/scores" if split == SPLIT else f"{job.name}/scores/{split}"


def _make(artefacts: Iterable[_Artefact], job: Job, steps: Steps) -> None:
    predictor: Predictor | None = None
    for artefact in artefacts:
        if not steps.made(artefact.step, artefact.inputs, artefact.path, artefact.reader):
            predictor = predictor or Predictor.open(job.run, job.config.training.device)
            artefact.make(predictor)
            steps.take(artefact.step, artefact.inputs)


def own_scores(fingerprint: str, model: ModelConfig, run: Run) -> Reader:
    """Return a reader of a study's scores, which refuses those that another command has put in their place.

    Args:
        fingerprint: That of the study's images.
        model: The settings that say how the network looks at them.
        run: The run whose weights have been scored, where the scores say which those are.
    """
    looks = described(model.tta, model.tta_scales)

    def read(path: Path) -> Scores:
        scores = load_scores(path)
        if scores.source.fingerprint != fingerprint or scores.source.looks not in ("", looks):
            raise UserError(f"{path} was scored on other images, or by other looks, than the study's", "score it again")
        if outdated(run, scores):
            raise UserError(f"{path} is of other weights than {run.path} has now", "score it again")
        return scores

    return read


def _artefacts(job: Job, answers: list[Any]) -> Iterator[_Artefact]:
    run, samples = job.run, job.parts[SPLIT]

    def place(predictor: Predictor) -> None:
        features, thumbnails = embed(predictor, samples, job.config.training.seed)
        save_thumbnails(run.thumbnails(SPLIT), thumbnails)
        save_features(run.features(SPLIT), features)

    yield _scores(job, SPLIT, samples, answers)
    for sample in job.shown:
        path, inputs = run.shown(sample.id), [answers, fingerprint([sample])]
        yield _Artefact(f"{job.name}/shown/{sample.id}", path, load_shown, inputs, partial(_show, path, sample))
    if job.embed:
        yield _Artefact(f"{job.name}/features", run.features(SPLIT), _load_map(run), [answers, FEATURES_VERSION], place)


def _scores(job: Job, split: str, samples: Sequence[Sample], answers: list[Any]) -> _Artefact:
    run, fingerprint = job.run, job.fingerprints[split]

    def score(predictor: Predictor) -> None:
        score_run(run, predictor, samples, source_of(run, split, samples, fingerprint), overwrite=True)

    together = [sample.scene for sample in samples] if any(sample.group for sample in samples) else None
    # An older version counted less.
    counted = [*answers, fingerprint, SCORES_VERSION, *([together] if together else [])]
    own = own_scores(fingerprint, job.config.model, run)
    return _Artefact(scoring(job, split), run.scores(split), own, counted, score)


def _show(path: Path, sample: Sample, predictor: Predictor) -> None:
    save_shown(path, show(predictor, sample))


def _load_map(run: Run) -> Reader:
    return lambda path: (load_features(path), load_thumbnails(run.thumbnails(SPLIT)))
