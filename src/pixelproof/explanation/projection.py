"""t-SNE: a high-dimensional cloud of features as a map on paper, and new points placed on a map that exists."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np

from pixelproof.array_types import Float32
from pixelproof.errors import UserError
from pixelproof.numbers import decimal
from pixelproof.progress import bar, say

COMPONENTS = 50
FEWEST = 10
PERPLEXITY = 30.0
EARLY, LATE = 250, 500
"""Iterations with exaggerated attraction, and without."""
ANGLE = 0.8
"""From how far away a box of points is taken for one point. At the usual 0.5 maps are no more trustworthy, and take
almost twice as long."""
PLACING = 250
EVERY = 25  # iterations between two reports of progress
MANY = 1000


@dataclass(frozen=True)
class Reduction:
    """Principal components of features.

    Attributes:
        mean: float32 [D], subtracted first.
        components: float32 [C, D], orthonormal directions of most variance.
    """

    mean: Float32
    components: Float32

    @classmethod
    def fit(cls, features: Float32, seed: int = 0) -> Reduction:
        """Find the 50 components that hold most of the variance of features [N, D]: less noise, and less time.

        Raises:
            UserError: There are fewer than 10 points.
        """
        from sklearn.decomposition import PCA  # here and below, because only a map needs what takes long to import

        count, size = features.shape
        if count < FEWEST:
            raise UserError(f"a map needs at least {FEWEST} images, here are {count}", "embed a larger split")
        found = PCA(min(COMPONENTS, count, size), svd_solver="auto", random_state=seed).fit(features)
        return cls(found.mean_.astype(np.float32), found.components_.astype(np.float32))

    def __call__(self, features: Float32) -> Float32:
        """Return features [N, D] along the components, float32 [N, C]."""
        return np.asarray((features - self.mean) @ self.components.T, np.float32)


def project(reduced: Float32, seed: int = 0, perplexity: float = PERPLEXITY) -> tuple[Float32, dict[str, Any]]:
    """Return a two-dimensional map, float32 [N, 2], of reduced features [N, C], and the settings it was made with.

    Too large a perplexity for few points is lowered to what they allow, and a note says so.
    """
    from openTSNE import TSNE

    count, components = reduced.shape
    most = (count - 1) / 3
    if perplexity > most:
        _note_lowered(perplexity, most, count)
        perplexity = most
    with bar("t-SNE", EARLY + LATE, "iterations") as step:
        embedding = TSNE(
            perplexity=perplexity,
            initialization="pca",
            early_exaggeration_iter=EARLY,
            n_iter=LATE,
            theta=ANGLE,
            random_state=seed,
            n_jobs=_jobs(count),
            callbacks=lambda iteration, error, points: step(EVERY),
            callbacks_every_iters=EVERY,
        ).fit(reduced)
    settings = {
        "method": "t-SNE",
        "components": components,
        "perplexity": perplexity,
        "seed": seed,
        "iterations": EARLY + LATE,
        "openTSNE": version("openTSNE"),
    }
    return np.asarray(embedding, np.float32), settings


def place(new: Float32, reference: Float32, reference_map: Float32, seed: int, perplexity: float) -> Float32:
    """Return places, float32 [M, 2], of new points on the map of others, which stay where they are.

    The affinities of the map's own points are computed again from their features, so that nothing but arrays has to be
    kept of a map.

    Args:
        new: Reduced features of the new points, float32 [M, C].
        reference: Reduced features of the map's points, by the same reduction, float32 [N, C].
        reference_map: Their places, float32 [N, 2].
        seed: The seed the map was made with.
        perplexity: The perplexity it was made with.
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN

    jobs = _jobs(len(reference))
    affinities = PerplexityBasedNN(reference, perplexity=perplexity, n_jobs=jobs, random_state=seed)
    embedding = TSNEEmbedding(reference_map.astype(np.float64), affinities, n_jobs=jobs, random_state=seed)
    # About as few neighbours as openTSNE advises: a new point belongs beside those most like it.
    near = min(5.0, (len(reference) - 1) / 3)
    with bar("placing", PLACING, "iterations") as step:
        partial = embedding.prepare_partial(new, perplexity=near, k=min(25, len(reference) - 1))
        placed = partial.optimize(
            PLACING,
            learning_rate=0.1,
            exaggeration=1.5,
            momentum=0.8,
            max_grad_norm=0.25,
            callbacks=lambda iteration, error, points: step(EVERY),
            callbacks_every_iters=EVERY,
        )
    return np.asarray(placed, np.float32)


@cache  # once a process, not for each model of a study
def _note_lowered(asked: float, most: float, count: int) -> None:
    say(f"note: a map of {count} images has a perplexity of {decimal(most)} instead of {decimal(asked)}")


def _jobs(points: int) -> int:
    """Return how many threads to use: for few points, waiting for each other takes longer than the work."""
    return -1 if points >= MANY else 1
