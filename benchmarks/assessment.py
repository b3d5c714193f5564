"""Do 95% intervals of a map's accuracy and of areas cover the truth in 95% of cases, and do the textbook's?

    python -m benchmarks.assessment [--samples 400] [--seed 0]

Maps of six classes whose error matrix is known are assessed by random points. The textbook's intervals are the estimate
and 1.96 standard errors (Stehman 2014). The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from pixelproof.array_types import Float64
from pixelproof.deploy.draw import allocate
from pixelproof.evaluation.assessment import OF_CLASSES, Assessment, PointSample, assess
from pixelproof.progress import track
from pixelproof.randomness import generator

CLASSES = 6
SCENARIOS = [
    (accuracy, points, least) for accuracy in (0.75, 0.9, 0.97) for points, least in ((150, 15), (300, 30), (600, 50))
]
PIXELS = 10**8


def world(rng: np.random.Generator, accuracy: float) -> tuple[Float64, Float64]:
    """Return the joint shares of a map's class, another map's and the truth, [K, K, K], and the first one's, [K]."""
    shares = np.maximum(rng.dirichlet(np.full(CLASSES, 0.7)), 0.005)
    shares /= shares.sum()
    truth, other = (_confused(rng, accuracy) for _ in range(2))
    joint: Float64 = shares[:, None, None] * truth[:, None, :] * other.T[None, :, :]
    return joint, shares


def _confused(rng: np.random.Generator, accuracy: float) -> Float64:
    """Return the shares of K classes in what is called each, [K, K]."""
    right = np.clip(rng.beta(20 * accuracy, 20 * (1 - accuracy), CLASSES), 0.3, 0.999)
    wrong = rng.dirichlet(np.full(CLASSES - 1, 0.5), CLASSES) * (1 - right[:, None])
    return np.stack([np.insert(wrong[k], k, right[k]) for k in range(CLASSES)])


def whole(matrix: Float64) -> dict[str, Float64]:
    """Return all measures of an error matrix."""
    found = {name: measure(matrix) for name, measure in OF_CLASSES.items()}
    return found | {"overall": np.trace(matrix), "miou": np.mean(found["iou"])}


def textbook(sample: PointSample, matrix: Float64) -> Iterator[tuple[str, Float64, Float64]]:
    """Yield estimates and standard errors of the map that the points were drawn from, by the name of the measure."""
    one = np.eye(CLASSES, dtype=bool)
    at, truth = one[:, sample.drawn], one[:, sample.truth]  # [K, N]
    parts = {
        "true": (truth, np.ones_like(truth)),
        "users": (at & truth, at),
        "producers": (at & truth, truth),
        "iou": (at & truth, at | truth),
        "overall": ((at & truth).any(0, keepdims=True), np.ones((1, len(sample.drawn)), bool)),
    }
    for name, (part, of) in parts.items():
        value = np.atleast_1d(whole(matrix)[name])
        total = (of * _weights(sample)).sum(1)
        residual = part - np.nan_to_num(value)[:, None] * of
        variance = sum(
            share**2 * residual[:, sample.drawn == k].var(axis=1, ddof=1) / (sample.drawn == k).sum()
            for k, share in enumerate(sample.shares)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            yield name, value, np.sqrt(variance) / total


def _weights(sample: PointSample) -> Float64:
    return (sample.shares / np.bincount(sample.drawn, minlength=CLASSES))[sample.drawn]


def measure(accuracy: float, points: int, least: int, samples: int, seed: int) -> dict[str, Any]:
    """Return in what percentage of samples intervals cover the truth."""
    ours: dict[str, list[float]] = {}
    theirs: dict[str, list[float]] = {}
    for number in track(range(samples), f"{points} points of maps {accuracy:.0%} right", samples, "maps"):
        rng = generator(seed, str(accuracy), points, number)
        joint, shares = world(rng, accuracy)
        counts = allocate((shares * PIXELS).astype(np.int64), shares, points, least)
        drawn = np.repeat(np.arange(CLASSES), counts)
        cells = np.concatenate(
            [rng.choice(CLASSES**2, n, p=(joint[k] / shares[k]).ravel()) for k, n in enumerate(counts)]
        )
        sample = PointSample(shares, drawn, cells % CLASSES)
        own, other = assess(sample, seed=number), assess(sample, cells // CLASSES, number)
        true, true_other = whole(joint.sum(1)), whole(joint.sum(0))
        _cover(ours, "", own, true)
        _cover(ours, "other map: ", other, true_other)
        for name, gain in other.gains.items():
            inside = gain.low <= true_other[name] - true[name] <= gain.high
            ours.setdefault(f"gain: {name}", []).append(float(inside))
        for name, value, error in textbook(sample, own.matrix):
            inside = np.abs(np.atleast_1d(true[name]) - value) <= 1.96 * error
            theirs.setdefault(name, []).append(float(inside[np.isfinite(error)].mean()))
    percent = [
        {name: round(100 * float(np.mean(values)), 1) for name, values in kept.items()} for kept in (ours, theirs)
    ]
    return {"accuracy": accuracy, "points": points, "least": least, "covered": percent[0], "textbook": percent[1]}


def _cover(kept: dict[str, list[float]], prefix: str, found: Assessment, true: dict[str, Float64]) -> None:
    for name in ("true", "users", "producers", "iou", "overall", "miou"):
        one = found.measures[name]
        known = np.isfinite(one.value)
        inside = (one.low <= true[name]) & (true[name] <= one.high)
        kept.setdefault(prefix + name, []).append(float(np.mean(inside[known])))


def main() -> None:
    """Measure every scenario and print a line for each, then all as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    start, results = time.monotonic(), []
    for scenario in SCENARIOS:
        results.append(measure(*scenario, options.samples, options.seed))
        print(results[-1], flush=True)
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    seconds = round(time.monotonic() - start)
    print(
        json.dumps(
            {"name": "assessment", "results": results, "n": options.samples, "seconds": seconds, "versions": versions}
        )
    )


if __name__ == "__main__":
    main()
