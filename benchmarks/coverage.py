"""Do 95% intervals cover the truth in 95% of cases, and do tests raise a false alarm in 5%?

    python -m benchmarks.coverage [--pairs 1000] [--seed 0]

Pairs of models whose true difference is known are compared on samples of images. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy

from benchmarks.populations import classified, segmented
from pixelproof.array_types import Float64
from pixelproof.comparison.classification import compare_classifiers
from pixelproof.comparison.counted import compare_segmenters
from pixelproof.comparison.findings import Findings
from pixelproof.comparison.paired import SIGNIFICANCE
from pixelproof.evaluation import accuracy, mean_iou
from pixelproof.evaluation.metrics import Protocol, class_accuracy, iou
from pixelproof.progress import track
from pixelproof.randomness import generator

SAMPLES = 50  # samples from each population, that is from each pair of models
COUNTED: Protocol = "unknown_counted"
SCENARIOS = {
    "segmentation, models differ, 257 images": ("segmentation", 0.4, 257),
    "segmentation, no difference, 257 images": ("segmentation", 0.0, 257),
    "segmentation, models differ, 40 images": ("segmentation", 0.4, 40),
    "segmentation, no difference, 40 images": ("segmentation", 0.0, 40),
    "classification, models differ, 2500 images": ("classification", 0.15, 2500),
    "classification, no difference, 2500 images": ("classification", 0.0, 2500),
}
Compared = tuple[Findings, Float64]  # and the true differences of the classes and, last, of the whole


def segmentations(gain: float, images: int, seed: int) -> Iterator[Compared]:
    """Yield what comparisons of segmenters find."""
    for number in itertools.count():
        rng = generator(seed, "segmentation", str(gain), images, number)
        population = segmented(rng, 20_000, gain)
        a, b = population.whole()
        true = np.append((iou(b, COUNTED) - iou(a, COUNTED))[:6], mean_iou(b, COUNTED) - mean_iou(a, COUNTED))
        for sample in range(SAMPLES):
            pair = population.sample(rng, images)
            yield compare_segmenters(*pair, COUNTED, None, SAMPLES * number + sample), true


def classifications(gain: float, images: int, seed: int) -> Iterator[Compared]:
    """Yield what comparisons of classifiers find."""
    for number in itertools.count():
        rng = generator(seed, "classification", str(gain), images, number)
        population = classified(rng, 100_000, gain)
        a, b = population.whole()
        true = np.append(class_accuracy(b) - class_accuracy(a), accuracy(b) - accuracy(a))
        for _ in range(SAMPLES):
            yield compare_classifiers(*population.sample(rng, images), None, 0), true


def measure(name: str, pairs: int, seed: int) -> dict[str, Any]:
    """Return how often intervals cover the truth and tests reject, in percent over ``pairs`` comparisons."""
    task, gain, images = SCENARIOS[name]
    compared = (segmentations if task == "segmentation" else classifications)(gain, images, seed)
    covered, rejected, decided = [], [], []
    for found, true in track(itertools.islice(compared, pairs), name, pairs, "pairs"):
        covered.append(np.where(np.isnan(found.low), np.nan, (found.low <= true) & (true <= found.high)))
        rejected.append(np.where(np.isnan(found.p), np.nan, found.p < SIGNIFICANCE))
        decided.append(found.p[-1] < SIGNIFICANCE and found.low[-1] * found.high[-1] > 0)
    inside, alarms = np.nanmean(covered, axis=0), np.nanmean(rejected, axis=0)
    return {
        "scenario": name,
        "pairs": pairs,
        "covered": round(100 * float(inside[-1]), 2),
        "standard_error": round(100 * float(np.sqrt(inside[-1] * (1 - inside[-1]) / pairs)), 2),
        "rejected": round(100 * float(alarms[-1]), 2),
        "verdicts": round(100 * float(np.mean(decided)), 2),
        "covered_by_class": [round(100 * float(value), 1) for value in (inside[:-1].min(), inside[:-1].max())],
        "rejected_by_class": [round(100 * float(value), 1) for value in (alarms[:-1].min(), alarms[:-1].max())],
    }


def main() -> None:
    """Measure every scenario and print a line for each, then all as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    start, results = time.monotonic(), []
    for name in SCENARIOS:
        results.append(measure(name, options.pairs, options.seed))
        print(results[-1], flush=True)
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    seconds = round(time.monotonic() - start)
    print(
        json.dumps(
            {"name": "coverage", "results": results, "n": options.pairs, "seconds": seconds, "versions": versions}
        )
    )


if __name__ == "__main__":
    main()
