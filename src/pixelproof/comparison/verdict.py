"""When a difference is called a difference."""

from __future__ import annotations

from pixelproof.comparison.paired import SIGNIFICANCE
from pixelproof.runs.comparison_file import ClassRecord, PairRecord, Verdict


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


def significant(p: float | None) -> bool:
    """Return whether a p-value is small enough to count; one that is missing or not a number is not."""
    return p is not None and p < SIGNIFICANCE


def class_verdict(record: ClassRecord) -> Verdict:
    """Return which model is better on a class, with the p-value adjusted over the classes."""
    return verdict(record.low, record.high, record.p)


def disagree(pair: PairRecord) -> bool:
    """Return whether the test and the interval say different things, which leaves a pair undecided."""
    return significant(pair.p) != (pair.low > 0 or pair.high < 0)
