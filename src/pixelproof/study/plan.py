"""What must be trained for a study: every run of every model, with data opened and settings checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from pixelproof.config import RunConfig
from pixelproof.data import DataFolder, Sample, arrange, fingerprint, open_data
from pixelproof.data.splits import note_unscored
from pixelproof.errors import UserError
from pixelproof.explanation.projection import FEWEST
from pixelproof.models import packages_of, plain_name
from pixelproof.numbers import counted
from pixelproof.runs import Run
from pixelproof.runs.claims import METRICS_OF
from pixelproof.runs.study_file import SPLIT
from pixelproof.schema import nearest
from pixelproof.study.file import Part, StudyFile, run_config
from pixelproof.study.job import Job
from pixelproof.verbs.ensemble import joint_settings
from pixelproof.verbs.fit import start as built
from pixelproof.verbs.settings import normalised, settle

OF_STUDY = "study:"
"""Before ``PART/MODEL`` in the setting ``weights``: start from what another model of the study has learned."""


def plan(study: StudyFile, data: Path, out: Path, overrides: Sequence[str] = ()) -> dict[str, list[Job]]:
    """Return the jobs of each part of a study; those of a model stand together, in the order of its seeds.

    Raises:
        UserError: Data, settings or models are refused.
    """
    jobs: dict[str, list[Job]] = {}
    digest = cache(fingerprint)  # most runs of a part see the same images, and reading them takes seconds
    for part, entry in study.parts.items():
        folder = _opened(entry, part, data)
        jobs[part] = []
        for model, listed in entry.trained.items():
            members = tuple(job for job in jobs[part] if job.model in listed.members)
            for replicate, seed in enumerate(entry.seeds_of(model)):
                config = run_config(study, part, model, folder.task, tuple(overrides), seed)
                config = _joined(part, model, members, config) if listed.members else normalised(config)
                start = _start(f"{part}/{model}", config, jobs, replicate)
                job = _job(entry, out / part / model, folder, config, replicate, start, digest)
                jobs[part].append(replace(job, members=members))
        _refuse_one_folder(jobs[part])
        _refuse_other_images(part, jobs[part])
        _refuse_same_images(part, jobs[part])
        note_unscored(folder, jobs[part][0].config.data)
    return jobs


def in_order(jobs: Mapping[str, Sequence[Job]]) -> list[Job]:
    """Return all jobs in the order to train them: each model's first seed, then the second ones, and so on.

    So a study that is stopped early has something to say of every model. Ensembles come after all their members.
    """
    every = (job for group in jobs.values() for job in group)
    return sorted(every, key=lambda job: (bool(job.members), job.replicate))


def starting(job: Job) -> RunConfig:
    """Return a job's settings with the path of the weights that it starts from."""
    if job.start is None:
        return job.config
    # A network without batch norm takes the weights of one with it as they are when folded.
    folded = plain_name(job.config.model.name) == job.config.model.name and job.start.run.plain.is_file()
    return _with_weights(job.config, str(job.start.run.plain if folded else job.start.run.best))


def _joined(part: str, model: str, members: Sequence[Job], config: RunConfig) -> RunConfig:
    """Return the settings of an ensemble; those of ``config`` say how it looks at images."""
    try:
        return joint_settings({job.name: (job.settled, job.fingerprints) for job in members}, config.model.looks)
    except UserError as error:
        raise UserError(f"'{part}/{model}': {error.problem}", error.remedy) from None


def _opened(entry: Part, part: str, data: Path) -> DataFolder:
    folder = open_data(data / entry.data)
    wrong = entry.embed if folder.task == "segmentation" else entry.show
    if wrong:
        what = "'embed' is for classification" if folder.task == "segmentation" else "'show' is for segmentation"
        raise UserError(f"part '{part}': {what}, and {folder.root} is for {folder.task}", "remove it from the study")
    known = METRICS_OF[folder.task]
    for claim in entry.claims:
        for metric in (test.metric for test in claim.tests if test.metric not in known):
            problem = f"part '{part}': the claim '{claim.id}' tests '{metric}', and {folder.root} is for {folder.task}"
            raise UserError(problem, f"choose its 'metric' from {', '.join(known)}")
    return folder


