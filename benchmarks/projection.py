"""t-SNE of 1,797 images' features: ``python -m benchmarks.projection [--rounds N]``.

The features are those of a wide random layer with ReLU, 4,096 of them, over scikit-learn's handwritten digits: real
images, the size of VGG16's second-last layer, and nothing to download. The peer is ``sklearn.manifold.TSNE`` on all
features, as the course's notebooks have it, from the same PCA initialisation and with the same perplexity. Both may use
all cores. The run fails if our map is less trustworthy than theirs by more than .005.
"""

from __future__ import annotations

import sys

import numpy as np
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE, trustworthiness

from benchmarks.harness import Benchmark, rounds_argument
from pixelproof.explanation.projection import Reduction, project

WIDTH = 4096
PERPLEXITY = 30.0
TOLERANCE = 0.005
NEIGHBOURS = 10


def features() -> np.ndarray:
    """Return float32 [1797, 4096]."""
    images = load_digits().data.astype(np.float32) / 16
    weights = np.random.default_rng(0).normal(0, 1, (images.shape[1], WIDTH)).astype(np.float32)
    found: np.ndarray = np.maximum((images - images.mean(axis=0)) @ weights, 0)
    return found


def ours(points: np.ndarray) -> np.ndarray:
    """Pixelproof's own way."""
    return project(Reduction.fit(points)(points), seed=0, perplexity=PERPLEXITY)[0]


def sklearn(points: np.ndarray) -> np.ndarray:
    """scikit-learn's t-SNE."""
    found: np.ndarray = TSNE(perplexity=PERPLEXITY, init="pca", random_state=0, n_jobs=-1).fit_transform(points)
    return found


def main() -> None:
    """Run the benchmark."""
    rounds = rounds_argument(3)
    points = features()
    maps = {"ours": ours(points), "scikit-learn": sklearn(points)}
    kept = {name: round(float(trustworthiness(points, map_, n_neighbors=NEIGHBOURS)), 4) for name, map_ in maps.items()}
    print("trustworthiness:", kept, file=sys.stderr)
    if kept["ours"] < kept["scikit-learn"] - TOLERANCE:
        sys.exit("our map is less trustworthy")
    benchmark = Benchmark(
        "projection",
        f"t-SNE of {len(points):,} images' {points.shape[1]:,} features, no less trustworthy",
        {"scikit-learn": 1},
        ("numpy", "scikit-learn", "openTSNE"),
        {"trustworthiness": kept},
    )
    benchmark.run(lambda: ours(points), {"scikit-learn": lambda: sklearn(points)}, rounds)
    benchmark.publish()


if __name__ == "__main__":
    main()
