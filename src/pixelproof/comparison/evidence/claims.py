"""Claims: confirmed, refuted or undecided, each by its own tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.comparison import paired
from pixelproof.comparison.evidence.contrasts import Cell, differences
from pixelproof.comparison.evidence.measures import measure
from pixelproof.comparison.evidence.seeds import over_images_and_seeds
from pixelproof.comparison.figures import boundaries
from pixelproof.comparison.verdict import estimate_verdict, significant
from pixelproof.evaluation.metrics import Protocol
from pixelproof.evaluation.mosaic import mosaic
from pixelproof.evaluation.resampling import MINIMUM, Counts, by_unit
from pixelproof.runs import Scores
from pixelproof.runs.claims import PARTS, Claim, ClaimTest
from pixelproof.runs.comparison_file import Verdict
from pixelproof.runs.evidence_file import ClaimResult, Outcome, Status, TestResult
from pixelproof.runs.fields import Estimate
from pixelproof.runs.metric_names import is_area

Pair = tuple[Scores, Scores]
Models = Mapping[str, Sequence[Scores]]
"""The runs of each model by its name, one for each seed, all scored on the same images."""
OUTCOMES: Mapping[Verdict, Outcome] = {"b": "holds", "a": "opposite", "undecided": "undecided"}
"""What a verdict between the model a claim is against and the model it names says of the claim."""


def judge(claim: Claim, models: Models, protocol: Protocol, seed: int = 0, groups: Int64 | None = None) -> ClaimResult:
    """Return what becomes of a claim: confirmed if all its tests hold, refuted if one is found the other way round.

    Args:
        claim: The claim.
        models: The runs of every model of the part, or of those alone that it names.
        protocol: How pixels of ignored classes count.
        seed: Seed of the resamples.
        groups: int64 [N], 0 to G-1: images of a group are resampled together; by default each is its own.

    Raises:
        UserError: A test's metric is none of the models' task, or needs boundary counts that the scores do not hold.
        Refusal: It needs probabilities that they do not hold.
    """
    results = tuple(_test(test, models, protocol, seed, groups) for test in claim.tests)
    return ClaimResult(
        claim=claim, status=_status(results), results=results, seeds=min(len(models[name]) for name in claim.models)
    )


def _status(results: Sequence[TestResult]) -> Status:
    outcomes = {result.outcome for result in results}
    if "opposite" in outcomes:
        return "refuted"
    return "confirmed" if outcomes == {"holds"} else "undecided"


def _test(test: ClaimTest, models: Models, protocol: Protocol, seed: int, groups: Int64 | None) -> TestResult:
    if test.against is None:
        return _on_the_grid(test, models[test.model])
    one, other = models[test.against], models[test.model]
    if test.metric in PARTS:
        estimate, p = _part(test.metric, list(zip(one, other, strict=False)), protocol, seed, groups)
    else:
        single = len(one) == len(other) == 1  # whose other seeds are not known, whatever those of others do
        cells = [Cell(n, {}, runs) for n, runs in models.items() if not single or n in (test.model, test.against)]
        contrast = {test.against: -1.0, test.model: 1.0}
        (found,) = differences(cells, [contrast], protocol, seed, groups, test.metric)
        estimate, p = found.difference, found.p
    if len(one) == len(other) == 1 and not is_area(test.metric):  # as in the comparison of these two runs
        p = _exchanged(test.metric, (one[0], other[0]), protocol, seed, groups)
    return TestResult(test=test, outcome=OUTCOMES[estimate_verdict(estimate, p)], difference=estimate, p=p)


def _part(
    metric: str, pairs: Sequence[Pair], protocol: Protocol, seed: int, groups: Int64 | None
) -> tuple[Estimate, float]:
    """Return the mean over pairs of runs of a part of the gain, which each pair has of its own, and its p-value.

    Runs are paired by the order of their seeds, so that one resample of images serves both.
    """
    compared = measure(metric, pairs[0][0], protocol)
    stacked = [np.stack([compared.counts(a), compared.counts(b)], axis=1) for a, b in pairs]
    units = np.stack([by_unit(each, groups) for each in stacked], axis=1)

    def gains(sums: Counts) -> Float64:
        each: Float64 = np.stack([compared.gain(sums[:, place]) for place in range(len(pairs))], axis=1)
        return each

    def mean_gain(sums: Counts) -> Float64:
        mean: Float64 = gains(sums).mean(axis=1, keepdims=True)
        return mean

    found, freedom = gains(units.sum(axis=0)[None])[0], len(pairs) - 1
    over_images = paired.variance(paired.resample(units, mean_gain, seed)[:, 0])
    support = float(paired.support(units, mean_gain, np.array([len(units)]))[0])
    over_seeds = float(found.var(ddof=1)) / len(pairs) if freedom else math.nan
    return over_images_and_seeds(float(found.mean()), over_images, support, over_seeds, freedom)


def _exchanged(metric: str, pair: Pair, protocol: Protocol, seed: int, groups: Int64 | None) -> float:
    """Return the p-value of exchanging two single runs on every image; NaN of too few."""
    compared = measure(metric, pair[0], protocol)
    one, other = (by_unit(compared.counts(scores), groups) for scores in pair)
    if len(one) < MINIMUM:
        return math.nan
    return float(paired.exchanged_p(one, other, lambda sums: compared.gain(sums)[:, None], seed)[0])


def _on_the_grid(test: ClaimTest, runs: Sequence[Scores]) -> TestResult:
    """Test whether a model's boundaries fall onto the grid of a stride; its runs are taken together."""
    phases = np.sum([boundaries(run).phases for run in runs], axis=0)
    found = mosaic(phases, test.stride)
    outcome: Outcome = "undecided"
    if significant(found.p):
        outcome = "holds"
    elif found.index < found.low:
        outcome = "opposite"
    return TestResult(
        test=test,
        outcome=outcome,
        difference=Estimate(value=found.index, low=found.low, high=found.high),
        p=found.p,
    )
