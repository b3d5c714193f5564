"""Which of two models stands stress better, on the same images under the same stress.

Two questions, each about the mean over the strengths of a stress: whose score is higher then, and who loses less of the
score that it has on images as they are. Units are resampled, and the models exchanged on them, with all their states.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.comparison import paired
from pixelproof.comparison.areas import areas, informing
from pixelproof.comparison.figures import score_figure
from pixelproof.comparison.match import group, refuse_mixture
from pixelproof.comparison.stress import Tried
from pixelproof.comparison.verdict import verdict
from pixelproof.evaluation.metrics import PROTOCOL
from pixelproof.evaluation.resampling import by_unit, effective
from pixelproof.evaluation.summary import defined
from pixelproof.runs import ClassificationScores, Scores
from pixelproof.runs.fields import Estimate
from pixelproof.runs.metric_names import is_area
from pixelproof.runs.stress_file import Standing

States = Mapping[str, Scores]
Question = Literal["score", "kept"]


class _Found(NamedTuple):
    """What is known of b - a, each [2]: of scores under stress, and of what is kept."""

    value: Float64
    low: Float64
    high: Float64
    p: Float64


def standings(
    models: Mapping[str, tuple[str, Sequence[Tried], States]], metric: str, seed: int
) -> tuple[Standing, ...]:
    """Return all pairs of models under each stress.

    Args:
        models: By name, the file of the untouched scores, the stresses, which are the same of all, and scores by file.
        metric: What decides.
        seed: Seed of the resamples.

    Raises:
        Refusal: The models were not scored on the same images.
    """
    found: dict[tuple[str, str, str], _Found] = {}
    for (a, first), (b, second) in itertools.combinations(models.items(), 2):
        refuse_mixture(first[2][first[0]], second[2][second[0]])
        for one, other in zip(first[1], second[1], strict=True):
            sides = [
                [[states[file] for file in files] for files in tried.sides(untouched)]
                for (untouched, _, states), tried in ((first, one), (second, other))
            ]
            found[one.stress, a, b] = _compared(sides[0], sides[1], metric, seed)
    p_values = np.array([each.p for each in found.values()]).reshape(-1, 2)
    adjusted = np.stack([paired.holm(p_values[:, place]) for place in (0, 1)], axis=1)
    return tuple(_standing(*key, each, p) for (key, each), p in zip(found.items(), adjusted, strict=True))


def _standing(stress: str, a: str, b: str, found: _Found, p: Float64) -> Standing:
    score, kept = (
        Estimate(value=found.value[place], low=defined(found.low[place]), high=defined(found.high[place]))
        for place in (0, 1)
    )
    score_p, kept_p = map(defined, p)
    return Standing(
        stress=stress,
        a=a,
        b=b,
        score=score,
        score_p=score_p,
        score_better=verdict(score.low, score.high, score_p),
        kept=kept,
        kept_p=kept_p,
        kept_better=verdict(kept.low, kept.high, kept_p),
    )


def _compared(a: Sequence[Sequence[Scores]], b: Sequence[Sequence[Scores]], metric: str, seed: int) -> _Found:
    """Return what is known of b - a; of each the scores on images as they are come first, then those under stress."""
    still, (one, other) = len(a[0]), ([each for part in side for each in part] for side in (a, b))
    groups = group([*one, *other], None)
    if is_area(metric):
        return _areas(one, other, metric, groups)
    figure = score_figure(one[0], PROTOCOL, metric)
    first, second = (np.stack([by_unit(figure.counts(s), groups) for s in side], axis=1) for side in (one, other))

    def asked(sums: Float64) -> Float64:
        """From sums of counts [R, 2, B+S, *C] of both models to what is asked of them, [R, 2]."""
        values = figure.value(sums)
        return _questions(values[:, 1] - values[:, 0], still)

    both = np.stack([first, second], axis=1)
    support = paired.support(both, asked, np.full(2, figure.informing(first[:, 0])))
    low, high = paired.interval(paired.resample(both, asked, seed), support)
    p = np.where(np.isnan(low), np.nan, paired.exchanged_p(first, second, asked, seed))
    return _Found(asked(both.sum(axis=0)[None])[0], low, high, p)


def _questions(gains: Float64, still: int = 1) -> Float64:
    """Return the mean under stress and what of it was not there before, [..., 2].

    Args:
        gains: b - a on images as they are, once or once for each of S strengths, then under stress, [..., B+S].
        still: B.
    """
    under = gains[..., still:].mean(axis=-1)
    return np.stack([under, under - gains[..., :still].mean(axis=-1)], axis=-1)


def _areas(a: Sequence[Scores], b: Sequence[Scores], metric: str, groups: Int64 | None) -> _Found:
    """Return the same of areas under curves, by what leaving out each image changes."""
    values, moved = [], []
    for one, other in zip(a, b, strict=True):
        assert isinstance(one, ClassificationScores)
        assert isinstance(other, ClassificationScores)
        (value_a, moved_a), (value_b, moved_b) = (areas(each, metric, groups) for each in (one, other))
        values.append(value_b[-1] - value_a[-1])
        moved.append(moved_b[:, -1] - moved_a[:, -1])
    assert isinstance(a[0], ClassificationScores)
    value, influence = _questions(np.array(values)), _questions(np.stack(moved, axis=-1))
    support = effective(influence, informing(influence, a[0], groups))
    low, high, p = paired.student(value, (influence**2).sum(axis=0), support)
    return _Found(value, low, high, np.maximum(p, 2.0 ** (1 - len(influence))))
