"""What must be trained for a study: every run of every model, with data opened and settings checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from pixelproof.config import RunConfig
from pixelproof.data import DataFolder, Sample, arrange, fingerprint, open_data
from pixelproof.data.splits import note_doubts
from pixelproof.errors import UserError
from pixelproof.models import packages_of, plain_name
from pixelproof.runs import Run
from pixelproof.runs.claims import refuse_metric
from pixelproof.runs.metric_names import known_metric
from pixelproof.runs.study_file import SPLIT, TEST
from pixelproof.study.candidates import called
from pixelproof.study.file import Part, StudyFile, run_config
from pixelproof.study.job import Job
from pixelproof.study.line_ups import joined, line_ups
from pixelproof.study.refusals import refuse_part
from pixelproof.study.replicates import Replicate
from pixelproof.study.sizes import sized, with_all
from pixelproof.training.settings import normalised, settle
from pixelproof.verbs.fit import start as built

OF_STUDY = "study:"
"""Before ``PART/MODEL`` in the setting ``weights``: start from what another model of the study has learned."""
Place = tuple[str, str, int]
"""Where a choice is made: the part, the model, and the place of the fold."""


@dataclass(frozen=True)
class Opened:
    """What has been read of a study's data, which planning it again need not read."""

    folders: dict[str, DataFolder] = field(default_factory=dict)
    """The data of each part."""
    digest: Callable[[tuple[Sample, ...]], str] = field(default_factory=lambda: cache(fingerprint))
    """Most runs of a part see the same images, and reading them takes seconds."""


def plan(
    study: StudyFile,
    data: Path,
    out: Path,
    overrides: Sequence[str] = (),
    decided: Mapping[Place, str] | None = None,
    opened: Opened | None = None,
) -> dict[str, list[Job]]:
    """Return the jobs of each part of a study; those of a model stand together, in the order of its seeds and folds.

    Of a model that is to be chosen these are the jobs of all candidates; what needs it is planned with any of them.

    Args:
        study: The study.
        data: Folder that the parts' data folders are relative to.
        out: The study's folder.
        overrides: Settings as in ``--set``.
        decided: The candidate that is chosen, where one is.
        opened: What has been read of the data.

    Raises:
        UserError: Data, settings or models are refused.
    """
    jobs: dict[str, list[Job]] = {}
    decided, opened = decided or {}, opened or Opened()
    for part, entry in study.parts.items():
        if first := part not in opened.folders:
            opened.folders[part] = _opened(entry, part, data)
        folder, jobs[part] = opened.folders[part], []
        for model, own, candidate in _runs(entry, part, decided):
            config = run_config(study, part, model, folder.task, tuple(overrides), own, candidate)
            every = [*line_ups(entry, model, jobs[part], own)]
            joint = [joined(part, model, members, config) for members in every if members]
            members, config = every[0], joint[0] if joint else normalised(config)
            start = _start(study, part, model, config, jobs, own)
            if own.size is not None:
                config = sized(config, folder, entry.equal, with_all(jobs[part], model, own))
            run = Run(out / part / f"{called(model, candidate)}{own.suffix}")
            job = _job(model, folder, config, run, own, members, start, opened.digest)
            job = replace(job, tested=job.parts[TEST] if entry.test else ())
            job = replace(job, candidate=candidate, open=bool(candidate) and (part, model, own.fold) not in decided)
            jobs[part].append(replace(job, shown=_shown(entry, job), embed=model in entry.embed and own.first))
        refuse_part(part, entry, jobs[part])
        # What fewer images bring is found out of the chosen one alone; any stood for it, to be refused in time.
        jobs[part] = [job for job in jobs[part] if not job.open or job.replicate.size is None]
        if first:
            note_doubts(folder, jobs[part][0].config.data)
    return jobs


def _runs(entry: Part, part: str, decided: Mapping[Place, str]) -> Iterator[tuple[str, Replicate, str]]:
    """Yield the model, what it has of its own, and the candidate of each run of a part."""
    for model, listed in entry.trained.items():
        for own in entry.replicates(model):
            chosen = decided.get((part, model, own.fold))
            candidates = [*listed.candidates] if chosen is None else [chosen]
            for candidate in candidates if own.size is None else candidates[:1]:
                yield model, own, candidate


def in_order(jobs: Mapping[str, Sequence[Job]]) -> list[Job]:
    """Return all jobs in the order to train them: each model's first seed, fold by fold, then the second, and so on.

    So a study that is stopped early has something to say of every model. Ensembles come after all their members, and
    runs that learn from fewer images after all that learn from all.
    """
    every = (job for group in jobs.values() for job in group)
    return sorted(every, key=lambda job: (_turn(job), job.replicate.seed, job.replicate.fold))


