"""At which strength of a stress a score has fallen by so much, with its interval.

Curves of resampled units fall at other strengths, or at none that was tried, which is counted as beyond the hardest: so
the interval is one of places along the curve, by the same resampling as that of a difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pixelproof.array_types import Float64
from pixelproof.comparison import paired
from pixelproof.comparison.areas import areas, informing
from pixelproof.comparison.figures import score_figure
from pixelproof.comparison.match import group
from pixelproof.evaluation.metrics import PROTOCOL
from pixelproof.evaluation.resampling import by_unit, effective
from pixelproof.runs import ClassificationScores, Scores
from pixelproof.runs.metric_names import is_area


class Fall(NamedTuple):
    """Places along a curve: 0 is no change, k the k-th strength, between them straight lines; above all, beyond them.

    ``ends`` is the 95% interval; None where nothing shows how much the place varies.
    """

    value: float
    ends: tuple[float, float] | None


def fall(before: Sequence[Scores], under: Sequence[Scores], metric: str, margin: float, seed: int) -> Fall:
    """Return where a score has first fallen by a margin.

    Args:
        before: Scores of images as they are, one or as many as strengths.
        under: Those under stress, from the mildest strength on.
        metric: What decides.
        margin: By how much the score is to fall, as a share.
        seed: Seed of the resamples.
    """
    change, drawn, support = (_of_areas if is_area(metric) else _of_counts)(before, under, metric, seed)
    value = float(places(change[None], margin)[0])
    decides = min(math.ceil(value), len(under)) - 1  # the strength that has fallen so far, or else the hardest
    found = places(drawn, margin)[:, None]
    low, high = (float(end[0]) for end in paired.interval(found, support[[decides]]))
    return Fall(value, None if math.isnan(low) else (min(low, value), max(high, value)))


def places(changes: Float64, margin: float) -> Float64:
    """Return where curves of changes [R, S] have first fallen by a margin, [R]; S + 1 for one that has not.

    NaN for one that is undefined before, as of a resample without images of a class: intervals leave it out.

    >>> places(np.array([[-0.02, -0.06], [0.0, -0.04], [np.nan, -0.06]]), 0.05)
    array([1.75, 3.  ,  nan])
    """
    changes = np.concatenate([np.zeros((len(changes), 1)), changes], axis=1)
    decided = (changes <= -margin) | np.isnan(changes)
    first = np.maximum(decided.argmax(axis=1), 1)
    rows = np.arange(len(changes))
    near, far = changes[rows, first - 1], changes[rows, first]
    between = (near + margin) / np.where(decided[rows, first], near - far, 1)
    found: Float64 = np.where(decided.any(axis=1), first - 1 + between, changes.shape[1])
    return found


def at(place: float, strengths: Sequence[float]) -> float | None:
    """Return the strength at a place, where ``strengths`` begin with that of no change; None beyond the hardest.

    >>> at(1.5, (100, 70, 40)), at(2.5, (100, 70, 40))
    (55.0, None)
    """
    return float(np.interp(place, np.arange(len(strengths)), strengths)) if place <= len(strengths) - 1 else None


def _of_counts(
    before: Sequence[Scores], under: Sequence[Scores], metric: str, seed: int
) -> tuple[Float64, Float64, Float64]:
    """Return the changes [S], those of resamples [R, S], and how many units support each, [S]."""
    states, figure = [*before, *under], score_figure(before[0], PROTOCOL, metric)
    groups = group(states, None)
    units = np.stack([by_unit(figure.counts(each), groups) for each in states], axis=1)

    def change(sums: Float64) -> Float64:
        values = figure.value(sums)
        return values[..., len(before) :] - values[..., : len(before)]

    shown = np.full(len(under), figure.informing(units[:, 0]))
    return change(units.sum(axis=0)), paired.resample(units, change, seed), paired.support(units, change, shown)


def _of_areas(
    before: Sequence[Scores], under: Sequence[Scores], metric: str, seed: int
) -> tuple[Float64, Float64, Float64]:
    """Return the same of areas under curves, resampled by what leaving out each image changes."""
    groups, values, moved = group([*before, *under], None), [], []
    for each in (*before, *under):
        assert isinstance(each, ClassificationScores)
        value, change = areas(each, metric, groups)
        values.append(value[-1])
        moved.append(change[:, -1])
    assert isinstance(before[0], ClassificationScores)
    first, gone = len(before), np.nan_to_num(np.stack(moved, axis=1))
    found, gone = np.array(values[first:]) - values[0], gone[:, first:] - gone[:, :1]
    # What is drawn once more adds what leaving it out takes away.
    drawn = paired.resample(gone, lambda sums: found - (sums - gone.sum(axis=0)), seed)
    return found, drawn, effective(gone, informing(gone, before[0], groups))
