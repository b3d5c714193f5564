"""Do 95% intervals of a map's accuracy and of areas cover the truth in 95% of cases, and do the textbook's?

    python -m benchmarks.assessment [--samples 400] [--seed 0]

Maps of six or twelve classes whose error matrix is known are assessed by random points. The textbook's intervals are
the estimate and 1.96 standard errors (Stehman 2014). The last line is one JSON object.
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
from pixelproof.evaluation.assessment import OF_CLASSES, Assessment, Estimates, Margins, PointSample, assess
from pixelproof.progress import track
from pixelproof.randomness import generator

SIZES = ((150, 15), (300, 30), (600, 50))
SCENARIOS = [(6, accuracy, *size) for accuracy in (0.75, 0.9, 0.97) for size in SIZES] + [(12, 0.9, 500, 30)]
PIXELS = 10**8


def world(rng: np.random.Generator, classes: int, accuracy: float) -> tuple[Float64, Float64]:
    """Return the joint shares of a map's class, another map's and the truth, [K, K, K], and the first one's, [K].

    Six classes have random shares from 0.5% on, twelve have from 30 down to 0.1%.
    """
    shares = np.maximum(rng.dirichlet(np.full(6, 0.7)), 0.005) if classes == 6 else np.geomspace(0.3, 0.001, classes)
    shares /= shares.sum()
    truth, other = (_confused(rng, classes, accuracy) for _ in range(2))
    joint: Float64 = shares[:, None, None] * truth[:, None, :] * other.T[None, :, :]
    return joint, shares


def _confused(rng: np.random.Generator, classes: int, accuracy: float) -> Float64:
    """Return the shares of K classes in what is called each, [K, K]."""
    right = np.clip(rng.beta(20 * accuracy, 20 * (1 - accuracy), classes), 0.3, 0.999)
    wrong = rng.dirichlet(np.full(classes - 1, 0.5), classes) * (1 - right[:, None])
    return np.stack([np.insert(wrong[k], k, right[k]) for k in range(classes)])


def whole(matrix: Float64) -> dict[str, Float64]:
    """Return all measures of an error matrix."""
    area = Margins.of(matrix)
    found = {name: measure(area) for name, measure in OF_CLASSES.items()}
    return found | {"overall": area.right.sum(), "miou": np.mean(area.iou)}


def textbook(sample: PointSample, matrix: Float64) -> Iterator[tuple[str, Float64, Float64]]:
    """Yield estimates and standard errors of the map that the points were drawn from, by the name of the measure."""
    one = np.eye(len(sample.shares), dtype=bool)
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
    return (sample.shares / np.bincount(sample.drawn, minlength=len(sample.shares)))[sample.drawn]


def measure(classes: int, accuracy: float, points: int, least: int, samples: int, seed: int) -> dict[str, Any]:
    """Return in what percentage of samples intervals cover the truth."""
    ours: dict[str, list[float]] = {}
    theirs: dict[str, list[float]] = {}
    classwise: dict[str, list[Float64]] = {"true": [], "users": [], "producers": [], "iou": []}
    for number in track(range(samples), f"{points} points of maps {accuracy:.0%} right", samples, "maps"):
        rng = generator(seed, classes, str(accuracy), points, number)
        joint, shares = world(rng, classes, accuracy)
        counts = allocate((shares * PIXELS).astype(np.int64), shares, points, least)
        drawn = np.repeat(np.arange(classes), counts)
        chances = (joint / shares[:, None, None]).reshape(classes, -1)
        cells = np.concatenate([rng.choice(classes**2, n, p=p) for n, p in zip(counts, chances, strict=True)])
        sample = PointSample(shares, drawn, cells % classes, np.ones(len(cells)))
        own, other = assess(sample, seed=number), assess(sample, cells // classes, number)
        true, true_other = whole(joint.sum(1)), whole(joint.sum(0))
        _cover(ours, "", own, true)
        for name, values in classwise.items():
            values.append(_inside(own.measures[name], true[name]))
        _cover(ours, "other map: ", other, true_other)
        for name, gain in other.gains.items():
            inside = gain.low <= true_other[name] - true[name] <= gain.high
            ours.setdefault(f"gain: {name}", []).append(float(inside))
        for name, value, error in textbook(sample, own.matrix):
            inside = np.abs(np.atleast_1d(true[name]) - value) <= 1.96 * error
            theirs.setdefault(name, []).append(float(inside[np.isfinite(error)].mean()))
    answer: dict[str, Any] = {"classes": classes, "accuracy": accuracy, "points": points, "least": least}
    for name, kept in (("covered", ours), ("textbook", theirs)):
        answer[name] = {measure: round(100 * float(np.mean(values)), 1) for measure, values in kept.items()}
    by_class = {name: np.nanmean(values, axis=0) for name, values in classwise.items()}
    answer["by_class"] = {
        name: [round(100 * float(end), 1) for end in (v.min(), v.max())] for name, v in by_class.items()
    }
    return answer


def _inside(found: Estimates, true: Float64) -> Float64:
    """Return 1 where an interval covers the truth, 0 where not, and not-a-number where there is none."""
    return np.where(np.isfinite(found.value), (found.low <= true) & (true <= found.high), np.nan)


def _cover(kept: dict[str, list[float]], prefix: str, found: Assessment, true: dict[str, Float64]) -> None:
    for name in ("true", "users", "producers", "iou", "overall", "miou"):
        kept.setdefault(prefix + name, []).append(float(np.nanmean(_inside(found.measures[name], true[name]))))


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
