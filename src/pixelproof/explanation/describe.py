"""From features to ``explanation.json``: figures of every class and pair, and what they say."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pixelproof.explanation.clusters import clusters
from pixelproof.explanation.mixing import Mixing, measure_mixing, silhouettes
from pixelproof.explanation.neighbours import nearest
from pixelproof.explanation.statements import statements
from pixelproof.runs import Features
from pixelproof.runs.explanation_file import ClassFinding, Explanation, PairFinding

Int64 = npt.NDArray[np.int64]
NEIGHBOURS = 10
EXAMPLES = 6
"""Typical and odd images named of each class."""


def describe(features: Features, split: str, seed: int = 0, k: int = NEIGHBOURS) -> Explanation:
    """Return how the classes of labelled images lie to each other in feature space.

    Args:
        features: The features of the images; their map is not used.
        split: What the images are called, kept in the result.
        seed: Decides the bootstrap replicates, and which of many images silhouettes are taken of.
        k: Neighbours looked at.
    """
    truth, names = features.truth, features.scheme.names
    k = min(k, len(truth) - 1)
    mixing = measure_mixing(features.features, truth, len(names), k, seed)
    silhouette, looked_at = silhouettes(features.features, truth, len(names), seed)
    classes = tuple(_class(features, mixing, index, float(silhouette[index])) for index in range(len(names)))
    pairs = sorted(_pairs(features, mixing), key=lambda pair: -pair.confusion)
    return Explanation(
        split=split,
        layer=str(features.settings.get("layer", "")),
        neighbours=k,
        images=len(truth),
        silhouette_images=looked_at,
        seed=seed,
        classes=classes,
        pairs=tuple(pairs),
        statements=statements(classes, pairs),
    )


def _class(features: Features, mixing: Mixing, index: int, silhouette: float) -> ClassFinding:
    mine = np.flatnonzero(features.truth == index)
    own = mixing.own(index)
    points = features.features[mine]
    typical, odd = _examples(points) if len(mine) else (mine, mine)
    return ClassFinding(
        name=features.scheme.names[index],
        images=len(mine),
        own=own and own.value,
        own_low=own and own.low,
        own_high=own and own.high,
        silhouette=None if math.isnan(silhouette) else silhouette,
        clusters=clusters(points),
        spread=mixing.spread(index),
        accuracy=float((features.predicted[mine] == index).mean()) if len(mine) else None,
        typical=tuple(features.ids[i] for i in mine[typical]),
        odd=tuple(features.ids[i] for i in mine[odd]),
    )


def _examples(points: npt.NDArray[np.float32]) -> tuple[Int64, Int64]:
    """Return places of the most typical points, nearest to the mean, and of the oddest, far from all others."""
    from_mean = ((points - points.mean(axis=0)) ** 2).sum(axis=1)
    if len(points) < 2:
        return np.array([0]), np.array([], np.int64)
    distances, _ = nearest(points, 5)
    return np.argsort(from_mean, kind="stable")[:EXAMPLES], np.argsort(-distances[:, -1], kind="stable")[:EXAMPLES]


def _pairs(features: Features, mixing: Mixing) -> list[PairFinding]:
    """Return every pair of classes that shares a neighbour or a mistake."""
    classes = len(mixing.counts)
    mistakes = np.bincount(features.truth * classes + features.predicted, minlength=classes * classes)
    mistakes = mistakes.reshape(classes, classes)
    mistakes = mistakes + mistakes.T
    mistaken = {(a, b) for a, b in np.argwhere(np.triu(mistakes, 1)).tolist()}
    found = []
    for a, b in sorted({*mixing.mixed_pairs(), *mistaken}):
        if (share := mixing.pair(a, b)) is None:
            continue
        found.append(
            PairFinding(
                a=a,
                b=b,
                confusion=share.value,
                low=share.low,
                high=share.high,
                b_near_a=float(mixing.confusion[a, b]),
                a_near_b=float(mixing.confusion[b, a]),
                predicted=float(mistakes[a, b] / (mixing.counts[a] + mixing.counts[b])),
            )
        )
    return found
