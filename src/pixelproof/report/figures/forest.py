"""Differences with their intervals on one axis: a forest plot as rows that a page draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.ticker import MaxNLocator

from pixelproof.comparison.wording.words import bound, points
from pixelproof.report.figures.style import signed_tick
from pixelproof.runs.fields import Estimate

_TICKS = 6


@dataclass(frozen=True)
class Difference:
    """A difference to draw, in shares; ``verdict`` is "better", "worse" or empty where nothing is known."""

    name: str
    estimate: Estimate
    verdict: str = ""
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One row; places are in percent of the axis, None where the difference is undefined."""

    name: str
    text: str
    verdict: str
    note: str
    place: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Forest:
    """A plot: its rows, its ticks as (place, label), and the place of no difference."""

    rows: list[Row]
    ticks: list[tuple[float, str]]
    zero: float


def forest(differences: Sequence[Difference]) -> Forest | None:
    """Lay out differences on a common axis in percentage points; None if no one is defined."""
    reach = [0.0]
    for each in (difference.estimate for difference in differences):
        reach += [100 * bound for bound in (each.value, each.low, each.high) if bound is not None]
    if len(reach) == 1:
        return None
    ticks = [float(tick) for tick in MaxNLocator(_TICKS, steps=[1, 2, 5, 10]).tick_values(min(reach), max(reach) or 1)]
    start, width = ticks[0], ticks[-1] - ticks[0]

    def place(value: float) -> float:
        return 100 * (100 * value - start) / width

    return Forest(
        rows=[_row(difference, place) for difference in differences],
        ticks=[(100 * (tick - start) / width, signed_tick(tick)) for tick in ticks],
        zero=place(0),
    )


def certain(estimate: Estimate) -> str:
    """Return "better" or "worse" where the interval, which is all that such figures have, excludes 0."""
    if estimate.low is None or estimate.high is None:
        return ""
    return "better" if estimate.low > 0 else "worse" if estimate.high < 0 else ""


def with_interval(estimate: Estimate) -> str:
    """Return ``+5.3 (1.5 to 8.7)`` in percentage points."""
    if estimate.low is None or estimate.high is None:
        return points(estimate.value)
    return f"{points(estimate.value)} ({bound(estimate.low)} to {bound(estimate.high)})"


def _row(difference: Difference, place: Callable[[float], float]) -> Row:
    each = difference.estimate
    value = each.value
    low, high = (value if end is None else end for end in (each.low, each.high))
    return Row(
        name=difference.name,
        text=with_interval(each),
        verdict=difference.verdict,
        note=difference.note,
        place=None if value is None else place(value),
        low=0.0 if low is None else place(low),
        high=0.0 if high is None else place(high),
    )