def _turn(job: Job) -> int:
    return 2 if job.replicate.size is not None else int(bool(job.members))


def starting(job: Job) -> RunConfig:
    """Return a job's settings with the path of the weights that it starts from."""
    if job.start is None:
        return job.config
    # A network without batch norm takes the weights of one with it as they are when folded.
    folded = plain_name(job.config.model.name) == job.config.model.name and job.start.run.plain.is_file()
    return _with_weights(job.config, str(job.start.run.plain if folded else job.start.run.best))


def _opened(entry: Part, part: str, data: Path) -> DataFolder:
    folder = open_data(data / entry.data)
    if entry.folds and SPLIT in folder.splits:
        problem = f"part '{part}': 'folds' take {SPLIT} out of train, and {folder.root} brings its own"
        raise UserError(problem, "leave 'folds' out, or put all images into one folder")
    if entry.test and TEST not in folder.splits:
        problem = f"part '{part}' asks for 'test', and {folder.root} has no split of that name"
        raise UserError(problem, f"put images that nothing is chosen by into a folder '{TEST}', or leave 'test' out")
    wrong = entry.embed if folder.task == "segmentation" else entry.show
    if wrong:
        what = "'embed' is for classification" if folder.task == "segmentation" else "'show' is for segmentation"
        raise UserError(f"part '{part}': {what}, and {folder.root} is for {folder.task}", "remove it from the study")
    where = "'metric'"
    try:
        known_metric(entry.metric, folder.scheme)
        for claim in entry.claims:
            where = f"the claim '{claim.id}'"
            for test in claim.tests:
                refuse_metric(test.metric, folder.scheme)
    except UserError as error:
        problem = f"part '{part}': {where} does not fit {folder.root}: {error.problem}"
        raise UserError(problem, error.remedy) from None
    return folder


def _job(
    model: str,
    folder: DataFolder,
    config: RunConfig,
    run: Run,
    replicate: Replicate,
    members: tuple[Job, ...],
    start: Job | None,
    digest: Callable[[tuple[Sample, ...]], str],
) -> Job:
    """Return the job of a model's run, without what is shown of it."""
    parts = arrange(folder, config.data)
    settled = config
    if not members:
        # Refuses a wrong model before another is trained for hours; weights of another run come later.
        settled = settle(config if start is None else _with_weights(config, "none"), folder, parts["train"])
        if replicate.first and packages_of(config.model):  # which has to be built to be known
            built(settled, folder, begun=True)
    fingerprints = {name: digest(samples) for name, samples in parts.items()}
    name = f"{run.path.parent.name}/{run.path.name}"
    return Job(name, model, folder, config, settled, run, parts, fingerprints, replicate, start, members)


def _shown(entry: Part, job: Job) -> tuple[Sample, ...]:
    """Return the images whose masks are shown of a run: of the first seed, each by its fold.

    The others are there for their scores.
    """
    by_id = {sample.id: sample for sample in job.on_show}
    first = not job.replicate.seed and job.replicate.size is None
    return tuple(by_id[i] for i in entry.show if i in by_id) if first else ()


def _start(
    study: StudyFile, part: str, model: str, config: RunConfig, planned: Mapping[str, Sequence[Job]], own: Replicate
) -> Job | None:
    """Return the run that a run starts from: that of its fold, with the same place among seeds or the last one."""
    if not config.model.weights.startswith(OF_STUDY):
        return None
    name, other = f"{part}/{model}", config.model.weights.removeprefix(OF_STUDY)
    where, _, which = other.partition("/")
    found = [job for job in planned.get(where, ()) if job.model == which]
    if found and found[0].members:
        raise UserError(f"'{name}' starts from '{other}', which is an ensemble", "start from one of its members")
    if not found or other == name:
        raise UserError(
            f"'{name}' starts from '{other}', which is not a model that stands before it in the study",
            f"write 'weights: {OF_STUDY}PART/MODEL' with one that does",
        )
    folds, theirs = study.parts[part].folds, study.parts[where].folds
    if theirs not in (None, folds):
        problem = f"'{name}' starts from '{other}', which is trained in {theirs} folds, and it is not"
        raise UserError(problem, f"give its part 'folds: {theirs}', or start from a model without folds")
    alike = [job for job in found if not theirs or job.replicate.fold == own.fold]
    fewer = [job for job in alike if job.replicate.size == own.size] if where == part else []
    alike = fewer or [job for job in alike if job.replicate.size is None]
    alike = [job for job in alike if job.candidate == alike[0].candidate]  # any stands for one that is to be chosen
    return alike[min(own.seed, len(alike) - 1)]


def _with_weights(config: RunConfig, weights: str) -> RunConfig:
    return config.changed("model", weights=weights)
