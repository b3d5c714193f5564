"""``comparison.json``: what a comparison of models on the same images found."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pixelproof.runs.fields import Count, Estimate, Share
from pixelproof.runs.metric_names import PATTERN
from pixelproof.runs.records import record_file
from pixelproof.schema import Strict

VERSION: Literal[1] = 1
FILE = "comparison.json"
Difference = Annotated[float, Field(ge=-1, le=1)]
IntervalName = Literal["bootstrap", "tango", "jackknife"]
TestName = Literal["permutation", "mcnemar", "jackknife"]
Verdict = Literal["a", "b", "undecided"]
NoWorse = Literal["shown", "refuted", "open"]
"""Whether a model is no worse than another, but for a margin."""


class ComparedModel(Strict):
    """One of the models that were compared."""

    name: str = Field(min_length=1)
    path: str
    """The run folder or score file, as the user named it; in a study as its folder has it."""
    split: str
    fingerprint: str
    """Fingerprint of the images and labels; empty where it is not known."""
    looks: str = ""
    """How it looked at each image, symmetries x sizes; empty where that is not known."""
    learned: Count = 0
    """From how many of the images it is known to have learned, or weights that it began with."""
    learned_by: str = ""
    """The runs of those weights, where they learned from images that it has not itself."""
    corrected: Count = 0
    """How many of the images are known to have a corrected label, or mask."""
    corrected_pixels: Count = 0
    """How many pixels of their masks these are; 0 for classified images."""
    stress: str = ""
    """What was done to the images before the model saw them; empty where nothing."""
    value: Share
    """Its figure over all images: that of the pairs' ``metric``."""


class GroupsRecord(Strict):
    """How images that show one scene were kept together."""

    pattern: str | None
    """What finds them in ids; None where the scores know them."""
    count: Count


class ClassRecord(Strict):
    """One class in one pair. What is undefined is None."""

    images: Count
    """Images whose truth shows the class."""
    effective: Annotated[float, Field(ge=1)] | None
    """Effective number of images, or groups of them, behind its figures; None if too few for an interval."""
    a: Share | None
    b: Share | None
    difference: Difference | None
    low: Difference | None
    high: Difference | None
    p: Share | None
    """Adjusted over the classes by Holm's method."""
    p_unadjusted: Share | None

    @property
    def estimate(self) -> Estimate:
        """The difference with its interval."""
        return Estimate(value=self.difference, low=self.low, high=self.high)


class ImageRecord(Strict):
    """One image in one pair: a segmenter's figure on it, None where undefined; or 1 for right and 0 for wrong."""

    id: str
    a: Share | None
    b: Share | None
    difference: Difference | None


class Wins(Strict):
    """How many images each model does better on."""

    a: Count
    b: Count


class PairRecord(Strict):
    """Two models on the same images; every difference is b - a. What is undefined is None."""

    a: str
    b: str
    metric: str = Field(pattern=PATTERN)
    """What was compared; see ``runs.metric_names``."""
    difference: Difference
    low: Difference | None
    high: Difference | None
    p: Share | None
    verdict: Verdict
    images: Count
    wins: Wins
    ties: Count
    undefined: Count
    """Images of which the metric says nothing, as their truth shows no scored class, or not the one it is of."""
    classes: dict[str, ClassRecord]
    per_image: tuple[ImageRecord, ...]

    @property
    def estimate(self) -> Estimate:
        """The difference with its interval."""
        return Estimate(value=self.difference, low=self.low, high=self.high)

    def extremes(self, most: int) -> tuple[list[ImageRecord], list[ImageRecord]]:
        """Return the images on which ``b`` gains most, and those on which it loses most, at most so many of each."""
        ranked = sorted((image for image in self.per_image if image.difference), key=lambda image: -_of(image))
        gains = [image for image in ranked[:most] if _of(image) > 0]
        return gains, [image for image in ranked[::-1][:most] if _of(image) < 0]

    @model_validator(mode="after")
    def _check(self) -> PairRecord:
        if not self.images == len(self.per_image) == self.wins.a + self.wins.b + self.ties + self.undefined:
            raise ValueError(f"the images of {self.a} and {self.b} do not add up")
        return self


class ComparisonRecord(Strict):
    """Models compared pair by pair, and how."""

    version: Literal[1] = VERSION
    task: Literal["classification", "segmentation"]
    protocol: Literal["unknown_counted", "unknown_ignored"] | None
    """How pixels of ignored classes count; None for classification."""
    interval: IntervalName
    test: TestName
    confidence: Share
    resamples: Count | None
    """None where nothing was resampled."""
    seed: int
    groups: GroupsRecord | None
    margin: Share | None = None
    """By how much a model may be worse and still do; None where nobody has said so."""
    models: tuple[ComparedModel, ...] = Field(min_length=2)
    pairs: tuple[PairRecord, ...] = Field(min_length=1)

    def units(self, pair: PairRecord) -> int:
        """Return how many images, or groups of them, a pair is known from."""
        return pair.images if self.groups is None else self.groups.count

    @property
    def headline(self) -> PairRecord:
        """The first model against the best of the others."""
        best = max(self.models[1:], key=lambda model: model.value)
        return next(pair for pair in self.pairs if (pair.a, pair.b) == (self.models[0].name, best.name))

    @model_validator(mode="after")
    def _check(self) -> ComparisonRecord:
        names = [model.name for model in self.models]
        if len(set(names)) < len(names):
            raise ValueError("two models have the same name")
        if unknown := {name for pair in self.pairs for name in (pair.a, pair.b)} - set(names):
            raise ValueError(f"a pair names {min(unknown)}, which is none of the models")
        if [(pair.a, pair.b) for pair in self.pairs] != list(itertools.combinations(names, 2)):
            raise ValueError("the pairs are not each model with every later one")
        return self


def _of(image: ImageRecord) -> float:
    return image.difference or 0.0


save_comparison, load_comparison = record_file(ComparisonRecord, "comparison record", "compare the models again")
"""Write and read a ``comparison.json``."""
