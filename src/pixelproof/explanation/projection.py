"""t-SNE: a high-dimensional cloud of features as a map on paper."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt
from openTSNE import TSNE
from sklearn.decomposition import PCA

from pixelproof.errors import UserError

Float32 = npt.NDArray[np.float32]
COMPONENTS = 50
FEWEST = 10


def project(features: Float32, seed: int = 0, perplexity: float = 30.0) -> tuple[Float32, dict[str, Any]]:
    """Return a two-dimensional map, float32 [N, 2], of features [N, D], and the settings it was made with.

    Features are reduced to 50 principal components first, which removes noise and time, then embedded by openTSNE from
    a PCA initialisation. Too large a perplexity for few points is lowered to what they allow.

    Raises:
        UserError: There are fewer than 10 points.
    """
    count, size = features.shape
    if count < FEWEST:
        raise UserError(f"a map needs at least {FEWEST} images, here are {count}", "embed a larger split")
    perplexity = min(perplexity, (count - 1) / 3)
    components = min(COMPONENTS, count, size)
    reduced = PCA(components, svd_solver="auto", random_state=seed).fit_transform(features)
    embedding = TSNE(perplexity=perplexity, initialization="pca", random_state=seed, n_jobs=-1).fit(reduced)
    settings = {
        "method": "t-SNE",
        "components": components,
        "perplexity": perplexity,
        "seed": seed,
        "openTSNE": version("openTSNE"),
    }
    return np.asarray(embedding, np.float32), settings
