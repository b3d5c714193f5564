"""The scores that a study concludes from: of a run, or of all folds with one seed as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixelproof.comparison.study_part import of_folds
from pixelproof.data import Sample, fingerprint
from pixelproof.runs import save_scores
from pixelproof.runs.files import file_digest
from pixelproof.runs.study_file import SPLIT
from pixelproof.study.file import Part
from pixelproof.study.job import Job
from pixelproof.study.perform import own_scores
from pixelproof.study.steps import Steps


@dataclass(frozen=True)
class Scored:
    """Scores of all images of a part.

    Attributes:
        name: What they are called in ``steps.json``.
        model: The model's name.
        path: The score file.
        jobs: The runs that gave them: one, or one for each fold.
    """

    name: str
    model: str
    path: Path
    jobs: tuple[Job, ...]

    def made_from(self, steps: Steps) -> list[Any]:
        """Return what the runs' scores were made from, and which they are: another command may have changed them."""
        inputs = [steps.inputs(f"{job.name}/scores") for job in self.jobs]
        return [self.name, *inputs, *(file_digest(job.run.scores(SPLIT)) for job in self.jobs)]

    @property
    def fold_files(self) -> list[Path]:
        """The score file of each fold, or of the one run."""
        return [job.run.scores(SPLIT) for job in self.jobs]


def scored(part: Part, jobs: Sequence[Job], folder: Path, steps: Steps) -> list[Scored]:
    """Return the scores of a part's models; those of folds are put together where that is missing or outdated.

    Args:
        part: The part.
        jobs: Its runs, all scored; those of a model stand together, in the order of the seeds.
        folder: The part's folder.
        steps: What was made from what.
    """
    if not part.folds:
        return [Scored(job.name, job.model, job.run.scores(SPLIT), (job,)) for job in jobs]
    runs: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        runs.setdefault((job.model, f"{job.model}{job.replicate.of_seed}"), []).append(job)
    whole = [
        Scored(f"{folder.name}/{name}", model, folder / merged_file(name), tuple(each))
        for (model, name), each in runs.items()
    ]
    images = fingerprint(scored_images(jobs))
    for one in whole:
        _merge(one, images, steps)
    return whole


def merged_file(name: str) -> str:
    """Return the name of the score file of all folds, in the folder of the part, of a model or one of its seeds."""
    return f"{name}.npz"


def scored_images(jobs: Sequence[Job]) -> tuple[Sample, ...]:
    """Return every image that a run of a part is scored on."""
    return tuple(dict.fromkeys(sample for job in jobs for sample in job.parts[SPLIT]))


def _merge(one: Scored, images: str, steps: Steps) -> None:
    """Write the scores of folds as one, where they are missing or older than those of a fold.

    Args:
        one: The scores of all.
        images: Fingerprint of the images of all folds.
        steps: What was made from what.
    """
    step, inputs = f"{one.name}.npz", one.made_from(steps)
    if not steps.wrote(step, inputs, one.path, own_scores(images, one.jobs[0].config.model, one.jobs[0].run)):
        save_scores(one.path, of_folds(one.fold_files, one.path.stem, images))
        steps.write(step, inputs, one.path)
