"""Claims: confirmed, refuted or undecided, each by its own tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.comparison import paired
from pixelproof.comparison.evidence.measures import measure
from pixelproof.comparison.evidence.runs import measured
from pixelproof.comparison.evidence.seeds import over_images_and_seeds
from pixelproof.comparison.figures import boundaries
from pixelproof.comparison.verdict import significant, verdict
from pixelproof.evaluation.metrics import Protocol
from pixelproof.evaluation.mosaic import mosaic
from pixelproof.evaluation.resampling import MINIMUM
from pixelproof.runs import Scores
from pixelproof.runs.claims import Claim, ClaimTest
from pixelproof.runs.comparison_file import Verdict
from pixelproof.runs.evidence_file import ClaimResult, Estimate, Outcome, Status, TestResult
from pixelproof.runs.metric_names import is_area

Pair = tuple[Scores, Scores]
Models = Mapping[str, Sequence[Scores]]
"""The runs of each model by its name, one for each seed, all scored on the same images."""
OUTCOMES: Mapping[Verdict, Outcome] = {"b": "holds", "a": "opposite", "undecided": "undecided"}
"""What a verdict between the model a claim is against and the model it names says of the claim."""


@dataclass(frozen=True)
class _Gains:
    """By how much a model surpasses another.

    Attributes:
        gains: float64 [S], of each pair of runs.
        over_images: Variance of their mean over images, and the effective number of these behind it.
        exchanged: The p-value of exchanging two single runs; None where that of the variance counts.
    """

    gains: Float64
    over_images: tuple[float, float]
    exchanged: float | None = None


def judge(claim: Claim, models: Models, protocol: Protocol, seed: int = 0, groups: Int64 | None = None) -> ClaimResult:
    """Return what becomes of a claim: confirmed if all its tests hold, refuted if one is found the other way round.

    Args:
        claim: The claim.
        models: The runs of every model that it names.
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
    # Runs are paired by the order of their seeds, so that one resample of images serves both.
    pairs = list(zip(models[test.against], models[test.model], strict=False))
    found = (_areas if is_area(test.metric) else _counted)(test.metric, pairs, protocol, seed, groups)
    freedom = len(pairs) - 1
    variance = float(found.gains.var(ddof=1)) / len(pairs) if freedom else math.nan
    estimate, p = over_images_and_seeds(float(found.gains.mean()), *found.over_images, variance, freedom)
    p = p if found.exchanged is None else found.exchanged
    return TestResult(test=test, outcome=OUTCOMES[verdict(estimate.low, estimate.high, p)], difference=estimate, p=p)


def _counted(metric: str, pairs: Sequence[Pair], protocol: Protocol, seed: int, groups: Int64 | None) -> _Gains:
    """Return the gains in what derives from counts."""
    compared = measure(metric, pairs[0][0], protocol)
    stacked = (np.stack([compared.counts(a), compared.counts(b)], axis=1) for a, b in pairs)
    counts = [paired.by_unit(each, groups) for each in stacked]
    gains = np.array([compared.gain(each.sum(axis=0)[None])[0] for each in counts])
    units = np.stack(counts, axis=1)

    def mean_gain(sums: paired.Counts) -> Float64:
        each: Float64 = np.stack([compared.gain(sums[:, place]) for place in range(len(pairs))], axis=1)
        mean: Float64 = each.mean(axis=1, keepdims=True)
        return mean

    variance = paired.variance(paired.resample(units, mean_gain, seed)[:, 0])
    support = float(paired.support(units, mean_gain, np.array([compared.informing(units[:, 0, 0])]))[0])
    exchanged = None
    if len(pairs) == 1 and len(units) >= MINIMUM:  # as in the comparison of these two runs
        found = paired.exchanged_p(counts[0][:, 0], counts[0][:, 1], lambda s: compared.gain(s)[:, None], seed)
        exchanged = float(found[0])
    return _Gains(gains, (variance, support), exchanged)


def _areas(metric: str, pairs: Sequence[Pair], protocol: Protocol, seed: int, groups: Int64 | None) -> _Gains:
    """Return the gains in an area under a curve."""
    runs, count = [run for side in zip(*pairs, strict=True) for run in side], len(pairs)
    score = measured(runs, metric, protocol, groups, seed)
    weights = np.repeat([-1 / count, 1 / count], count)
    return _Gains(score.values[count:] - score.values[:count], score.varies(weights))


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
