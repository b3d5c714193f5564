"""Do comparisons by other figures than accuracy cover the truth in 95%, and raise a false alarm in 5%?

    python -m benchmarks.metrics_compared [--pairs 400] [--seed 0]

Two classifiers of three classes, one of which 10% of the images show, are compared on samples of images by each figure:
its mean over the classes, and that of the rare class. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from typing import Any

import numpy as np
import scipy

from pixelproof.array_types import Float64, Int64
from pixelproof.comparison.classification import compare_classifiers
from pixelproof.comparison.paired import SIGNIFICANCE
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.progress import track
from pixelproof.randomness import generator
from pixelproof.runs import ClassificationScores

SCHEME = LabelScheme(
    task="classification", classes=tuple(LabelClass(name=n, id=i) for i, n in enumerate(["one", "other", "rare"]))
)
SHARES = (0.45, 0.45, 0.1)
METRICS = ("balanced_accuracy", "f1", "roc_auc", "average_precision")
POPULATION = 400_000
SIZES = (60, 300)
GAINS = (0.0, 0.5)


def classified(rng: np.random.Generator, images: int, gain: float) -> tuple[ClassificationScores, ClassificationScores]:
    """Return the scores of two models that find the same images hard; at a gain of 0 they are equally good."""
    truth = rng.choice(3, images, p=SHARES)
    hard = rng.normal(size=(images, 3))
    a, b = (_model(rng, truth, hard, 1.2 + shift) for shift in (0, gain))
    return a, b


def _model(rng: np.random.Generator, truth: Int64, hard: Float64, skill: float) -> ClassificationScores:
    logits = hard + 0.8 * rng.normal(size=hard.shape) + np.log(SHARES)
    logits[np.arange(len(truth)), truth] += skill
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    unknown, ids = np.full(len(truth), np.nan), tuple(map(str, range(len(truth))))
    rank = np.full(len(truth), -1, np.int64)
    return ClassificationScores(
        ids, truth, chances.argmax(axis=1), rank, unknown, unknown, SCHEME, probabilities=chances.astype(np.float32)
    )


def measure(metric: str, images: int, gain: float, pairs: int, seed: int) -> dict[str, Any]:
    """Return how often intervals cover the truth and tests reject, in percent: [mean over classes, rare class]."""
    rng = generator(seed, "metrics compared", images, str(gain))
    true = np.zeros(2)
    if gain:
        known = compare_classifiers(*classified(rng, POPULATION, gain), np.arange(POPULATION) % 50, 0, metric)
        true = (known.b - known.a)[[-1, 2]]
    covered, rejected = [], []
    for trial in track(range(pairs), f"{metric}, {images} images", pairs, "pairs"):
        found = compare_classifiers(*classified(rng, images, gain), None, seed + trial, metric)
        low, high, p = (values[[-1, 2]] for values in (found.low, found.high, found.p))
        covered.append(np.where(np.isnan(low), np.nan, (low <= true) & (true <= high)))
        rejected.append((p < SIGNIFICANCE) & ~np.isnan(low))
    percent = {"covered": np.nanmean(covered, axis=0), "rejected": np.mean(rejected, axis=0)}
    rounded = {name: [round(100 * float(value), 1) for value in values] for name, values in percent.items()}
    return {"metric": metric, "images": images, "gain": gain, "pairs": pairs} | rounded


def main() -> None:
    """Measure every case and print a line for each, then all as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    start, results = time.monotonic(), []
    for metric in METRICS:
        for images in SIZES:
            for gain in GAINS:
                results.append(measure(metric, images, gain, options.pairs, options.seed))
                print(results[-1], flush=True)
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    seconds = round(time.monotonic() - start)
    print(
        json.dumps(
            {
                "name": "metrics_compared",
                "results": results,
                "n": options.pairs,
                "seconds": seconds,
                "versions": versions,
            }
        )
    )


if __name__ == "__main__":
    main()
