"""When a difference is called a difference."""

from __future__ import annotations

from typing import Literal

import numpy as np

from pixelproof.comparison.paired import SIGNIFICANCE, holm
from pixelproof.evaluation.summary import defined
from pixelproof.runs.comparison_file import ClassRecord, ComparisonRecord, NoWorse, PairRecord, Verdict
from pixelproof.runs.evidence_file import EvidenceRecord, MosaicFigure
from pixelproof.runs.fields import Estimate

Side = Literal["a", "b"]


def verdict(low: float | None, high: float | None, p: float | None) -> Verdict:
    """Return which model is better: only where the test is significant and the interval excludes 0.

    Args:
        low: Lower bound of the difference b - a; None where there is no interval.
        high: Upper bound.
        p: The p-value; not-a-number is no evidence.
    """
    if low is None or high is None or not significant(p):
        return "undecided"
    return "b" if low > 0 else "a" if high < 0 else "undecided"


def no_worse(pair: PairRecord, record: ComparisonRecord) -> dict[Side, NoWorse]:
    """Return whether each model of a pair is shown to be no worse than the other but for the record's margin.

    Nothing is shown by so few images, or groups, that no test could, and none is worse that the verdict does not name.
    """
    margin = record.margin or 0.0
    if least_p(pair, record) >= SIGNIFICANCE:
        return {"b": "open", "a": "open"}
    ends: dict[Side, Estimate] = {"b": pair.estimate, "a": pair.estimate.turned}
    return {side: within_margin(each, margin, pair.verdict not in ("undecided", side)) for side, each in ends.items()}


def within_margin(difference: Estimate, margin: float, beaten: bool) -> NoWorse:
    """Return whether a difference is shown to be no lower than -``margin``; of one not ``beaten`` it is not refuted."""
    low, high = difference.low, difference.high
    if low is not None and low > -margin:
        return "shown"
    return "refuted" if beaten and high is not None and high < -margin else "open"


def times_as_many(difference: Estimate, margin: float) -> float | None:
    """Return how many times as many images would show what is open: that a difference is no lower than -``margin``.

    None where it would not be shown if the difference stays as it is, or is shown.
    """
    low, value = difference.low, difference.value or 0.0
    if low is None or not low < -margin < value:
        return None
    return ((value - low) / (value + margin)) ** 2  # intervals narrow with the root of the number of images


def least_p(pair: PairRecord, record: ComparisonRecord) -> float:
    """Return the least p-value that a pair's images, or groups, could give.

    That is each one's two results exchanged or not, and the same the other way round.
    """
    return float(2 / 2 ** record.units(pair))


def significant(p: float | None) -> bool:
    """Return whether a p-value is small enough to count; one that is missing or not a number is not."""
    return p is not None and p < SIGNIFICANCE


def class_verdict(record: ClassRecord) -> Verdict:
    """Return which model is better on a class, with the p-value adjusted over the classes."""
    return verdict(record.low, record.high, record.p)


def estimate_verdict(difference: Estimate, p: float | None) -> Verdict:
    """Return which of two is better by their difference and its p-value."""
    return verdict(difference.low, difference.high, p)


def over_pairs(record: ComparisonRecord) -> dict[tuple[str, str], float | None]:
    """Return the p-value of each pair, by its models' names, adjusted over all pairs by Holm's method."""
    adjusted = holm(np.array([pair.p for pair in record.pairs], np.float64)).tolist()
    return {(pair.a, pair.b): defined(p) for pair, p in zip(record.pairs, adjusted, strict=True)}


def disagree(pair: PairRecord) -> bool:
    """Return whether the test and the interval say different things, which leaves a pair undecided."""
    return significant(pair.p) != ((pair.low or 0) > 0 or (pair.high or 0) < 0)


def mosaics_beyond_chance(evidence: EvidenceRecord) -> list[list[MosaicFigure]]:
    """Return each model's mosaics, the truth's last, that are above what chance yields and significant after Holm."""
    table = evidence.mosaics
    p_values = [np.nan if m.p is None else m.p for row in table for m in row]
    adjusted = iter(holm(np.array(p_values, np.float64)).tolist())
    return [[m for m in row if significant(next(adjusted)) and (m.index or 0) > (m.high or np.inf)] for row in table]
