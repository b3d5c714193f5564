"""What ``study.json`` says of a part: its runs, its data, and what its report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pixelproof.data import fingerprint
from pixelproof.runs.choice_record import ChoiceRecord
from pixelproof.runs.study_file import SPLIT, DataRecord, ModelRecord, PartRecord, SizeRecord
from pixelproof.study.compare import extremes
from pixelproof.study.file import Part
from pixelproof.study.folds import merged_file, scored_images
from pixelproof.study.job import Job, with_all_images
from pixelproof.study.plan import Place
from pixelproof.study.sizes import by_size, learned_from


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
    job, images, whole = jobs[0], scored_images(jobs), with_all_images(jobs)
    counts = {name: {len(each.parts[name]) for each in whole} for name in ("train", "selection")}
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
        equal=entry.equal,
        not_compared={split: reason for split, reason in not_compared.items() if reason},
    )


def _model_record(
    name: str, entry: Part, part: str, jobs: Sequence[Job], out: Path, choices: Mapping[Place, ChoiceRecord]
) -> ModelRecord:
    own = [job for job in with_all_images(jobs) if job.model == name]
    run, *replicates = _paths(own, out)
    merged = _merged(own, entry, part)
    sizes = [_size_record(fewer, entry, part, out) for fewer in by_size(jobs, name)[:-1]]
    return ModelRecord(
        name=name,
        run=run,
        replicates=tuple(replicates),
        scores=merged[0] if merged else "",
        seed_scores=tuple(merged[1:]),
        levels=entry.trained[name].levels,
        learned=learned_from(own) if sizes else None,
        sizes=tuple(sizes),
        choices=tuple(choice for (where, model, _), choice in choices.items() if (where, model) == (part, name)),
    )


def _size_record(own: Sequence[Job], entry: Part, part: str, out: Path) -> SizeRecord:
    size = own[0].replicate.size
    assert size is not None
    runs, scores = tuple(_paths(own, out)), tuple(_merged(own, entry, part))
    return SizeRecord(size=size, images=learned_from(own), runs=runs, scores=scores)


def _paths(jobs: Sequence[Job], out: Path) -> list[str]:
    return [job.run.path.relative_to(out).as_posix() for job in jobs]


def _merged(jobs: Sequence[Job], entry: Part, part: str) -> list[str]:
    """Return where the scores of all folds lie as one, with each seed."""
    seeds = dict.fromkeys(f"{job.model}{job.replicate.of_seed}" for job in jobs) if entry.folds else ()
    return [f"{part}/{merged_file(seed)}" for seed in seeds]
