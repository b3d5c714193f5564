"""What ``study.json`` says of a part: its runs, its data, and what its report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pixelproof.data import fingerprint
from pixelproof.runs.choice_record import ChoiceRecord
from pixelproof.runs.study_file import SPLIT, DataRecord, ModelRecord, PartRecord
from pixelproof.study.compare import extremes
from pixelproof.study.file import Part
from pixelproof.study.folds import merged_file, scored_images
from pixelproof.study.job import Job
from pixelproof.study.plan import Place


def part_record(
    entry: Part,
    part: str,
    jobs: Sequence[Job],
    out: Path,
    not_compared: Mapping[str, str],
    choices: Mapping[Place, ChoiceRecord],
) -> PartRecord:
    """Return what a page has to know of a part whose runs are done.

    Args:
        entry: The part, as the study's file has it.
        part: Its name.
        jobs: Its runs; those of a model stand together, in the order of the seeds.
        out: The study's folder.
        not_compared: Why its models are not compared on a split; empty where they are.
        choices: What was chosen by the selection part.
    """
    job, images = jobs[0], scored_images(jobs)
    counts = {name: {len(each.parts[name]) for each in jobs} for name in ("train", "selection")}
    return PartRecord(
        name=part,
        title=entry.title or part,
        task=job.data.task,
        data=DataRecord.model_validate(
            {
                "layout": job.data.layout,
                "classes": len(job.data.scheme.classes),
                # Where models learned from different numbers of images, as train_limit has it, none is that of all.
                "images": {name: each.pop() if len(each) == 1 else None for name, each in counts.items()}
                | {SPLIT: len(images)},
                "fingerprint": fingerprint(images) if entry.folds else job.fingerprints[SPLIT],
            }
        ),
        models=tuple(_model_record(name, entry, part, jobs, out, choices) for name in entry.trained),
        folds=entry.folds,
        test=entry.test,
        shown=entry.show,
        extremes=extremes(out / part) if job.data.task == "segmentation" else (),
        embed=entry.embed,
        baseline=entry.vary.reference if entry.vary else {},
        claims=entry.claims,
        metric=entry.metric,
        not_compared={split: reason for split, reason in not_compared.items() if reason},
    )


def _model_record(
    name: str, entry: Part, part: str, jobs: Sequence[Job], out: Path, choices: Mapping[Place, ChoiceRecord]
) -> ModelRecord:
    own = [job for job in jobs if job.model == name]
    run, *replicates = (job.run.path.relative_to(out).as_posix() for job in own)
    seeds = dict.fromkeys(f"{name}{job.replicate.of_seed}" for job in own) if entry.folds else ()
    merged = [f"{part}/{merged_file(seed)}" for seed in seeds]
    return ModelRecord(
        name=name,
        run=run,
        replicates=tuple(replicates),
        scores=merged[0] if merged else "",
        seed_scores=tuple(merged[1:]),
        levels=entry.trained[name].levels,
        choices=tuple(choice for (where, model, _), choice in choices.items() if (where, model) == (part, name)),
    )
