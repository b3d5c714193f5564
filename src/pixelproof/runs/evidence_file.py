"""``evidence.json``: where the gain of one model over another lies, what factors do, and what becomes of claims.

What is undefined is None. Differences are shares, not percentage points.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pixelproof.runs.claims import Claim, ClaimTest
from pixelproof.runs.comparison_file import Verdict
from pixelproof.runs.fields import Count, Estimate, Number
from pixelproof.runs.records import record_file
from pixelproof.schema import Strict

VERSION: Literal[1] = 1
FILE = "evidence.json"


Outcome = Literal["holds", "opposite", "undecided"]
Status = Literal["confirmed", "refuted", "undecided"]


class GainPart(Strict):
    """A part of the gain in mIoU; the parts add up to the whole."""

    name: str
    gain: Estimate


class Change(Strict):
    """A figure of both models, and the second's minus the first's."""

    name: str
    a: Number
    b: Number
    difference: Estimate


class Confusion(Strict):
    """Pixels of one class taken for another: how many, and how many fewer by the second model."""

    true: str
    predicted: str
    a: Count
    b: Count
    repaired: Estimate
    """As a share of all true pixels of scored classes; below 0 where the second confuses more."""


class Where(Strict):
    """Where the gain of model B over model A lies, with intervals over images."""

    total: Estimate
    """Gain in mIoU."""
    edges: Estimate
    """Part of it that is due to pixels near true boundaries."""
    interior: Estimate
    """Part of it that is due to all others."""
    width: int
    """Largest distance to a boundary that is called near, in pixels."""
    bands: tuple[GainPart, ...]
    """Part of the gain by distance in pixels to the true boundary; those near add up to ``edges``."""
    error_rates: tuple[Change, ...]
    """Share of wrong pixels by distance in pixels to the true boundary."""
    recalls: tuple[Change, ...]
    """Share of hit pixels by area in pixels of the true object."""
    found: tuple[Change, ...]
    """Share of objects more than half hit, likewise."""
    confusions: tuple[Confusion, ...]
    """Pairs of classes in which most changed, the largest first."""


class PairGain(Strict):
    """Where the gain of ``b`` over ``a`` lies."""

    a: str
    b: str
    where: Where


class MosaicFigure(Strict):
    """How far boundaries fall onto the grid of a stride; see ``evaluation.mosaic``."""

    stride: int
    index: Number
    low: Number
    high: Number
    p: Number


class FoldAreas(Strict):
    """How well a classifier's networks tell a class from all others, each on the images of its fold."""

    name: str
    """The class."""
    ap: tuple[Number, ...]
    """Average precision of each fold; undefined where its images have none of the class."""
    auc: tuple[Number, ...]
    """ROC AUC."""


class ModelFigures(Strict):
    """Figures of one model, each a mean over its runs with different seeds."""

    name: str
    runs: Annotated[int, Field(ge=1)]
    score: Number
    """mIoU or accuracy."""
    spread: Number
    """Its standard deviation over the runs; None for a single one."""
    scores: tuple[Number, ...]
    """That of each run."""
    boundary_iou: dict[str, Number] = Field(default_factory=dict)
    """Mean over classes, by tolerance in pixels."""
    boundary_f1: dict[str, Number] = Field(default_factory=dict)
    mosaics: tuple[MosaicFigure, ...] = ()
    folds: tuple[Number, ...] = ()
    """The score on the images of each fold alone, where those of all folds are scored as one."""
    fold_areas: tuple[FoldAreas, ...] = ()
    """Of each class of classifiers; empty where there are no folds, or one has no probabilities."""


class SeedGain(Strict):
    """How far the mean score of ``b`` over its seeds is above that of ``a``."""

    a: str
    b: str
    seeds: tuple[int, int]
    """Runs of ``a`` and of ``b``."""
    difference: Estimate
    """Interval over images and seeds."""
    p: Number
    adjusted: Number
    """``p`` after Holm's method over all pairs of the part."""
    verdict: Verdict


class Effect(Strict):
    """What a level of a factor changes in the score, against the factor's level in the baseline."""

    factor: str
    level: str
    reference: str
    difference: Estimate
    """Interval over images and, where there are several, seeds."""
    p: Number
    adjusted: Number
    """``p`` after Holm's method over all effects of the part."""
    pairs: tuple[tuple[str, str], ...]
    """The (reference, level) models that differ in nothing else."""
    seeds: Annotated[int, Field(ge=1)]


class TestResult(Strict):
    """The outcome of one test of a claim."""

    test: ClaimTest
    outcome: Outcome
    difference: Estimate
    """``model`` minus ``against``; for ``mosaic`` the index, with the interval that chance yields."""
    p: Number


class ClaimResult(Strict):
    """What becomes of a claim."""

    claim: Claim
    status: Status
    results: tuple[TestResult, ...]
    seeds: Annotated[int, Field(ge=1)]
    """Runs of each model behind it; with one, the verdict is about these runs alone."""


class EvidenceRecord(Strict):
    """What the scores of a part's models show beyond who is better."""

    version: Literal[1] = VERSION
    task: Literal["classification", "segmentation"]
    protocol: str | None
    metric: str
    """What the models' scores are."""
    images: Count
    models: tuple[ModelFigures, ...]
    truth: tuple[MosaicFigure, ...] = ()
    """The truth's own boundaries on the same grids, as a control."""
    gains: tuple[PairGain, ...] = ()
    over_seeds: tuple[SeedGain, ...] = ()
    """Every pair of models of which one has several seeds."""
    effects: tuple[Effect, ...] = ()
    claims: tuple[ClaimResult, ...] = ()

    @property
    def mosaics(self) -> list[tuple[MosaicFigure, ...]]:
        """Those of each model, the truth's last."""
        return [*(model.mosaics for model in self.models), self.truth]

    @property
    def best(self) -> str:
        """The model with the highest mean score over its seeds but for the first; the first where it is alone."""
        return max(self.models[1:] or self.models, key=lambda model: model.score or 0.0).name


save_evidence, load_evidence = record_file(EvidenceRecord, "evidence record", "run the study or comparison again")
"""Write and read an ``evidence.json``."""
