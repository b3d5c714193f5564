"""Perform a job of a study: train its model, or go on with it, and let what the study shows be read off it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pixelproof.config import apply_overrides, run_settings
from pixelproof.errors import Diverged
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.runs.choice_record import SELECTION
from pixelproof.runs.files import file_digest
from pixelproof.runs.folder import is_only_begun
from pixelproof.runs.labels_file import labels_to_yaml
from pixelproof.runs.locks import alone_in
from pixelproof.runs.study_file import SPLIT
from pixelproof.study.artefacts import inspect, score_on
from pixelproof.study.job import Job
from pixelproof.study.plan import starting
from pixelproof.study.steps import Steps
from pixelproof.verbs.ensemble import ensemble
from pixelproof.verbs.finish import describe_network
from pixelproof.verbs.train import train

DIVERGED = "diverged"
"""The step of a candidate that is taken in place of its scoring where its training diverges."""


def perform(job: Job, steps: Steps, out: Path, processes: int = 1) -> None:
    """Do whatever of a job is missing or changed.

    Args:
        job: The job.
        steps: What has been done for the study.
        out: The study's folder.
        processes: How many train the model together, on a GPU each.

    Raises:
        UserError: A file cannot be read, or training diverged, unless it is that of a candidate.
    """
    if job.open:
        _try(job, steps, out, processes)
    else:
        _train(job, steps, out, processes)
    if diverged(job, steps):
        return
    _look(job, steps)
    describe_network(job.run, run_settings(job.run), len(job.data.scheme.classes))
    if job.candidate:
        score_on(job, SELECTION, job.parts[SELECTION], steps)
    if not job.open:
        inspect(job, steps)


def diverged(job: Job, steps: Steps) -> bool:
    """Return whether a candidate's training, as the study says it now, came to numbers that are not finite."""
    return bool(job.candidate) and steps.same(f"{job.name}/{DIVERGED}", _train_inputs(job))


def _try(job: Job, steps: Steps, out: Path, processes: int) -> None:
    """Train a candidate; where that diverges, the others are still there to be chosen."""
    if diverged(job, steps):
        say(f"{job.name}: its training has diverged, so it is not chosen")
        return
    try:
        _train(job, steps, out, processes)
    except Diverged as error:
        say(f"{job.name}: {error.problem}, so it is not chosen")
        steps.take(f"{job.name}/{DIVERGED}", _train_inputs(job))


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
    weights = job.config.model.weights_file
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


def _set_aside(folder: Path, previous: Path) -> None:
    """Move a run of other settings out of the way; an afternoon's training is never deleted."""
    number = 1
    while (target := previous / f"{folder.parent.name}-{folder.name}-{number}").exists():
        number += 1
    previous.mkdir(parents=True, exist_ok=True)
    with alone_in(Run(folder).last.parent):  # what another process trains is not moved
        folder.rename(target)
    say(f"settings or data changed: the earlier run is now {target}")
