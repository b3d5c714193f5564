"""What ``study.json`` says of a part: its runs, its data, and what its report shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pixelproof.runs.study_file import SPLIT, DataRecord, ModelRecord, PartRecord
from pixelproof.study.compare import extremes
from pixelproof.study.file import Part
from pixelproof.study.job import Job


def part_record(entry: Part, part: str, jobs: Sequence[Job], out: Path) -> PartRecord:
    """Return what a page has to know of a part whose runs are done.

    Args:
        entry: The part, as the study's file has it.
        part: Its name.
        jobs: Its runs; those of a model stand together, in the order of the seeds.
        out: The study's folder.
    """
    job = jobs[0]
    counts = {name: {len(each.parts[name]) for each in jobs} for name in ("train", "selection", SPLIT)}
    return PartRecord(
        name=part,
        title=entry.title or part,
        task=job.data.task,
        data=DataRecord.model_validate(
            {
                "layout": job.data.layout,
                "classes": len(job.data.scheme.classes),
                # Where models learned from different numbers of images, as train_limit has it, none is that of all.
                "images": {name: each.pop() if len(each) == 1 else None for name, each in counts.items()},
                "fingerprint": job.fingerprints[SPLIT],
            }
        ),
        models=tuple(_model_record(name, model.levels, jobs, out) for name, model in entry.trained.items()),
        shown=entry.show,
        extremes=extremes(out / part) if job.data.task == "segmentation" else (),
        embed=entry.embed,
        baseline=entry.vary.reference if entry.vary else {},
        claims=entry.claims,
    )


def _model_record(name: str, levels: dict[str, str], jobs: Sequence[Job], out: Path) -> ModelRecord:
    run, *replicates = (job.run.path.relative_to(out).as_posix() for job in jobs if job.model == name)
    return ModelRecord(name=name, run=run, replicates=tuple(replicates), levels=levels)
