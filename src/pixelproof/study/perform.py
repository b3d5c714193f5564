"""Perform a job of a study: train its model, or go on with it, and read off it what the study shows."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pixelproof.config import ModelConfig, apply_overrides, run_settings
from pixelproof.data import Sample, fingerprint
from pixelproof.errors import UserError
from pixelproof.explanation.embed import embed
from pixelproof.explanation.segmenter import show
from pixelproof.prediction import Predictor
from pixelproof.prediction.views import described
from pixelproof.progress import say
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
from pixelproof.runs.files import file_digest
from pixelproof.runs.folder import is_only_begun
from pixelproof.runs.labels_file import labels_to_yaml
from pixelproof.runs.locks import alone_in
from pixelproof.runs.outdated import outdated
from pixelproof.runs.scores import VERSION as SCORES_VERSION
from pixelproof.runs.study_file import SPLIT
from pixelproof.study.job import Job
from pixelproof.study.plan import starting
from pixelproof.study.steps import Reader, Steps
from pixelproof.verbs.ensemble import ensemble
from pixelproof.verbs.finish import describe_network
from pixelproof.verbs.scoring import score_run, source_of
from pixelproof.verbs.settings import weights_file
from pixelproof.verbs.train import train


def perform(job: Job, steps: Steps, out: Path, processes: int = 1) -> None:
    """Do whatever of a job is missing or changed.

    Args:
        job: The job.
        steps: What has been done for the study.
        out: The study's folder.
        processes: How many train the model together, on a GPU each.

    Raises:
        UserError: A file cannot be read, or training diverged.
    """
    _train(job, steps, out, processes)
    _look(job, steps)
    describe_network(job.run, run_settings(job.run), len(job.data.scheme.classes))
    inspect(job, steps)


def _begun(job: Job, steps: Steps) -> bool:
    same = steps.same(f"{job.name}/train", _train_inputs(job))
    return Run.lies_in(job.run.path) and same and not _replaced(job)


def _replaced(job: Job) -> bool:
    """Return whether another command has trained in a job's folder, on other data or with other settings.

    Only what the data does not settle is looked at: of a run's size of images and crops the study may say nothing.
    """
    own, asked = run_settings(job.run).handled_as(job.config), job.config
    if job.run.facts().data.fingerprint.get("train") != job.fingerprints["train"] or own.training != asked.training:
        return True
    return any(
        getattr(own.model, name) != getattr(asked.model, name) for name in ("name", "width", "bands", "downsample")
    )


def trained(job: Job, steps: Steps) -> bool:
    """Return whether a job's model has been trained as the study says now."""
    return _begun(job, steps) and job.run.facts().finished and _has_its_members(job)


def _has_its_members(job: Job) -> bool:
    """Return whether an ensemble consists of its members as they are now; one without members does."""
    weights = [member.run.best for member in job.members]
    kept = [member.weights for member in job.run.facts().members]
    return all(map(Path.is_file, weights)) and kept == [file_digest(path) for path in weights]


def _train_inputs(job: Job) -> list[Any]:
    digests = [job.data.scheme.hash, job.fingerprints["train"], job.fingerprints["selection"]]
    if job.members:
        return [_train_inputs(member) for member in job.members]
    if job.start is not None:
        return [job.config.learned_from(), *digests, *_train_inputs(job.start)]
    weights = weights_file(job.config.model)
    return [job.config.learned_from(), *digests, *([file_digest(weights)] if weights else [])]


def _train(job: Job, steps: Steps, out: Path, processes: int) -> None:
    """Train a job's model, go on with it, or leave it as it is."""
    if trained(job, steps):
        say(f"{job.name}: trained already")
        return
    begun = _begun(job, steps) and not job.members  # an ensemble is made at once, and not gone on with
    # What was cut off before it was a run is no afternoon's training, and is begun again where it is.
    stub = is_only_begun(job.run.path, labels_to_yaml(job.data.scheme))
    if not begun and job.run.path.exists() and not stub:
        _set_aside(job.run.path, out / "previous")
    if begun:
        job.run.save_config(run_settings(job.run).handled_as(job.config).model_dump(mode="json"))
    steps.take(f"{job.name}/train", _train_inputs(job))
    if job.members:
        members, device = [member.run for member in job.members], job.config.training.device
        ensemble(members, job.data, job.run.path, job.config.model.looks, device)
    else:
        train(job.data, starting(job), job.run.path, resume=begun, processes=processes)


def _look(job: Job, steps: Steps) -> None:
    """Let a run be asked as the study says now; that changes its answers and not what it has learned."""
    config = run_settings(job.run)
    if config.model.looks != job.config.model.looks:
        if job.run.scores(SPLIT).is_file():
            say(f"{job.name}: tta or tta_scales changed, so it is scored anew")
        # Before anything else, so that no answer from before is taken for one of now, wherever this is killed.
        steps.forget(job.name)
        for pictures in (job.run.explanation, job.run.shown("any").parent):
            shutil.rmtree(pictures, ignore_errors=True)
        job.run.save_config(apply_overrides(config, job.config.model.looks).model_dump(mode="json"))


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
    predictor: Predictor | None = None
    for artefact in _artefacts(job, job.answers_from(steps)):
        step = f"{job.name}/{artefact.step}"
        if not steps.made(step, artefact.inputs, artefact.path, artefact.reader):
            predictor = predictor or Predictor.open(job.run, job.config.training.device)
            artefact.make(predictor)
            steps.take(step, artefact.inputs)


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
    run, samples, fingerprints = job.run, job.parts[SPLIT], job.fingerprints

    def score(predictor: Predictor) -> None:
        score_run(run, predictor, samples, source_of(run, SPLIT, samples, fingerprints[SPLIT]), overwrite=True)

    def place(predictor: Predictor) -> None:
        features, thumbnails = embed(predictor, samples, job.config.training.seed)
        save_thumbnails(run.thumbnails(SPLIT), thumbnails)
        save_features(run.features(SPLIT), features)

    together = [sample.scene for sample in samples] if any(sample.group for sample in samples) else None
    # An older version counted less.
    counted = [*answers, fingerprints[SPLIT], SCORES_VERSION, *([together] if together else [])]
    own = own_scores(fingerprints[SPLIT], job.config.model, run)
    yield _Artefact("scores", run.scores(SPLIT), own, counted, score)
    for sample in job.shown:
        path, inputs = run.shown(sample.id), [answers, fingerprint([sample])]
        yield _Artefact(f"shown/{sample.id}", path, load_shown, inputs, partial(_show, path, sample))
    if job.embed:
        yield _Artefact("features", run.features(SPLIT), _load_map(run), [answers, FEATURES_VERSION], place)


def _show(path: Path, sample: Sample, predictor: Predictor) -> None:
    save_shown(path, show(predictor, sample))


def _load_map(run: Run) -> Reader:
    return lambda path: (load_features(path), load_thumbnails(run.thumbnails(SPLIT)))


def _set_aside(folder: Path, previous: Path) -> None:
    """Move a run of other settings out of the way; an afternoon's training is never deleted."""
    number = 1
    while (target := previous / f"{folder.parent.name}-{folder.name}-{number}").exists():
        number += 1
    previous.mkdir(parents=True, exist_ok=True)
    with alone_in(Run(folder).last.parent):  # what another process trains is not moved
        folder.rename(target)
    say(f"settings or data changed: the earlier run is now {target}")
