"""Two classifiers by areas under curves of their probabilities, which are no sums of counts over images.

What leaving out each image would change of both is known from sorting once, so that the jackknife takes the place of
resamples; of ROC AUC this is the test of DeLong, DeLong and Clarke-Pearson (1988) with Student's distribution.
"""

from __future__ import annotations

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.comparison import paired
from pixelproof.comparison.findings import Findings
from pixelproof.errors import Refusal
from pixelproof.evaluation.areas import changes
from pixelproof.evaluation.metrics import mean_defined, ratio
from pixelproof.evaluation.resampling import MINIMUM, by_unit, effective
from pixelproof.evaluation.units import units_of
from pixelproof.runs import ClassificationScores
from pixelproof.runs.metric_names import parted


def compare_areas(a: ClassificationScores, b: ClassificationScores, metric: str, groups: Int64 | None) -> Findings:
    """Return the comparison of two classifiers by ROC AUC or average precision, of each class and of all or one.

    Args:
        a: The first model's outcomes.
        b: The second's, of the same images in the same order.
        metric: "roc_auc" or "average_precision", as ``runs.metric_names`` has it.
        groups: int64 [N], the group of each image, to be left out as wholes; None if every image stands for itself.

    Raises:
        Refusal: One of them does not know the probabilities.
    """
    (value_a, moved_a), (value_b, moved_b) = (areas(each, metric, groups) for each in (a, b))
    influence = moved_b - moved_a
    support = effective(influence, informing(influence, a, groups))
    variance = (influence**2).sum(axis=0)
    low, high, p = paired.student(value_b - value_a, variance, support)
    return Findings(
        metric=metric,
        method="jackknife",
        classes=a.scheme.names,
        a=value_a,
        b=value_b,
        low=low,
        high=high,
        p=np.maximum(p, 2.0 ** (1 - len(influence))),  # no less than exchanging the models on so few units could give
        shown=np.bincount(a.truth, minlength=len(a.scheme.classes)),
        effective=support[:-1],
        image_a=a.correct.astype(np.float64),
        image_b=b.correct.astype(np.float64),
    )


def areas(scores: ClassificationScores, metric: str, groups: Int64 | None) -> tuple[Float64, Float64]:
    """Return the area of each class and, last, their mean or that of one, [K+1], and what leaving out changes.

    By how much each of N images or groups changes each figure, [N, K+1]; NaN for a class that a single one shows, or
    does not show, as it cannot be left out. The mean takes that class's area for known.

    Raises:
        Refusal: The probabilities are not known.
    """
    name, of = parted(metric)
    if scores.probabilities is None:
        problem = f"the scores of {scores.source.name} have no probabilities of the classes, which '{name}' needs"
        raise Refusal(problem, "compare scores of one run, evaluated anew, or of a table of all probabilities")
    classes, place = len(scores.scheme.classes), ("average_precision", "roc_auc").index(name)
    units = len(scores.ids) if groups is None else int(groups.max()) + 1
    values, moved = np.full(classes, np.nan), np.full((units, classes), np.nan)
    for index in np.unique(scores.truth):
        own = scores.truth == index
        value, change = changes(scores.probabilities[:, index], own, groups, classes)
        values[index] = value[place]
        if min(units_of(own, groups), units_of(~own, groups)) >= MINIMUM:
            moved[:, index] = change[:, place]
    if of:
        one = scores.scheme.names.index(of)
        return np.append(values, values[one]), np.append(moved, moved[:, [one]], axis=1)
    mean = np.nansum(moved, axis=1) / max(1, np.count_nonzero(~np.isnan(values)))
    return np.append(values, mean_defined(values)), np.append(moved, mean[:, None], axis=1)


def informing(influence: Float64, scores: ClassificationScores, groups: Int64 | None) -> Float64:
    """Return how many of N units inform each of S figures, [S], by what leaving out each would change, [N, S].

    The variance is a sum over the classes of what their units make of it, each known from so many units: its degrees of
    freedom by Satterthwaite (1946), so that a rare class is not hidden behind many images of others.
    """
    counts = by_unit(scores.of_class, groups)
    share = counts / counts.sum(axis=1, keepdims=True)
    parts = share.T @ influence**2  # [K, S]
    return ratio(parts.sum(axis=0) ** 2, ratio(parts**2, share.sum(axis=0)[:, None], 0.0).sum(axis=0))
