"""``stress.json``: what it costs models if images become darker, blurred, noisier and the like."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from pixelproof.runs.fields import Count, Estimate, Inside, Number, Share
from pixelproof.runs.metric_names import PATTERN
from pixelproof.runs.records import read_record, write_record
from pixelproof.schema import Strict

FILE = "stress.json"
Better = Literal["a", "b", "undecided"]


class State(Strict):
    """A model on images in one state."""

    scores: Inside
    """The score file, from the folder of ``stress.json``."""
    score: Estimate
    """The figure that decides, with the interval that other images might give."""
    confidence: Number
    """Mean probability of the answers, of a segmenter of its pixels."""
    right: Number
    """Share of these answers that is right."""
    ece: Number
    """Expected calibration error."""
    sure_wrong: Number
    """Share of all answers that are wrong with a confidence above 14/15."""


class Suffering(Strict):
    """What a class loses where images are stressed most."""

    name: str
    before: Number
    under: Number
    loss: Estimate
    """Under stress minus before, so that a loss is below 0."""
    p: Number
    """Adjusted over the classes by Holm's method."""


class Cell(State):
    """A model on images that are stressed so much; differences are to the same images as they are."""

    strength: float
    before: State | None = None
    """The model on images as they are, on the pixels that have a truth in this state; None where these are all."""
    difference: Estimate
    p: Number
    adjusted: Number
    """``p`` after Holm's method over all strengths of all stresses of the model."""
    lost: bool
    """Whether a loss is shown: the test, so adjusted, is significant, and the interval lies below 0."""


class Curve(Strict):
    """A model under one stress, from the mildest strength to the hardest."""

    stress: str
    unit: str
    none: float
    """The strength of no change."""
    cells: tuple[Cell, ...] = Field(min_length=1)
    lost_from: Number = None
    """The mildest strength from which on all show a loss."""
    falls_at: Number = None
    """Where a straight line between two strengths falls by the margin; None where no strength does."""
    falls_between: tuple[Number, Number] | None = None
    """Its 95% interval, the milder end first, an end None beyond the hardest strength; None where nothing shows it."""
    classes: tuple[Suffering, ...]
    """The classes that lose most at the hardest strength, the most first."""


class StressedModel(Strict):
    """One model under all stresses."""

    name: str = Field(min_length=1)
    path: str
    """The run folder, as the user named it."""
    learned: Count = 0
    """From how many of the images it has learned, or weights that it began with."""
    corrected: Count = 0
    """How many of them have a label that a person has corrected."""
    untouched: State
    curves: tuple[Curve, ...] = Field(min_length=1)


class Standing(Strict):
    """Two models under one stress, each figure the mean over its strengths; differences are b - a."""

    stress: str
    a: str
    b: str
    score: Estimate
    """Of the scores under stress."""
    score_p: Number
    """Adjusted by Holm's method over all stresses and pairs."""
    score_better: Better
    kept: Estimate
    """Of what stress changes in the score: above 0 where ``b`` loses less."""
    kept_p: Number
    kept_better: Better


class Answer(Strict):
    """What a model answers to an example."""

    text: str
    right: bool | None = None
    """None of segmenters."""


class Example(Strict):
    """An image that the page shows in all states."""

    id: str
    truth: str
    """The class; of a segmented image empty."""
    answers: dict[str, tuple[Answer, ...]]
    """By state, ``untouched`` or as ``Curve`` names it with its strength, one of each model."""


class Likeness(Strict):
    """A sign by which images that ``drift`` has met differ from old ones, and the stress that changes as much."""

    sign: str
    old: Number
    new: Number
    stress: str
    strength: Number
    """Between those tried on a straight line; None where not even the hardest changes as much."""


class StressRecord(Strict):
    """Models on images that were made worse, step by step."""

    version: Literal[1] = 1
    task: Literal["classification", "segmentation"]
    metric: str = Field(pattern=PATTERN)
    split: str
    fingerprint: str
    images: Count
    scenes: Count
    """Groups of images, each image without one counted as its own."""
    of: Count
    """Images of the split, of which ``images`` were taken."""
    margin: Share
    """By how much the score may fall; see ``Curve.falls_at``."""
    seed: int
    left_out: tuple[str, ...]
    """Stresses that the images do not allow: they are of red, green and blue, and these are bands."""
    models: tuple[StressedModel, ...] = Field(min_length=1)
    standings: tuple[Standing, ...]
    examples: tuple[Example, ...]
    likenesses: tuple[Likeness, ...] = ()
    """Of what ``drift`` has found, where that was given."""
    colors: dict[str, str] = Field(default_factory=dict)
    """Of the classes in masks."""

    @model_validator(mode="after")
    def _check(self) -> StressRecord:
        names = [model.name for model in self.models]
        if len(set(names)) < len(names):
            raise ValueError("two models have the same name")
        tried = [[(c.stress, c.unit, tuple(x.strength for x in c.cells)) for c in m.curves] for m in self.models]
        if any(each != tried[0] for each in tried):
            raise ValueError("the models were not stressed alike")
        stresses = {curve.stress for curve in self.models[0].curves}
        told = {each.stress for each in self.standings} | {each.stress for each in self.likenesses}
        if unknown := told - stresses:
            raise ValueError(f"it says something of '{min(unknown)}', which the models did not suffer")
        if strangers := {name for each in self.standings for name in (each.a, each.b)} - set(names):
            raise ValueError(f"it compares {min(strangers)}, which is none of the models")
        return self


def save_stress(path: Path, record: StressRecord) -> None:
    """Write a ``stress.json``, atomically."""
    write_record(path, record)


def load_stress(path: Path) -> StressRecord:
    """Read a ``stress.json``.

    Raises:
        UserError: It is missing, not JSON, of another version, or contradicts itself.
    """
    return read_record(path, StressRecord, "stress record", "run stress again")
