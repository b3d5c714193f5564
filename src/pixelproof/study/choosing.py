"""Choose the candidate that a model of a study is, by the selection part of train, and never by validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pixelproof.comparison.choice import choose
from pixelproof.comparison.wording.words import metric_name
from pixelproof.errors import UserError
from pixelproof.numbers import counted
from pixelproof.progress import say
from pixelproof.runs.choice_record import Candidate, ChoiceRecord
from pixelproof.runs.metric_names import told
from pixelproof.study.file import Part
from pixelproof.study.job import Job
from pixelproof.study.perform import diverged
from pixelproof.study.plan import Place
from pixelproof.study.steps import Steps

Choices = dict[Place, ChoiceRecord]


def choices_to_make(planned: Mapping[str, Sequence[Job]]) -> dict[Place, list[Job]]:
    """Return the jobs of all candidates of each choice that can be made: none of them waits for another one."""
    found: dict[Place, list[Job]] = {}
    for part, jobs in planned.items():
        for job in (job for job in jobs if job.open):
            found.setdefault((part, job.model, job.replicate.fold), []).append(job)
    return {place: jobs for place, jobs in found.items() if not any(job.waits for job in jobs)}


def choose_among(place: Place, jobs: Sequence[Job], entry: Part, out: Path, steps: Steps) -> ChoiceRecord:
    """Return which candidate is the model at a place, whose runs are all scored on the selection part, and say so.

    With several seeds the mean over them decides: a setting is looked for, and not the luck of a run. A candidate of
    which any training diverged is not chosen.

    Raises:
        UserError: All of them diverged.
    """
    _, model, fold = place
    listed = entry.trained[model]
    lost = {job.candidate for job in jobs if diverged(job, steps)}
    if lost >= set(listed.choose):
        problem = f"the training of every candidate of '{model}' diverged"
        raise UserError(problem, "let it choose among lower learning rates, or give a longer warmup")
    bare = [
        Candidate(name=name, settings=each.differs_from(listed), runs=_runs(jobs, name, out), diverged=name in lost)
        for name, each in listed.choose.items()
    ]
    choice = choose(out, bare, entry.metric, fold + 1 if entry.folds else None)
    say(f"{jobs[0].run.path.parent.name}/{model}: {_said(choice)}")
    return choice


def chosen(choices: Choices) -> dict[Place, str]:
    """Return the name of the chosen candidate at each place."""
    return {place: choice.chosen for place, choice in choices.items()}


def _runs(jobs: Sequence[Job], candidate: str, out: Path) -> tuple[str, ...]:
    """Return the run of a candidate with each seed, relative to the study's folder."""
    return tuple(job.run.path.relative_to(out).as_posix() for job in jobs if job.candidate == candidate)


def _said(choice: ChoiceRecord) -> str:
    best, others = choice.best, choice.open
    value = told(choice.metric, best.score)
    where = f" in fold {choice.fold}" if choice.fold else ""
    alike = f"; {counted(len(others), 'other')} cannot be told from it there" if others else ""
    metric, images = metric_name(choice.metric, "en"), counted(choice.images, "image")
    what = f"an undefined {metric}" if best.score is None else f"{metric} {value}"
    among = f"is chosen{where} among {len(choice.candidates)}"
    return f"{choice.chosen} {among}, with {what} on the {images} of the selection part{alike}"
