"""Conduct a study: train what is missing, evaluate, explain, show, and write the report."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pixelproof.data.checking import check_parts
from pixelproof.data.reader import ImageReader
from pixelproof.errors import UserError
from pixelproof.progress import say
from pixelproof.report.page import build_report
from pixelproof.runs.atomic import require_writable
from pixelproof.runs.files import AnyPath
from pixelproof.runs.locks import WORKERS_END, alone_in
from pixelproof.runs.study_file import FILE as STUDY
from pixelproof.runs.study_file import SPLIT, TEST, StudyRecord, load_study, save_study
from pixelproof.study.artefacts import inspect
from pixelproof.study.choosing import Choices, choices_to_make, choose_among, chosen
from pixelproof.study.compare import compare_part, compare_sizes, extremes
from pixelproof.study.explain import explain_part
from pixelproof.study.file import Part, StudyFile, read_study
from pixelproof.study.folds import scored
from pixelproof.study.job import Job, first_runs, with_all_images
from pixelproof.study.parallel_jobs import check_number, perform_parallel
from pixelproof.study.perform import perform, trained
from pixelproof.study.plan import Opened, in_order, plan
from pixelproof.study.record import part_record
from pixelproof.study.steps import Steps
from pixelproof.study.tested import conclude_on_test
from pixelproof.training.device import pick_device
from pixelproof.training.launch import check_processes
from pixelproof.training.plugin_trial import try_plugins


def conduct(
    study: StudyFile,
    data: Path,
    out: Path,
    overrides: Sequence[str] = (),
    command: str = "",
    processes: int = 1,
    jobs: int = 1,
) -> Path:
    """Run whatever of a study is missing or changed, and return the path of its report.

    Args:
        study: The study.
        data: Folder that the parts' data folders are relative to.
        out: Folder for everything that comes out; continued where it exists.
        overrides: Settings as in ``--set``; ``PART.key=value`` is for one part.
        command: The command line, for the report.
        processes: How many train each model together, on a GPU each.
        jobs: How many models are trained at the same time.

    Raises:
        UserError: Data, settings or models are refused, before any training where that can be known, or another process
            conducts a study in ``out``.
    """
    check_number(jobs, processes)
    _refuse_another(study, out)
    draw_up = partial(plan, study, data, out, overrides, opened=Opened())
    planned = draw_up()
    require_writable(out / STUDY)
    with alone_in(out, patience=WORKERS_END):
        start = time.monotonic()
        done = set[str]()
        steps, choices = _perform(planned, out, processes, jobs, done), Choices()
        while found := choices_to_make(planned):
            choices |= {at: choose_among(at, group, study.parts[at[0]], out, steps) for at, group in found.items()}
            planned = draw_up(chosen(choices))
            steps = _perform(planned, out, processes, jobs, done)
        reasons = _conclude(study, planned, out, steps)
        record = StudyRecord(
            name=study.name,
            title=study.title or study.name,
            command=command,
            settings=dict(text.split("=", 1) for text in overrides),
            seconds=round(time.monotonic() - start, 1),
            parts=tuple(
                part_record(study.parts[part], part, group, out, reasons[part], choices)
                for part, group in planned.items()
            ),
        )
        save_study(out / STUDY, record)
        return build_report(out)


def conduct_file(
    file: AnyPath,
    data: AnyPath = Path(),
    out: AnyPath | None = None,
    settings: Sequence[str] = (),
    processes: int = 1,
    jobs: int = 1,
) -> Path:
    """Run whatever of the study in a file is missing or changed, and return the path of its report.

    Args:
        file: The study file.
        data: Folder that the study's data folders are relative to.
        out: Folder for everything that comes out; ``out/NAME`` by default.
        settings: Changes such as "epochs=1" or "PART.epochs=1", or one of them.
        processes: How many train each model together, on a GPU each.
        jobs: How many models are trained at the same time.

    Raises:
        UserError: The study, data, settings or models are refused.
    """
    study, settings = read_study(Path(file)), [settings] if isinstance(settings, str) else settings
    words = ["pixelproof", "study", Path(file).name, "--data DATA"]
    words += [f"--set {shlex.quote(text)}" for text in settings]
    out = Path(out or Path("out") / study.name)
    return conduct(study, Path(data), out, settings, " ".join(words), processes, jobs)


def _refuse_another(study: StudyFile, out: Path) -> None:
    """Refuse a folder that holds another study, whose report would be replaced."""
    try:
        other = load_study(out / STUDY).name
    except UserError:  # there is none yet, or it is damaged
        return
    if other != study.name:
        raise UserError(f"{out} holds the study '{other}'", "choose another --out, or remove that folder")


def _perform(planned: Mapping[str, list[Job]], out: Path, processes: int, jobs: int, done: set[str]) -> Steps:
    """Perform all jobs but those that wait for a choice, and return what has been done for the study.

    Args:
        planned: The jobs.
        out: The study's folder.
        processes: How many train each model together, on a GPU each.
        jobs: How many models are trained at the same time.
        done: Names of those that have been performed by this call; all others are added.
    """
    steps = Steps(out)
    for group in () if done else planned.values():
        _check([job for job in group if not trained(job, steps)], processes)
    ready = [job for job in in_order(planned) if not job.waits]
    apart = [job for job in ready if jobs > 1 and not trained(job, steps)]
    perform_parallel(apart, out, min(jobs, len(apart)))
    steps = Steps(out)
    for job in ready:
        if job.name in done:
            if job.candidate and not job.open:
                inspect(job, steps)
        elif job not in apart:
            perform(job, steps, out, processes)
    done |= {job.name for job in ready}
    return steps


def _conclude(study: StudyFile, planned: Mapping[str, list[Job]], out: Path, steps: Steps) -> dict[str, dict[str, str]]:
    """Compare and explain the models of each part, and return why they are not compared, for each part and split."""
    reasons: dict[str, dict[str, str]] = {}
    for part, group in planned.items():
        reasons[part] = {SPLIT: _bring_together(study.parts[part], with_all_images(group), out / part, steps)}
        if unsized := compare_sizes(study.parts[part], group, out / part, steps):
            say(f"{part}: nothing is said of the number of training images, because {unsized}")
    for part, group in planned.items():  # after all that anybody may choose by
        reasons[part][TEST] = conclude_on_test(study.parts[part], with_all_images(group), out / part, steps)
    return reasons


def _bring_together(entry: Part, jobs: list[Job], folder: Path, steps: Steps) -> str:
    """Compare and explain the models of a part, and return why they are not compared; empty where they are."""
    refused = compare_part(entry, scored(entry, jobs, folder, steps), folder, steps)
    if jobs[0].data.task == "segmentation":
        _show_extremes(first_runs(jobs), extremes(folder), steps)
    explain_part(entry, jobs, steps)
    return refused


def _check(jobs: list[Job], processes: int) -> None:
    """Refuse what cannot be read, shared or learned by before the first model of any part is trained."""
    for job in jobs:
        training = job.config.training
        check_processes(processes, training.batch_size, len(job.parts["train"]), pick_device(training.device))
        if not job.members:
            try_plugins(job.config, len(job.data.scheme.classes))
    readers = [ImageReader.of(job.config.model) for job in jobs]
    for reader in dict.fromkeys(readers):
        alike = [job for job, its in zip(jobs, readers, strict=True) if its == reader]
        given = dict.fromkeys(
            s for job in alike for s in (*job.parts["selection"], *job.parts[SPLIT], *job.tested, *job.shown)
        )
        learned = dict.fromkeys(s for job in alike for s in job.parts["train"] if s not in given)
        check_parts({"train": (*learned,), "selection": (), SPLIT: (*given,)}, jobs[0].data.scheme, reader)


def _show_extremes(jobs: Sequence[Job], ids: tuple[str, ...], steps: Steps) -> None:
    """Show, of each run that scored them, the images on which the models differ most."""
    for job in jobs:
        if samples := tuple(sample for sample in job.parts[SPLIT] if sample.id in ids):
            inspect(replace(job, shown=samples), steps)
