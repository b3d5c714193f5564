"""Two classifiers: accuracy over all images and in every class."""

from __future__ import annotations

import numpy as np

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.comparison import paired
from pixelproof.comparison.findings import Findings
from pixelproof.comparison.proportions import mcnemar, tango
from pixelproof.evaluation.metrics import ratio
from pixelproof.evaluation.resampling import MINIMUM
from pixelproof.runs import ClassificationScores


def compare_classifiers(a: ClassificationScores, b: ClassificationScores, groups: Int64 | None, seed: int) -> Findings:
    """Return the comparison of two classifiers that were scored on the same images in the same order.

    Args:
        a: The first model's outcomes.
        b: The second's.
        groups: int64 [N], the group of each image. Groups are resampled, as McNemar's test would take their images for
            independent. None if every image stands for itself.
        seed: Seed of the resamples.
    """
    right_a, right_b = a.correct, b.correct
    member = _membership(a)
    counts_a, counts_b = (np.stack([member & right[:, None], member], axis=1) for right in (right_a, right_b))
    if groups is None:
        low, high, p = _exact(member, right_a, right_b)
        effective = np.where(member.sum(axis=0) >= MINIMUM, member.sum(axis=0), np.nan)
    else:
        units_a, units_b = (paired.by_unit(counts, groups) for counts in (counts_a, counts_b))
        shown = (units_a[:, 1] > 0).sum(axis=0)
        effective = paired.effective_units(units_a, units_b, statistic, shown)
        low, high = paired.interval(paired.bootstrap(units_a, units_b, statistic, seed), effective)
        p = paired.permutation_p(units_a, units_b, statistic, seed)
    return Findings(
        metric="accuracy",
        classes=a.scheme.names,
        a=statistic(counts_a.sum(axis=0)),
        b=statistic(counts_b.sum(axis=0)),
        low=low,
        high=high,
        p=p,
        shown=member[:, :-1].sum(axis=0),
        effective=effective[:-1],
        image_a=right_a.astype(np.float64),
        image_b=right_b.astype(np.float64),
    )


def statistic(sums: Float64) -> Float64:
    """Return accuracies [..., S] from the images [..., 2, S] that are right and that there are."""
    return ratio(sums[..., 0, :], sums[..., 1, :])


def _membership(scores: ClassificationScores) -> Bool:
    """Return which images belong to each class and, last, to all, bool [N, K+1]."""
    classes = np.arange(len(scores.scheme.classes))
    return np.append(scores.truth[:, None] == classes, np.ones((len(scores.ids), 1), np.bool_), axis=1)


def _exact(member: Bool, right_a: Bool, right_b: Bool) -> tuple[Float64, Float64, Float64]:
    """Return bounds and p-value of each class and of all images; NaN where there are too few."""
    a_alone = (member & (right_a & ~right_b)[:, None]).sum(axis=0)
    b_alone = (member & (right_b & ~right_a)[:, None]).sum(axis=0)
    results = np.full((3, member.shape[1]), np.nan)
    for place, images in enumerate(member.sum(axis=0)):
        if images >= MINIMUM:
            a, b = int(a_alone[place]), int(b_alone[place])
            results[:, place] = *tango(a, b, int(images)), mcnemar(a, b)
    return results[0], results[1], results[2]
