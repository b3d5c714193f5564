"""``sizes.json``: what models reach with fewer training images, and what more of them may bring.

What is undefined is None. Scores and gains are shares, not percentage points.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from pixelproof.runs.fields import Count, Estimate, Inside, Number, Share
from pixelproof.runs.metric_names import PATTERN
from pixelproof.runs.records import record_file
from pixelproof.schema import Strict

FILE = "sizes.json"
Equal = Literal["steps", "epochs"]
"""What runs with different numbers of training images have equally many of."""
Unknown = Literal[
    "", "none_better", "few_sizes", "one_seed", "few_images", "all_alike", "no_power_law", "missed", "too_wide"
]
"""Why nothing is said of more labels than there are; empty where something is."""


class Point(Strict):
    """A model with so many training images."""

    share: float = Field(gt=0, le=1)
    """Of all training images."""
    images: Count
    """How many these are; in folds on average."""
    files: tuple[Inside, ...] = Field(min_length=1)
    """The score file with each seed, relative to the study folder."""
    scores: tuple[Number, ...]
    """The figure of each."""
    score: Estimate
    """Their mean, with its interval over images and seeds."""
    spread: Number = None
    """Their standard deviation; None for a single one."""


class Step(Strict):
    """What more training images brought, between two sizes that were tried."""

    before: Count
    after: Count
    """Numbers of training images."""
    gain: Estimate
    p: Number


class Forecast(Strict):
    """What a power law through the points says of more training images than there are."""

    times: float = Field(gt=0)
    """How many times as many as all."""
    images: Count
    score: Estimate
    gain: Estimate
    """Over what all training images reach."""


class Backtest(Strict):
    """What the points without the largest would have said of it, beside what was found."""

    images: Count
    predicted: Estimate
    """The figure of the very runs on the very images, which other images do not move."""
    found: Number
    met: bool
    """Whether the interval holds it."""


class ClassStep(Strict):
    """What the same step brought to a class."""

    name: str
    before: Number
    after: Number
    gain: Estimate
    p: Number
    """Adjusted over the classes by Holm's method."""


class SizeCurve(Strict):
    """One model by the number of its training images."""

    model: str = Field(min_length=1)
    points: tuple[Point, ...] = Field(min_length=2)
    """From the fewest images to all."""
    whole: Step
    """From the fewest to all."""
    last: Step
    """From about half of them to all."""
    classes: tuple[ClassStep, ...]
    """By the figure of single classes that goes with the metric, those that gained most first."""
    unknown: Unknown
    exponent: Estimate
    """Of the power law, c of a - b n^-c; undefined where nothing is said."""
    band: tuple[Forecast, ...]
    """The power law from the fewest images on, to draw."""
    forecasts: tuple[Forecast, ...]
    backtest: Backtest | None

    @model_validator(mode="after")
    def _check(self) -> SizeCurve:
        shares = [point.share for point in self.points]
        if shares != sorted(set(shares)) or shares[-1] != 1:
            raise ValueError(f"the sizes of {self.model} do not rise to all images")
        if bool(self.unknown) == bool(self.forecasts):
            raise ValueError(f"of {self.model} it says what more labels bring and why that is unknown, or neither")
        return self


class SizesRecord(Strict):
    """What the models of a part reach by the number of their training images."""

    version: Literal[1] = 1
    task: Literal["classification", "segmentation"]
    metric: str = Field(pattern=PATTERN)
    images: Count
    """Scored images."""
    groups: Count | None = None
    """How many groups they form; None where every image stands for itself."""
    equal: Equal
    certainty: Share
    """Of all intervals."""
    curves: tuple[SizeCurve, ...] = Field(min_length=1)


save_sizes, load_sizes = record_file(SizesRecord, "record of training sizes", "run the study again")
"""Write and read a ``sizes.json``."""
