"""Do unpaired comparisons keep what they say: intervals that cover, and 5% false alarms where nothing differs?

    python -m benchmarks.unpaired [--trials 400] [--seed 0]

A model is scored on two sets of images that are drawn apart: of one population, or of another where it is worse and the
classes have other shares. What each part of the difference truly is, a large sample tells. The last line is one JSON
object; all figures are in percent of the trials.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from benchmarks.metrics_compared import SCHEME, SHARES
from benchmarks.populations import SCHEME as LAND
from benchmarks.populations import Segmented, segmented
from pixelproof.array_types import Float64
from pixelproof.comparison.unpaired import compare_sets
from pixelproof.progress import track
from pixelproof.randomness import generator
from pixelproof.runs import ClassificationScores, Scores, SegmentationScores
from pixelproof.runs.fields import Estimate
from pixelproof.runs.unpaired_file import UnpairedRecord

METRICS = ("accuracy", "balanced_accuracy", "f1", "recall:rare", "roc_auc")
OTHER = (0.3, 0.3, 0.4)
"""Shares of the classes in the set that differs."""
SIZES = ((60, 60), (300, 60), (300, 300))
LAND_SIZES = ((40, 40), (257, 40), (257, 257))
PATHS = (Path("a"), Path("b"))
LARGE, TILES = 100_000, 20_000


def classified(
    rng: np.random.Generator, images: int, moved: bool, of_group: int = 1, prefix: str = ""
) -> ClassificationScores:
    """Return the scores of a model on images, in groups that are hard or easy as wholes where they have several."""
    shares, skill = (OTHER, 0.7) if moved else (SHARES, 1.2)
    groups = np.arange(images) // of_group
    truth = rng.choice(3, images, p=shares)
    truth[0] = 2  # so that recall is defined of every class
    logits = 1.3 * rng.normal(size=(images, 3)) + np.log(SHARES)
    easy = rng.normal(0, 1, groups.max() + 1)[groups] if of_group > 1 else 0.0
    logits[np.arange(images), truth] += skill + easy
    chances = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)
    unknown, rank = np.full(images, np.nan), np.full(images, -1, np.int64)
    ids = tuple(f"{prefix}{i}" for i in range(images))
    scores = ClassificationScores(
        ids, truth, chances.argmax(axis=1), rank, unknown, unknown, SCHEME, probabilities=chances
    )
    named = np.array([f"{prefix}{group}" for group in groups]) if of_group > 1 else None
    return replace(scores, source=replace(scores.source, name=prefix), groups=named)


def tiles(population: Segmented, rng: np.random.Generator, images: int, moved: bool, prefix: str) -> SegmentationScores:
    """Return scores of tiles drawn at random, by the better of two models or, where they differ, by the other."""
    worse, better = population.sample(rng, images)
    scores = worse if moved else better
    ids = tuple(f"{prefix}{i}" for i in range(images))
    return replace(scores, ids=ids, source=replace(scores.source, name=prefix))


def parts(record: UnpairedRecord) -> Iterator[tuple[Estimate, float | None]]:
    """Yield the difference, its part at equal shares and the other one, each with its p-value."""
    yield record.difference, record.p
    for part in (record.same, record.shares):
        yield (Estimate(value=None), None) if part is None else (part.difference, part.p)


def measured(records: list[UnpairedRecord], truth: Sequence[float | None]) -> dict[str, Any]:
    """Return how often intervals of the three covered the truth, and p was below .05, in percent; and of verdicts."""
    covered, rejected = np.full((len(records), 3), np.nan), np.full((len(records), 3), np.nan)
    for place, record in enumerate(records):
        for which, (found, p) in enumerate(parts(record)):
            if found.low is not None and found.high is not None and truth[which] is not None:
                covered[place, which] = found.low <= (truth[which] or 0.0) <= found.high
                rejected[place, which] = p is not None and p < 0.05
    decided = np.mean([record.verdict != "undecided" for record in records])
    shown = {"covered": _percent(covered), "rejected": _percent(rejected), "verdicts": round(100 * float(decided), 1)}
    return shown | {"without": round(100 * float(np.isnan(covered[:, 0]).mean()), 1)}


def _percent(values: Float64) -> list[float | None]:
    known = [values[~np.isnan(values[:, place]), place] for place in range(values.shape[1])]
    return [round(100 * float(each.mean()), 1) if len(each) else None for each in known]


def compared(a: Scores, b: Scores, metric: str) -> UnpairedRecord:
    """Return the comparison of two sets."""
    return compare_sets([a, b], PATHS, "unknown_counted", None, metric)


def classifiers(trials: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield what was measured of classifiers, by figure, sizes, whether the sets differ, and images of a group."""
    cases = [(m, s, moved, 1) for m in METRICS for s in SIZES for moved in (False, True)]
    cases += [("accuracy", sizes, moved, 10) for sizes in ((200, 200), (400, 150)) for moved in (False, True)]
    for metric, sizes, moved, of_group in cases:
        rng = generator(seed, "unpaired", metric, *sizes, of_group, moved)
        known = compared(classified(rng, LARGE, False, 1, "a"), classified(rng, LARGE, moved, 1, "b"), metric)
        if of_group > 1:
            known = compared(
                classified(rng, LARGE, False, of_group, "a"), classified(rng, LARGE, moved, of_group, "b"), metric
            )
        truth = [found.value if moved else 0.0 for found, _ in parts(known)]
        found = []
        for _ in track(range(trials), f"{metric}, {sizes}", trials, "pairs"):
            a, b = (classified(rng, n, w, of_group, p) for n, w, p in zip(sizes, (False, moved), "ab", strict=True))
            found.append(compared(a, b, metric))
        yield {"metric": metric, "images": sizes, "differ": moved, "of_group": of_group} | measured(found, truth)


def segmenters(trials: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield the same of mIoU; where the sets differ, by the model and not by the tiles."""
    population = segmented(generator(seed, "unpaired tiles"), TILES, 1.0)
    worse, better = population.whole()
    whole = {moved: compared_whole(better, worse if moved else better) for moved in (False, True)}
    for sizes in LAND_SIZES:
        for moved in (False, True):
            rng, found = generator(seed, "unpaired land", *sizes, moved), []
            for _ in track(range(trials), f"miou, {sizes}", trials, "pairs"):
                a, b = (tiles(population, rng, n, w, p) for n, w, p in zip(sizes, (False, moved), "ab", strict=True))
                found.append(compared(a, b, "miou"))
            truth = [whole[moved], whole[moved], 0.0]
            yield {"metric": "miou", "images": sizes, "differ": moved, "of_group": 1} | measured(found, truth)


def compared_whole(a: SegmentationScores, b: SegmentationScores) -> float:
    """Return the true difference of mIoU of the population."""
    from pixelproof.evaluation.metrics import mean_iou

    assert a.scheme == LAND
    return mean_iou(b, "unknown_counted") - mean_iou(a, "unknown_counted")


def main() -> None:
    """Measure every case and print a line for each, then all as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    start, results = time.monotonic(), []
    for made in (classifiers, segmenters):
        for result in made(options.trials, options.seed):
            results.append(result)
            print(result, flush=True)
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    seconds = round(time.monotonic() - start)
    facts = {"name": "unpaired", "results": results, "n": options.trials, "seconds": seconds, "versions": versions}
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
