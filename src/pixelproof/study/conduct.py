"""Conduct a study: train what is missing, evaluate, explain, show, and write the report."""

from __future__ import annotations

import shlex
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pixelproof.config import apply_overrides, run_settings
from pixelproof.data import Sample, fingerprint
from pixelproof.data.checking import check_parts
from pixelproof.explanation.embed import embed
from pixelproof.explanation.segmenter import show
from pixelproof.prediction import Predictor
from pixelproof.progress import say
from pixelproof.report.artefacts import STUDY
from pixelproof.report.facts import Environment, read_facts
from pixelproof.report.page import build_report
from pixelproof.runs import (
    Run,
    load_features,
    load_shown,
    load_thumbnails,
    save_features,
    save_shown,
    save_thumbnails,
)
from pixelproof.runs.atomic import require_writable
from pixelproof.runs.features import VERSION as FEATURES_VERSION
from pixelproof.runs.folder import ENVIRONMENT
from pixelproof.runs.locks import WORKERS_END, alone_in
from pixelproof.runs.scores import VERSION as SCORES_VERSION
from pixelproof.runs.study_file import StudyRecord, save_study
from pixelproof.study.compare import compare_part, extremes
from pixelproof.study.explain import explain_part
from pixelproof.study.file import StudyFile, read_study
from pixelproof.study.job import SPLIT, Job
from pixelproof.study.plan import in_order, plan, starting
from pixelproof.study.record import part_record
from pixelproof.study.scoring import own_scores, score_run
from pixelproof.study.steps import Reader, Steps
from pixelproof.study.train import describe_network, train
from pixelproof.training.device import pick_device
from pixelproof.training.launch import check_processes


def conduct(
    study: StudyFile, data: Path, out: Path, overrides: Sequence[str] = (), command: str = "", processes: int = 1
) -> Path:
    """Run whatever of a study is missing or changed, and return the path of its report.

    Args:
        study: The study.
        data: Folder that the parts' data folders are relative to.
        out: Folder for everything that comes out; continued where it exists.
        overrides: Settings as in ``--set``; ``PART.key=value`` is for one part.
        command: The command line, for the report.
        processes: How many train each model together, on a GPU each.

    Raises:
        UserError: Data, settings or models are refused, before any training where that can be known, or another process
            conducts a study in ``out``.
    """
    jobs = plan(study, data, out, overrides)
    require_writable(out / STUDY)
    with alone_in(out, patience=WORKERS_END):
        return _conduct(study, jobs, out, overrides, command, processes)


def _conduct(
    study: StudyFile, jobs: Mapping[str, list[Job]], out: Path, overrides: Sequence[str], command: str, processes: int
) -> Path:
    start = time.monotonic()
    steps = Steps(out)
    for group in jobs.values():
        _check([job for job in group if not _trained(job, steps)], processes)
    for job in in_order(jobs):
        _train(job, steps, out, processes)
        _look(job, steps)
        describe_network(job.run, run_settings(job.run), len(job.data.scheme.classes))
        _inspect(job, steps)
    for part, group in jobs.items():
        compare_part(study.parts[part], group, out / part, steps)
        if group[0].data.task == "segmentation":
            _show_extremes(group, extremes(out / part), steps)
        explain_part(group, steps)
    record = StudyRecord(
        name=study.name,
        title=study.title or study.name,
        command=command,
        settings=dict(text.split("=", 1) for text in overrides),
        seconds=round(time.monotonic() - start, 1),
        parts=tuple(part_record(study.parts[part], part, group, out) for part, group in jobs.items()),
    )
    save_study(out / STUDY, record)
    return build_report(out)


def conduct_file(
    file: Path, data: Path = Path(), out: Path | None = None, settings: Sequence[str] = (), processes: int = 1
) -> Path:
    """Run whatever of the study in a file is missing or changed, and return the path of its report.

    Args:
        file: The study file.
        data: Folder that the study's data folders are relative to.
        out: Folder for everything that comes out; ``out/NAME`` by default.
        settings: Changes such as "epochs=1" or "PART.epochs=1".
        processes: How many train each model together, on a GPU each.

    Raises:
        UserError: The study, data, settings or models are refused.
    """
    study = read_study(Path(file))
    words = ["pixelproof", "study", Path(file).name, *(f"--set {shlex.quote(text)}" for text in settings)]
    return conduct(study, Path(data), Path(out or Path("out") / study.name), settings, " ".join(words), processes)


