"""What a run's own page has to know of it: the record of a study that consists of one run."""

from __future__ import annotations

from pixelproof.config import run_settings
from pixelproof.runs import Run, Scores
from pixelproof.runs.study_file import SPLIT, DataRecord, ImageCounts, ModelRecord, PartRecord, StudyRecord


def record_of_run(run: Run) -> StudyRecord:
    """Return the record of a study that consists of one run."""
    config, scheme = run_settings(run), run.labels()
    environment = run.facts()
    name, data = config.model.name, environment.data
    part = PartRecord(
        name=config.task,
        title=f"{config.task.capitalize()} with {name}",
        task=config.task,
        data=DataRecord(
            layout=data.layout,
            classes=len(scheme.classes),
            images=ImageCounts(**{part: data.images.get(part) for part in ImageCounts.model_fields}),
            fingerprint=data.fingerprint.get(SPLIT, ""),
        ),
        models=(ModelRecord(name=name, run="."),),
        shown=run.shown_ids(),
        embed=(name,) if run.features(SPLIT).exists() else (),
    )
    return StudyRecord(name=run.name, title=f"Run {run.name}", command=environment.command, parts=(part,))


def as_scored(part: PartRecord, scores: Scores | None) -> PartRecord:
    """Return the part with the number and the fingerprint of the images that gave the run's score.

    They may be others than the run began with, where ``evaluate --overwrite`` said so.
    """
    if scores is None or not scores.source.fingerprint:
        return part
    images = part.data.images.model_copy(update={SPLIT: len(scores.ids)})
    data = part.data.model_copy(update={"images": images, "fingerprint": scores.source.fingerprint})
    return part.model_copy(update={"data": data})
