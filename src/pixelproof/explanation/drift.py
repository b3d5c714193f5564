"""New images beside old ones: whether they are of one kind, and by what they differ where they are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import stdtr, stdtrit

from pixelproof.array_types import Float32, Float64
from pixelproof.evaluation.resampling import CERTAINTY, MINIMUM
from pixelproof.explanation.neighbours import chosen_rows, nearest
from pixelproof.explanation.priority import NEIGHBOURS, novelty
from pixelproof.explanation.seen import Seen
from pixelproof.randomness import generator
from pixelproof.runs.drift_file import Sign
from pixelproof.runs.fields import Estimate

FAR = 0.99
"""An image is far from the old ones if so many of these lie closer to each other."""
FEWEST = 10
"""Scenes of each half below which a classifier that tells images apart is not asked."""
ROUNDING = 1e-6
"""Signs that vary by less do not."""
MOST = 2000
"""Images of each kind that the classifier that tells them apart learns from."""


def unlike(old: Seen, new: Seen) -> Float64:
    """Return how unlike the old images each new one is, float64 [N], 0..1; see ``priority.novelty``."""
    usual, _ = nearest(old.features, NEIGHBOURS)
    distances, _ = nearest(old.features, usual.shape[1], queries=new.features)
    return novelty(usual[:, -1], distances[:, -1])


def told_apart(old: Seen, new: Seen, seed: int = 0) -> tuple[float, float]:
    """Return how well a linear classifier tells new images from old ones, a two-sample test (Lopez-Paz, Oquab 2017).

    It sees the network's features, learns from half of the scenes, and is tested on the others, which it has not seen.

    Returns:
        The area under the ROC curve, and what chance exceeds in 2.5% of cases (Mann and Whitney 1947); NaN where there
        are too few scenes.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    halves = [_halves(seen, seed) for seen in (old, new)]
    if min(len(set(scenes)) for sides in halves for _, scenes in sides) < FEWEST:
        return float("nan"), float("nan")
    (learned, _), (learned_new, _) = (sides[0] for sides in halves)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    is_new = np.repeat([False, True], [len(learned), len(learned_new)])
    classifier.fit(np.concatenate([learned, learned_new]), is_new)
    scores = [_by_scene(classifier.decision_function(tested), scenes) for _, (tested, scenes) in halves]
    counts = [len(each) for each in scores]
    area = roc_auc_score(np.repeat([0, 1], counts), np.concatenate(scores))
    return float(area), 0.5 + 1.96 * float(np.sqrt((sum(counts) + 1) / (12 * counts[0] * counts[1])))


def compared(old: Seen, new: Seen) -> Iterator[Sign]:
    """Yield each sign that both have: its mean over the scenes of both, and the difference, new minus old.

    Interval and test are Welch's (1947), of scenes; p is not adjusted yet.
    """
    for (kind, name), values in new.signs.items():
        if (kind, name) in old.signs:
            sides = _by_scene(old.signs[kind, name], old.scenes), _by_scene(values, new.scenes)
            one, other = (float(side.mean()) if len(side) else float("nan") for side in sides)
            low, high, p = _welch(*sides)
            difference = Estimate(value=other - one, low=low, high=high)
            yield Sign(kind=kind, name=name, old=one, new=other, difference=difference, p=p, adjusted=p)


def _welch(one: Float64, other: Float64) -> tuple[float, float, float]:
    """Return the ends of the interval of the difference of two means, and the p-value; NaN where nothing varies."""
    if min(len(one), len(other)) < MINIMUM or max(np.ptp(one), np.ptp(other)) < ROUNDING:
        return float("nan"), float("nan"), float("nan")
    variances = [side.var(ddof=1) / len(side) for side in (one, other)]
    freedom = sum(variances) ** 2 / sum(v**2 / (len(s) - 1) for v, s in zip(variances, (one, other), strict=True))
    difference, error = float(other.mean() - one.mean()), float(np.sqrt(sum(variances)))
    reach = error * float(stdtrit(freedom, (1 + CERTAINTY) / 2))
    return difference - reach, difference + reach, 2 * float(stdtr(freedom, -abs(difference) / error))


def _halves(seen: Seen, seed: int) -> list[tuple[Float32, list[str]]]:
    """Return features and scenes of two halves of the scenes, chosen at random, of very many images of a part."""
    rows = chosen_rows(len(seen.ids), seed, MOST)
    scenes = sorted({seen.scenes[row] for row in rows})
    first = {scenes[i] for i in generator(seed, "halves").permutation(len(scenes))[: len(scenes) // 2]}
    parts = ([row for row in rows if (seen.scenes[row] in first) == half] for half in (True, False))
    return [(seen.features[part], [seen.scenes[row] for row in part]) for part in parts]


def _by_scene(values: Float64, scenes: Sequence[str]) -> Float64:
    """Return the mean of each scene's known values."""
    known = ~np.isnan(values)
    members = np.unique(np.asarray(scenes)[known], return_inverse=True)[1]
    means: Float64 = np.bincount(members, weights=values[known]) / np.bincount(members)
    return means
