"""``drift.json``: how far new images are of the kind of the old ones, and of which signs that shows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pixelproof.runs.fields import Count, Estimate, Number, Share
from pixelproof.runs.records import record_file
from pixelproof.schema import Strict

FILE = "drift.json"
Kind = Literal["picture", "answer", "class", "truth"]


class Collection(Strict):
    """Images that are compared with others."""

    name: str
    """The folder, as it was given, with the split."""
    images: Count
    scenes: Count
    """Groups of images, each image without one counted as its own."""


class Sign(Strict):
    """Something that images have more or less of."""

    kind: Kind
    """Of the picture, of the network's answer, the share of a class among answers, or whether answers are right."""
    name: str
    old: Number
    """Mean over the old scenes."""
    new: Number
    difference: Estimate
    """New minus old."""
    p: Number
    adjusted: Number
    """``p`` after Holm's method over all signs."""


class Unlike(Strict):
    """A new image and how far it is from the old ones."""

    id: str
    novelty: Share
    """Share of the old images that lie closer to the other old ones than it does."""


class DriftRecord(Strict):
    """Old images beside new ones, as a network sees them."""

    version: Literal[1] = 1
    run: str
    old: Collection
    new: Collection
    apart: Number
    """How often a new image is told from an old one by the network's features, 0..1; 0.5 is by chance. Not asked where
    images are too few, or ``ungrouped``."""
    chance: Number
    """What chance alone exceeds in 2.5% of cases."""
    far: Share
    """Share of the new images that lie farther from the old ones than 99% of these do from each other."""
    copies: Count
    """New images that are there among the old ones."""
    signs: tuple[Sign, ...]
    learned: Count = 0
    """Old images that the run, or one whose weights it began with, has learned from, as far as it says."""
    learned_by: tuple[str, ...] = ()
    """Those of the latter that have learned from some which it has not itself."""
    ungrouped: bool = False
    """Whether old images are of groups and those of new ones are not known, so that nothing is tested."""
    unlike: tuple[Unlike, ...] = Field(max_length=1000)
    """The new images that are farthest from the old ones, the farthest first."""


save_drift, load_drift = record_file(DriftRecord, "drift record", "run drift again")
"""Write and read a ``drift.json``."""
