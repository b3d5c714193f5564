"""``study.json``: which runs make up a study, on which data, and what its report shows of them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from pixelproof.runs.claims import Claim
from pixelproof.runs.fields import Count
from pixelproof.runs.metric_names import PATTERN
from pixelproof.runs.records import read_record, write_record
from pixelproof.schema import Strict

VERSION: Literal[1] = 1
FILE = "study.json"
SPLIT = "validation"
"""The part of the data that a study scores."""
TEST = "test"
"""The part that it scores as well, at the end, where it is asked to; and the folder of what it concludes there."""


class ImageCounts(Strict):
    """How many images each part of the data holds; None where it is not recorded."""

    train: Count | None = None
    selection: Count | None = None
    validation: Count | None = None


class DataRecord(Strict):
    """The data that the models of one part share."""

    layout: str
    classes: int = Field(ge=1, lt=2**63)
    images: ImageCounts
    fingerprint: str


class ModelRecord(Strict):
    """One model of a part."""

    name: str = Field(min_length=1)
    run: str
    """The run folder, relative to the study folder, with forward slashes."""
    replicates: tuple[str, ...] = ()
    """Runs of the same model on the other folds, and with other seeds, those of a seed together."""
    scores: str = ""
    """The scores of all folds as one, relative to the study folder; empty where the run's own are the model's."""
    seed_scores: tuple[str, ...] = ()
    """The same of each further seed."""
    levels: dict[str, str] = Field(default_factory=dict)
    """Level of each factor, where the part varies factors."""

    @field_validator("run", "scores")
    @classmethod
    def _check_run(cls, value: str) -> str:
        return _inside(value)

    @field_validator("replicates", "seed_scores")
    @classmethod
    def _check_replicates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_inside(run) for run in value)


class PartRecord(Strict):
    """One question of a study: models of one task on the same data."""

    name: str = Field(min_length=1)
    title: str
    task: Literal["classification", "segmentation"]
    data: DataRecord
    models: tuple[ModelRecord, ...] = Field(min_length=1)
    folds: int | None = Field(default=None, ge=2)
    """In how many folds each model was trained; None where in none."""
    test: bool = False
    """Whether each run was scored on the split test, too, and models were compared there."""
    shown: tuple[str, ...] = ()
    """Ids of the validation images whose masks the report shows; segmentation only."""
    extremes: tuple[str, ...] = ()
    """Ids of those on which the best model gains most and loses most against the first."""
    embed: tuple[str, ...] = ()
    """Names of the models whose features are mapped."""
    baseline: dict[str, str] = Field(default_factory=dict)
    """The level of each factor that other levels are compared with, where the part varies factors."""
    claims: tuple[Claim, ...] = ()
    """What is said of the models, and how it is tested."""
    metric: str | None = Field(default=None, pattern=PATTERN)
    """By what the models are compared; None for accuracy or mIoU."""
    not_compared: dict[str, str] = Field(default_factory=dict)
    """Why they are not, by the split on which they are not."""

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        return _inside(value)

    @field_validator("shown", "extremes")
    @classmethod
    def _check_shown(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_inside(sample_id) for sample_id in value)

    @model_validator(mode="after")
    def _check(self) -> PartRecord:
        names = [model.name for model in self.models]
        if any(bool(model.scores) != bool(self.folds) for model in self.models):
            raise ValueError(f"part {self.name} has folds, and a model without their scores as one, or these alone")
        if len(set(names)) < len(names):
            raise ValueError(f"part {self.name} names a model twice")
        if unknown := set(self.embed) - set(names):
            raise ValueError(f"part {self.name} maps the features of {min(unknown)}, which is none of its models")
        return self


class StudyRecord(Strict):
    """What a study folder holds."""

    version: Literal[1] = VERSION
    name: str
    title: str
    command: str
    settings: dict[str, Any] = Field(default_factory=dict)
    """The settings that the user changed."""
    seconds: float | None = None
    """Wall time of the whole study."""
    parts: tuple[PartRecord, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> StudyRecord:
        names = [part.name for part in self.parts]
        if len(set(names)) < len(names):
            raise ValueError("two parts have the same name")
        return self


def save_study(path: Path, record: StudyRecord) -> None:
    """Write a ``study.json``, atomically."""
    write_record(path, record)


def load_study(path: Path) -> StudyRecord:
    """Read a ``study.json``.

    Raises:
        UserError: It is missing, not JSON, of another version, or contradicts itself.
    """
    return read_record(path, StudyRecord, "study record", "run the study again")


def _inside(value: str) -> str:
    """Return ``value`` if it names a place inside the study folder: the file may come from a stranger."""
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or "\\" in value:
        raise ValueError(f"'{value}' lies outside the study folder")
    return value
