"""From features to ``explanation.json``: figures of every class and pair, and what they say."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float32, Int64
from pixelproof.explanation.clusters import clusters
from pixelproof.explanation.mixing import Mixing, measure_mixing, silhouettes
from pixelproof.explanation.neighbours import nearest
from pixelproof.explanation.statements import statements
from pixelproof.labels import LabelScheme
from pixelproof.runs.explanation_file import ClassFinding, Explanation, PairFinding

NEIGHBOURS = 10
EXAMPLES = 4
"""Typical and odd images named of each class."""


@dataclass(frozen=True)
class Cloud:
    """Labelled images as points of a feature space.

    Attributes:
        ids: N sample ids.
        truth: int64 [N], true class index.
        predicted: int64 [N], predicted class index.
        features: float32 [N, D].
        scheme: The label contract.
        layer: Whose output the features are.
    """

    ids: tuple[str, ...]
    truth: Int64
    predicted: Int64
    features: Float32
    scheme: LabelScheme
    layer: str


def describe(cloud: Cloud, split: str, seed: int = 0) -> Explanation:
    """Return how the classes of labelled images lie to each other in feature space.

    Args:
        cloud: The images.
        split: What the images are called, kept in the result.
        seed: Decides the bootstrap replicates, the parts of a class that must fall apart as it does, and which of many
            images silhouettes are taken of.
    """
    truth, names = cloud.truth, cloud.scheme.names
    k = min(NEIGHBOURS, len(truth) - 1)
    mixing = measure_mixing(cloud.features, truth, len(names), k, seed)
    silhouette, looked_at = silhouettes(cloud.features, truth, len(names), seed)
    classes = tuple(_class(cloud, mixing, index, float(silhouette[index]), seed) for index in range(len(names)))
    pairs = sorted(_pairs(cloud, mixing), key=lambda pair: -pair.confusion)
    return Explanation(
        split=split,
        layer=cloud.layer,
        neighbours=k,
        images=len(truth),
        silhouette_images=looked_at,
        seed=seed,
        classes=classes,
        pairs=tuple(pairs),
        statements=statements(classes, pairs, k),
        failures=(),
    )


def _class(cloud: Cloud, mixing: Mixing, index: int, silhouette: float, seed: int) -> ClassFinding:
    mine = np.flatnonzero(cloud.truth == index)
    own = mixing.own(index)
    points = cloud.features[mine]
    typical, odd = _examples(points) if len(mine) else (mine, mine)
    return ClassFinding(
        name=cloud.scheme.names[index],
        images=len(mine),
        own=own and own.value,
        own_low=own and own.low,
        own_high=own and own.high,
        silhouette=None if math.isnan(silhouette) else silhouette,
        clusters=clusters(points, seed),
        spread=mixing.spread(index),
        accuracy=float((cloud.predicted[mine] == index).mean()) if len(mine) else None,
        typical=tuple(cloud.ids[i] for i in mine[typical]),
        odd=tuple(cloud.ids[i] for i in mine[odd]),
    )


def _examples(points: Float32) -> tuple[Int64, Int64]:
    """Return places of the most typical points, nearest to the mean, and of the oddest, far from all others."""
    from_mean = ((points - points.mean(axis=0)) ** 2).sum(axis=1)
    if len(points) < 2:
        return np.array([0]), np.array([], np.int64)
    distances, _ = nearest(points, 5)
    return np.argsort(from_mean, kind="stable")[:EXAMPLES], np.argsort(-distances[:, -1], kind="stable")[:EXAMPLES]


def _pairs(cloud: Cloud, mixing: Mixing) -> list[PairFinding]:
    """Return every pair of classes that shares a neighbour or a mistake."""
    classes = len(mixing.counts)
    mistakes = np.bincount(cloud.truth * classes + cloud.predicted, minlength=classes * classes)
    mistakes = mistakes.reshape(classes, classes)
    both = mistakes + mistakes.T
    mistaken = {(a, b) for a, b in np.argwhere(np.triu(both, 1)).tolist()}
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
                predicted=float(both[a, b] / (mixing.counts[a] + mixing.counts[b])),
                a_as_b=int(mistakes[a, b]),
                b_as_a=int(mistakes[b, a]),
            )
        )
    return found
