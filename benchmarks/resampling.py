"""10,000 paired resamples of 257 images x 7 classes: one matrix product against the usual ways, on one core.

    OMP_NUM_THREADS=1 python -m benchmarks.resampling

All compute the same figures: the IoU of every class, and their mean, for two models in every resample. The last line
is one JSON object; a ratio is a peer's time divided by ours.
"""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import scipy
from scipy.stats import bootstrap

from benchmarks.populations import segmented
from pixelproof.comparison import paired
from pixelproof.comparison.segmentation import statistic
from pixelproof.evaluation.metrics import class_counts
from pixelproof.randomness import generator

IMAGES = 257
ROUNDS = 5
Float64 = npt.NDArray[np.float64]


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

    def difference(drawn: npt.NDArray[np.int64], axis: int) -> Float64:
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


def seconds(resample: Callable[[Float64, Float64], Float64], a: Float64, b: Float64) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    resample(a, b)
    return time.perf_counter() - start


def main() -> None:
    """Time all in turn, so that a busy moment hits none alone, and print the medians."""
    scores = segmented(generator(0, "benchmark"), 2000, 0.4).sample(generator(0, "sample"), IMAGES)
    everything = np.ones(7, bool)
    a, b = (class_counts(s.confusion, everything, "unknown_counted").astype(np.float64) for s in scores)
    ways = {"pixelproof": pixelproof, "plain loop": plain_loop, "scipy.stats.bootstrap": scipy_bootstrap}
    times: dict[str, list[float]] = {name: [] for name in ways}
    spread = {name: way(a, b)[:, -1].std() for name, way in ways.items()}  # warms up, and shows they agree
    for _ in range(ROUNDS):
        for name, way in ways.items():
            times[name].append(seconds(way, a, b))
    for name, values in times.items():
        low, middle, high = min(values), statistics.median(values), max(values)
        print(f"{name}: {middle:.3f} s ({low:.3f} to {high:.3f}); spread of the mIoU difference {spread[name]:.5f}")
    middles = {name: statistics.median(values) for name, values in times.items()}
    ratios = {name: round(middles[name] / middles["pixelproof"], 1) for name in ways if name != "pixelproof"}
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    print(json.dumps({"name": "resampling", "ratios": ratios, "n": ROUNDS, "versions": versions}))


if __name__ == "__main__":
    main()
