"""``study.json``: which runs make up a study, on which data, and what its report shows of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pixelproof.runs.choice_record import ChoiceRecord
from pixelproof.runs.claims import Claim
from pixelproof.runs.fields import Count, Inside
from pixelproof.runs.metric_names import PATTERN
from pixelproof.runs.records import record_file
from pixelproof.runs.sizes_file import Equal
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


class SizeRecord(Strict):
    """A model of a part that learned from fewer images than there are."""

    size: float = Field(gt=0)
    """As the study's file has it: a part of all below 1, else a number."""
    images: Count
    """How many these are; in folds on average."""
    runs: tuple[Inside, ...] = Field(min_length=1)
    """Its runs, relative to the study folder, in the order of those of the model."""
    scores: tuple[Inside, ...] = ()
    """The scores of all folds as one, with each seed; empty where there are no folds."""


class ModelRecord(Strict):
    """One model of a part."""

    name: str = Field(min_length=1)
    run: Inside
    """The run folder, relative to the study folder, with forward slashes."""
    replicates: tuple[Inside, ...] = ()
    """Runs of the same model on the other folds, and with other seeds, those of a seed together."""
    scores: Inside = ""
    """The scores of all folds as one, relative to the study folder; empty where the run's own are the model's."""
    seed_scores: tuple[Inside, ...] = ()
    """The same of each further seed."""
    levels: dict[str, str] = Field(default_factory=dict)
    """Level of each factor, where the part varies factors."""
    choices: tuple[ChoiceRecord, ...] = ()
    """Among what it was chosen, by the selection part; once for each fold, where there are folds."""

    learned: Count | None = None
    """From how many images it learned, where it has ``sizes``; in folds on average."""
    sizes: tuple[SizeRecord, ...] = ()
    """The same model with fewer training images, from the fewest on."""

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs that are the model."""
        return (self.run, *self.replicates)

    @property
    def smaller(self) -> tuple[str, ...]:
        """The runs that learned from fewer images."""
        return tuple(run for size in self.sizes for run in size.runs)

    @property
    def not_chosen(self) -> tuple[str, ...]:
        """The runs of candidates that are not the model."""
        every = dict.fromkeys(run for choice in self.choices for each in choice.candidates for run in each.runs)
        return tuple(run for run in every if run not in self.runs)

    @model_validator(mode="after")
    def _check(self) -> ModelRecord:
        if len({tuple(each.name for each in choice.candidates) for choice in self.choices}) > 1:
            raise ValueError(f"{self.name} was chosen among others in each fold")
        images = [*(size.images for size in self.sizes), *([] if self.learned is None else [self.learned])]
        if bool(self.sizes) != (self.learned is not None) or images != sorted(set(images)):
            raise ValueError(f"the sizes of {self.name} do not rise to all images")
        if any(len(size.runs) != len(self.runs) for size in self.sizes):
            raise ValueError(f"{self.name} has other seeds or folds at some of its sizes")
        return self


class PartRecord(Strict):
    """One question of a study: models of one task on the same data."""

    name: Annotated[Inside, Field(min_length=1)]
    title: str
    task: Literal["classification", "segmentation"]
    data: DataRecord
    models: tuple[ModelRecord, ...] = Field(min_length=1)
    folds: int | None = Field(default=None, ge=2)
    """In how many folds each model was trained; None where in none."""
    test: bool = False
    """Whether each run was scored on the split test, too, and models were compared there."""
    shown: tuple[Inside, ...] = ()
    """Ids of the validation images whose masks the report shows; segmentation only."""
    extremes: tuple[Inside, ...] = ()
    """Ids of those on which the best model gains most and loses most against the first."""
    embed: tuple[str, ...] = ()
    """Names of the models whose features are mapped."""
    baseline: dict[str, str] = Field(default_factory=dict)
    """The level of each factor that other levels are compared with, where the part varies factors."""
    claims: tuple[Claim, ...] = ()
    """What is said of the models, and how it is tested."""
    metric: str | None = Field(default=None, pattern=PATTERN)
    """By what the models are compared; None for accuracy or mIoU."""
    equal: Equal = "steps"
    """What runs with fewer images have as many of as those with all."""
    not_compared: dict[str, str] = Field(default_factory=dict)
    """Why they are not, by the split on which they are not."""

    @property
    def choices(self) -> list[ChoiceRecord]:
        """All choices that made its models."""
        return [choice for model in self.models for choice in model.choices]

    @model_validator(mode="after")
    def _check(self) -> PartRecord:
        names = [model.name for model in self.models]
        if any(bool(model.scores) != bool(self.folds) for model in self.models):
            raise ValueError(f"part {self.name} has folds, and a model without their scores as one, or these alone")
        if odd := next((m.name for m in self.models if m.choices and len(m.choices) != (self.folds or 1)), None):
            raise ValueError(f"part {self.name} chose {odd} in other folds than its own")
        if other := next((m.name for m in self.models for c in m.choices if not {*c.best.runs} <= {*m.runs}), None):
            raise ValueError(f"part {self.name} chose other runs than those of {other}")
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


save_study, load_study = record_file(StudyRecord, "study record", "run the study again")
"""Write and read a ``study.json``."""
