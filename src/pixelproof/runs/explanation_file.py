"""``explanation.json``: how classes lie to each other in feature space, as figures and as ranked statements."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pixelproof.runs.fields import Share
from pixelproof.runs.records import record_file
from pixelproof.schema import Strict

VERSION: Literal[1] = 1
Index = Annotated[int, Field(ge=0)]
Kind = Literal["mixes", "scattered", "splits", "apart"]


class ClassFinding(Strict):
    """Where the images of one class lie; None where that has no value, as for a class without images."""

    name: str
    images: Index
    own: Share | None
    """Share of the images' neighbours that are of the class itself."""
    own_low: Share | None
    own_high: Share | None
    silhouette: Annotated[float, Field(ge=-1, le=1)] | None
    """Mean over its images of (b - a) / max(a, b), distances to the nearest other class and to its own."""
    clusters: tuple[int, ...] | None
    """Sizes of the clusters that the class falls into, largest first; outliers are in none."""
    spread: Annotated[float, Field(ge=1)] | None
    """Effective number of other classes among the neighbours, the exponential of their entropy."""
    accuracy: Share | None
    """Share of its images that the model classifies right."""
    typical: tuple[str, ...]
    """Ids of the images nearest to the mean of the class."""
    odd: tuple[str, ...]
    """Ids of the images farthest from others of the class."""


class PairFinding(Strict):
    """How far two classes mix; a pair that is not listed shares no neighbour and no mistake."""

    a: Index
    b: Index
    confusion: Share
    """k-NN confusion: the mean of the two shares below."""
    low: Share
    high: Share
    b_near_a: Share
    """Share of the neighbours of images of a that are of b."""
    a_near_b: Share
    predicted: Share | None
    """Share of the images of both classes that the model takes for the other one, which a rare class hardly moves."""
    a_as_b: Index
    """How many images of a the model takes for b."""
    b_as_a: Index


class Failure(Strict):
    """An image among those that the model is surest of and wrong, or among those of the highest loss."""

    id: str
    truth: Index
    predicted: Index
    confidence: Share
    """Probability of the predicted class, at the run's temperature."""
    loss: Annotated[float, Field(ge=0)]
    """Negative logarithm of the probability of the true class, likewise."""


class Statement(Strict):
    """One finding in words."""

    kind: Kind
    classes: tuple[Index, ...] = Field(min_length=1)
    value: float
    low: float | None = None
    high: float | None = None
    sentence: str


class Explanation(Strict):
    """How the classes of a data set lie to each other in the features of a model."""

    version: Literal[1] = VERSION
    split: str
    layer: str
    neighbours: int = Field(ge=1)
    """k, how many neighbours of each image were looked at."""
    images: int = Field(ge=1)
    silhouette_images: int = Field(ge=0)
    """How many images the silhouettes are means over."""
    seed: int
    classes: tuple[ClassFinding, ...]
    pairs: tuple[PairFinding, ...]
    """Most mixed first."""
    statements: tuple[Statement, ...]
    """By kind, strongest first."""
    failures: tuple[Failure, ...]
    """Those that galleries show."""

    @model_validator(mode="after")
    def _check(self) -> Explanation:
        named = {i for s in self.statements for i in s.classes} | {i for p in self.pairs for i in (p.a, p.b)}
        named |= {i for f in self.failures for i in (f.truth, f.predicted)}
        if named and max(named) >= len(self.classes):
            raise ValueError(f"class {max(named)} is named, there are {len(self.classes)}")
        return self


save_explanation, load_explanation = record_file(Explanation, "explanation record", "explain again")
"""Write and read an ``explanation.json``."""
