"""``unpaired.json``: what a comparison of two sets of images found."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pixelproof.runs.comparison_file import Verdict
from pixelproof.runs.fields import Count, Estimate, Number, Share
from pixelproof.runs.metric_names import PATTERN
from pixelproof.runs.records import record_file
from pixelproof.schema import Strict

FILE = "unpaired.json"
Effective = Annotated[float, Field(ge=1)] | None
"""Effective number of images, or groups of them, behind a figure; None if too few for an interval."""


class SetRecord(Strict):
    """A model on one of the two sets of images."""

    name: str = Field(min_length=1)
    path: str
    """The run folder or score file, as the user named it."""
    split: str
    fingerprint: str
    """Fingerprint of the images and labels; empty where it is not known."""
    images: Count
    groups: Count | None
    """Groups of images that were taken as wholes; None where every image stands for itself."""
    learned: Count = 0
    """From how many of the images the model is known to have learned."""
    stress: str = ""
    """What was done to the images before the model saw them; empty where nothing."""
    figure: Estimate
    """Its figure over all images, with the interval that `evaluate` gives."""

    @property
    def units(self) -> int:
        """How many images, or groups, are independent."""
        return self.images if self.groups is None else self.groups


class ClassSets(Strict):
    """One class in both sets. What is undefined is None."""

    images: tuple[Count, Count]
    """Images of each set whose truth shows it."""
    shares: tuple[Share, Share]
    """Its share of each set's images, or pixels of scored classes."""
    effective: tuple[Effective, Effective]
    a: Share | None
    b: Share | None
    difference: Estimate
    p: Share | None
    """Adjusted over the classes by Holm's method."""
    p_unadjusted: Share | None


class Part(Strict):
    """A part of the difference, with its p-value."""

    difference: Estimate
    p: Number


class UnpairedRecord(Strict):
    """One figure on two sets of images; every difference is b - a."""

    version: Literal[1] = 1
    task: Literal["classification", "segmentation"]
    metric: str = Field(pattern=PATTERN)
    """What was compared; see ``runs.metric_names``."""
    protocol: Literal["unknown_counted", "unknown_ignored"] | None
    """How pixels of ignored classes count; None for classification."""
    confidence: Share
    pattern: str | None = None
    """What finds groups in ids, or none to let each image stand for itself; None where the scores know them."""
    margin: Share | None = None
    """By how much a figure may be lower and still do; None where nobody has said so."""
    a: SetRecord
    b: SetRecord
    common: Count
    """Images, or groups, of the same name in both."""
    difference: Estimate
    p: Share | None
    verdict: Verdict
    """On which set the figure is higher."""
    same: Part | None
    """The difference if the classes were as frequent in b as in a; None where it does not follow from counts."""
    shares: Part | None
    """The rest: what the classes' other shares make of it."""
    missing: tuple[str, ...]
    """Classes of a of which b shows too little to tell the two parts apart."""
    classes: dict[str, ClassSets]


save_unpaired, load_unpaired = record_file(UnpairedRecord, "unpaired comparison", "compare the sets again")
"""Write and read an ``unpaired.json``."""
