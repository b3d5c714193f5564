"""What a run's own page has to know of it: the record of a study that consists of one run."""

from __future__ import annotations

from contextlib import suppress

from pixelproof.config import run_settings
from pixelproof.errors import UserError
from pixelproof.runs import Run, load_scores
from pixelproof.runs.facts import DataFacts
from pixelproof.runs.study_file import SPLIT, DataRecord, ImageCounts, ModelRecord, PartRecord, StudyRecord


def record_of_run(run: Run) -> StudyRecord:
    """Return the record of a study that consists of one run."""
    config, scheme = run_settings(run), run.labels()
    environment = run.facts()
    name, data = config.model.name, environment.data
    images, fingerprint = _scored_on(run, data)
    part = PartRecord(
        name=config.task,
        title=f"{config.task.capitalize()} with {name}",
        task=config.task,
        data=DataRecord(
            layout=data.layout,
            classes=len(scheme.classes),
            images=ImageCounts(**{part: images.get(part) for part in ImageCounts.model_fields}),
            fingerprint=fingerprint,
        ),
        models=(ModelRecord(name=name, run="."),),
        shown=run.shown_ids(),
        embed=(name,) if run.features(SPLIT).exists() else (),
    )
    return StudyRecord(name=run.name, title=f"Run {run.name}", command=environment.command, parts=(part,))


def _scored_on(run: Run, data: DataFacts) -> tuple[dict[str, int], str]:
    """Return the number of images of each part, and the fingerprint of those that gave the run's score.

    They may be others than the run began with, where ``evaluate --overwrite`` said so.
    """
    images, fingerprint = dict(data.images), data.fingerprint.get(SPLIT, "")
    with suppress(UserError):  # what is wrong with the scores is said where they are shown
        scores = load_scores(run.scores(SPLIT))
        if scores.source.fingerprint:
            images[SPLIT], fingerprint = len(scores.ids), scores.source.fingerprint
    return images, fingerprint
