"""Two classifiers: accuracy over all images and in every class, or another figure of their outcomes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.comparison.areas import compare_areas
from pixelproof.comparison.counted import compare_counted
from pixelproof.comparison.figures import class_figure
from pixelproof.comparison.findings import Findings
from pixelproof.comparison.proportions import mcnemar, tango
from pixelproof.evaluation.metrics import ratio
from pixelproof.evaluation.resampling import MINIMUM
from pixelproof.runs import ClassificationScores
from pixelproof.runs.metric_names import is_area, parted


def compare_classifiers(
    a: ClassificationScores, b: ClassificationScores, groups: Int64 | None, seed: int, metric: str = "accuracy"
) -> Findings:
    """Return the comparison of two classifiers that were scored on the same images in the same order.

    Args:
        a: The first model's outcomes.
        b: The second's.
        groups: int64 [N], the group of each image. Groups are resampled, as McNemar's test would take their images for
            independent. None if every image stands for itself.
        seed: Seed of the resamples.
        metric: What decides; see ``runs.metric_names``.

    Raises:
        Refusal: The metric is of probabilities, which one of them does not know.
    """
    name, of = parted(metric)
    if is_area(metric):
        return compare_areas(a, b, metric, groups)
    if groups is None and name in ("accuracy", "recall"):
        return _compare_shares(a, b, metric, of)
    found = compare_counted(a, b, metric, class_figure(metric, a, "unknown_counted"), groups, seed)
    found = replace(found, image_a=a.correct.astype(np.float64), image_b=b.correct.astype(np.float64))
    if groups is None and name == "balanced_accuracy":
        return _with_classes_of(_compare_shares(a, b, metric, of), found)
    return found


def _with_classes_of(exact: Findings, found: Findings) -> Findings:
    """Return what was found with the classes as the exact test has them, which is of their recall as well."""
    low, high, p = (
        np.append(classes[:-1], whole[-1])
        for classes, whole in zip((exact.low, exact.high, exact.p), (found.low, found.high, found.p), strict=True)
    )
    return replace(found, effective=exact.effective, low=low, high=high, p=p)


def _compare_shares(a: ClassificationScores, b: ClassificationScores, metric: str, of: str) -> Findings:
    """Compare shares of independent images that are right, those of each class and of all or of one again."""
    member, right_a, right_b = _membership(a, of), a.correct, b.correct
    low, high, p = _exact(member, right_a, right_b)
    images = member.sum(axis=0)
    return Findings(
        metric=metric,
        method="exact",
        classes=a.scheme.names,
        a=ratio((member & right_a[:, None]).sum(axis=0), images),
        b=ratio((member & right_b[:, None]).sum(axis=0), images),
        low=low,
        high=high,
        p=p,
        shown=images[:-1],
        effective=np.where(images >= MINIMUM, images, np.nan)[:-1],
        image_a=right_a.astype(np.float64),
        image_b=right_b.astype(np.float64),
    )


def _membership(scores: ClassificationScores, of: str) -> Bool:
    """Return which images belong to each class and, last, to all or to the class ``of``, bool [N, K+1]."""
    by_class = scores.of_class
    last = by_class[:, scores.scheme.names.index(of)] if of else np.ones(len(scores.ids), np.bool_)
    return np.append(by_class, last[:, None], axis=1)


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
