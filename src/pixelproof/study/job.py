"""One run of a study, planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pixelproof.config import RunConfig
from pixelproof.data import DataFolder, Sample
from pixelproof.runs import Run
from pixelproof.runs.study_file import SPLIT
from pixelproof.study.replicates import SINGLE, Replicate
from pixelproof.study.steps import Steps


@dataclass(frozen=True)
class Job:
    """One run of one model of a part, with all that its steps need."""

    name: str
    model: str
    data: DataFolder
    config: RunConfig
    settled: RunConfig
    """The same with what the data decides filled in."""
    run: Run
    parts: dict[str, tuple[Sample, ...]]
    fingerprints: dict[str, str]
    replicate: Replicate = SINGLE
    """Which of the model's runs it is."""
    start: Job | None = None
    """The run whose weights this one starts from, where its settings name one of the study."""
    members: tuple[Job, ...] = ()
    """The runs that it consists of, where it is an ensemble."""
    tested: tuple[Sample, ...] = ()
    """Images of the split test that it is scored on at the end."""
    shown: tuple[Sample, ...] = ()
    """Images whose masks are shown of it."""
    embed: bool = False
    """Whether its features are mapped."""
    candidate: str = ""
    """Which of those it is that its model is chosen among."""
    open: bool = False
    """Whether that choice is still to be made: of its scores that of the selection part alone is wanted."""

    @property
    def on_show(self) -> tuple[Sample, ...]:
        """The images that may be shown of it: all of a validation split of the data, whatever ``limit`` says."""
        return self.data.splits.get(SPLIT, self.parts[SPLIT])

    @property
    def needs(self) -> tuple[Job, ...]:
        """The runs that must have been trained before this one."""
        return self.members if self.start is None else (self.start,)

    @property
    def waits(self) -> bool:
        """Whether it needs a run of a model that is still to be chosen."""
        return any(needed.open or needed.waits for needed in self.needs)

    def answers_from(self, steps: Steps) -> list[Any]:
        """Return what decides the answers of its model: what the weights were trained from, and the looks taken."""
        # The same inputs train the same weights, so their digest stands for the weights.
        return [steps.inputs(f"{self.name}/train"), self.config.model.looks]


def first_runs(jobs: Sequence[Job]) -> list[Job]:
    """Return each model's jobs with its first seed, one or one for each fold, in the study's order."""
    return [job for job in jobs if not job.replicate.seed]


def with_all_images(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs that learn from all training images: all but those of ``train_sizes``."""
    return [job for job in jobs if job.replicate.size is None]