def _check(jobs: list[Job], processes: int) -> None:
    """Refuse files that cannot be read, and what cannot be shared, before the first model of any part is trained."""
    checked: list[dict[str, tuple[Sample, ...]]] = []
    for job in jobs:
        training = job.config.training
        check_processes(processes, training.batch_size, len(job.parts["train"]), pick_device(training.device))
        read = job.parts | {SPLIT: tuple(dict.fromkeys(job.parts[SPLIT] + job.shown))}
        if read not in checked:
            check_parts(read, job.data.scheme)
            checked.append(read)


def _begun(job: Job, steps: Steps) -> bool:
    return (job.run.path / "config.yaml").is_file() and steps.same(f"{job.name}/train", _train_inputs(job))


def _trained(job: Job, steps: Steps) -> bool:
    return _begun(job, steps) and read_facts(Environment, job.run.path / ENVIRONMENT).finished


def _train_inputs(job: Job) -> list[Any]:
    digests = [job.data.scheme.hash, job.fingerprints["train"], job.fingerprints["selection"]]
    return [job.config.learned_from(), *digests, *(_train_inputs(job.start) if job.start else [])]


def _train(job: Job, steps: Steps, out: Path, processes: int) -> None:
    """Train a job's model, go on with it, or leave it as it is."""
    if _trained(job, steps):
        say(f"{job.name}: trained already")
        return
    begun = _begun(job, steps)
    if not begun and job.run.path.exists():
        _set_aside(job.run.path, out / "previous")
    steps.take(f"{job.name}/train", _train_inputs(job))
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


def _inspect(job: Job, steps: Steps) -> None:
    """Make the artefacts that are read off a trained model, where they are missing or older than it."""
    trained = [job.answers_from(steps), job.fingerprints[SPLIT]]
    counted = [*trained, SCORES_VERSION]  # an older version counted less
    predictor: Predictor | None = None
    targets: list[tuple[str, Path, Reader, Any]] = [("scores", job.run.scores(SPLIT), own_scores(job), counted)]
    targets += [(f"shown/{s.id}", job.run.shown(s.id), load_shown, [trained, fingerprint([s])]) for s in job.shown]
    mapped = [trained, FEATURES_VERSION]
    targets += [("features", job.run.features(SPLIT), _load_map(job.run), mapped)] if job.embed else []
    for step, path, reader, inputs in targets:
        if steps.made(f"{job.name}/{step}", inputs, path, reader):
            continue
        predictor = predictor or Predictor.as_set(job.run, job.config.training.device)
        if step == "scores":
            score_run(job.run, predictor, job.parts[SPLIT], SPLIT, job.fingerprints[SPLIT])
        elif step == "features":
            features, thumbnails = embed(predictor, job.parts[SPLIT], job.config.training.seed)
            save_thumbnails(job.run.thumbnails(SPLIT), thumbnails)
            save_features(path, features)
        else:
            save_shown(path, show(predictor, next(s for s in job.shown if step == f"shown/{s.id}")))
        steps.take(f"{job.name}/{step}", inputs)


def _load_map(run: Run) -> Reader:
    return lambda path: (load_features(path), load_thumbnails(run.thumbnails(SPLIT)))


def _show_extremes(jobs: list[Job], ids: tuple[str, ...], steps: Steps) -> None:
    """Show, of each model's first run, the images on which the models differ most."""
    for job in {job.model: job for job in reversed(jobs)}.values():
        samples = tuple(sample for sample in job.parts[SPLIT] if sample.id in ids)
        _inspect(replace(job, shown=samples), steps)


def _set_aside(folder: Path, previous: Path) -> None:
    """Move a run of other settings out of the way; an afternoon's training is never deleted."""
    number = 1
    while (target := previous / f"{folder.parent.name}-{folder.name}-{number}").exists():
        number += 1
    previous.mkdir(parents=True, exist_ok=True)
    with alone_in(Run(folder).last.parent):  # what another process trains is not moved
        folder.rename(target)
    say(f"settings or data changed: the earlier run is now {target}")