def _job(
    entry: Part,
    path: Path,
    folder: DataFolder,
    config: RunConfig,
    replicate: int,
    start: Job | None,
    digest: Callable[[tuple[Sample, ...]], str],
) -> Job:
    """Return the job of a model's run; ``path`` is the folder of its first one."""
    part, model = path.parent.name, path.name
    parts = arrange(folder, config.data)
    settled = config
    if not config.model.members:
        # Refuses a wrong model before another is trained for hours; weights of another run come later.
        settled = settle(config if start is None else _with_weights(config, "none"), folder, parts["train"])
        if not replicate and packages_of(config.model):  # which has to be built to be known
            built(settled, folder, begun=True)
    by_id = {sample.id: sample for sample in folder.splits.get(SPLIT, parts[SPLIT])}
    if strange := next((sample for sample in parts[SPLIT] if "\\" in sample.id), None):
        raise UserError(f"the name of {strange.image} has a backslash, which a study cannot record", "rename it")
    for sample_id in entry.show:
        if sample_id not in by_id:
            remedy = nearest(sample_id, list(by_id))
            raise UserError(f"part '{part}' shows image '{sample_id}', which {SPLIT} does not hold", remedy)
    embed = model in entry.embed and not replicate
    if embed and len(parts[SPLIT]) < FEWEST:
        raise UserError(
            f"part '{part}' embeds {counted(len(parts[SPLIT]), 'image')} of {SPLIT}, and a map needs at least {FEWEST}",
            "add images or remove 'embed' from the study",
        )
    run = Run(path.with_name(f"{model}.seed-{config.training.seed}") if replicate else path)
    return Job(
        name=f"{part}/{run.path.name}",
        model=model,
        data=folder,
        config=config,
        settled=settled,
        run=run,
        parts=parts,
        # Pictures are of the first seed's run; the others are there for their scores.
        shown=() if replicate else tuple(by_id[sample_id] for sample_id in entry.show),
        embed=embed,
        fingerprints={name: digest(samples) for name, samples in parts.items()},
        replicate=replicate,
        start=start,
    )


def _refuse_one_folder(jobs: Sequence[Job]) -> None:
    """Refuse a model that is called as the run of another one with another seed."""
    models: dict[Path, str] = {}
    for job in jobs:
        if (other := models.setdefault(job.run.path, job.model)) != job.model:
            raise UserError(f"the models '{other}' and '{job.model}' would share the run {job.name}", "rename one")


def _refuse_same_images(part: str, jobs: Sequence[Job]) -> None:
    """Refuse numbers of images to learn from that come to the same images, and so would be measured as no effect."""
    learned: dict[tuple[int, str], Job] = {}
    for job in jobs:
        other = learned.setdefault((job.replicate, job.fingerprints["train"]), job)
        if other.config.data.train_limit != job.config.data.train_limit:
            images = counted(len(job.parts["train"]), "image")
            problem = f"part '{part}': '{other.model}' and '{job.model}' would learn from the same {images}"
            raise UserError(problem, "give a train_limit below that, and a limit, if there is one, above it")


def _refuse_other_images(part: str, jobs: Sequence[Job]) -> None:
    """Refuse models that would be scored on other images than the first, and so could not be compared after all."""
    for job in jobs:
        if job.fingerprints[SPLIT] != jobs[0].fingerprints[SPLIT]:
            problem = f"part '{part}': '{jobs[0].model}' and '{job.model}' would be scored on different images"
            remedy = "give limit, validation, cv_fold and split_seed to the whole part; train_limit may differ"
            raise UserError(problem, remedy)


def _start(name: str, config: RunConfig, planned: Mapping[str, Sequence[Job]], replicate: int) -> Job | None:
    """Return the run that a run starts from: that of the same place among the seeds, or the last there is."""
    if not config.model.weights.startswith(OF_STUDY):
        return None
    part, _, model = config.model.weights.removeprefix(OF_STUDY).partition("/")
    found = [job for job in planned.get(part, ()) if job.model == model]
    if found and found[0].members:
        raise UserError(f"'{name}' starts from '{part}/{model}', which is an ensemble", "start from one of its members")
    if not found or f"{part}/{model}" == name:
        raise UserError(
            f"'{name}' starts from '{part}/{model}', which is not a model that stands before it in the study",
            f"write 'weights: {OF_STUDY}PART/MODEL' with one that does",
        )
    return found[min(replicate, len(found) - 1)]


def _with_weights(config: RunConfig, weights: str) -> RunConfig:
    return config.changed("model", weights=weights)
