"""10,000 paired resamples of 257 images x 7 classes: one matrix product against the usual ways, on one core.

    OMP_NUM_THREADS=1 python -m benchmarks.resampling

All compute the same figures: the IoU of every class, and their mean, for two models in every resample. The last line
is one JSON object; a ratio is a peer's time divided by ours.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.stats import bootstrap

from benchmarks.harness import OURS, Benchmark, rounds_argument
from benchmarks.populations import SCHEME, segmented
from pixelproof.array_types import Float64, Int64
from pixelproof.comparison import paired
from pixelproof.comparison.figures import class_figure
from pixelproof.evaluation.metrics import class_counts
from pixelproof.randomness import generator
from pixelproof.runs import SegmentationScores

IMAGES = 257
ROUNDS = 5
statistic = class_figure("miou", SegmentationScores((), np.zeros((0, 8, 8), np.int64), SCHEME), "unknown_counted").table


def plain_loop(a: Float64, b: Float64) -> Float64:
    """Draw, sum and score one resample at a time."""
    rng = generator(0, "loop")
    differences = []
    for _ in range(paired.RESAMPLES):
        drawn = rng.integers(0, len(a), len(a))
        differences.append(statistic(b[drawn].sum(axis=0)) - statistic(a[drawn].sum(axis=0)))
    return np.array(differences)


def scipy_bootstrap(a: Float64, b: Float64) -> Float64:
    """``scipy.stats.bootstrap`` over the images' numbers, vectorised in batches of 100 resamples."""

    def difference(drawn: Int64, axis: int) -> Float64:
        del axis  # always the last
        return np.moveaxis(statistic(b[drawn].sum(axis=-3)) - statistic(a[drawn].sum(axis=-3)), -1, 0)

    result = bootstrap(
        (np.arange(len(a)),),
        difference,
        n_resamples=paired.RESAMPLES,
        batch=100,
        method="percentile",
        rng=generator(0, "scipy"),
    )
    return np.moveaxis(result.bootstrap_distribution, 0, -1)


def pixelproof(a: Float64, b: Float64) -> Float64:
    """What ``compare`` does."""
    return paired.bootstrap(a, b, statistic, 0)


def main() -> None:
    """Time all in turn, so that a busy moment hits none alone."""
    scores = segmented(generator(0, "benchmark"), 2000, 0.4).sample(generator(0, "sample"), IMAGES)
    everything = np.ones(7, bool)
    a, b = (class_counts(s.confusion, everything, "unknown_counted").astype(np.float64) for s in scores)
    ways = {OURS: pixelproof, "plain loop": plain_loop, "scipy.stats.bootstrap": scipy_bootstrap}
    benchmark = Benchmark(
        "resampling",
        f"10,000 paired resamples of {IMAGES} images x 7 classes",
        {},
        ("numpy", "scipy"),
        # How much the difference in mIoU varies, by which all must agree.
        {"spread_of_miou": {name: round(float(way(a, b)[:, -1].std()), 5) for name, way in ways.items()}},
    )
    works = {name: partial(way, a, b) for name, way in ways.items()}
    benchmark.run(works.pop(OURS), works, rounds_argument(ROUNDS))
    benchmark.publish()


if __name__ == "__main__":
    main()
