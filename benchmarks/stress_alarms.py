"""How often does ``stress`` say that something is lost, or stood better, where nothing is? Where does a score fall?

    python -m benchmarks.stress_alarms [--trials 100] [--seed 0]

Two models answer images in 48 states of 12 stresses (segmenters 40 of 10). Of ``lost``, the states are as good as the
images as they are, and a false alarm is any loss shown of the first model. Of ``kept``, both lose alike under each
stress, but one was better before, and a false alarm is any stress under which one is shown to lose less; ``found``
counts how often the better one is shown to be better under any stress. ``holds`` counts how often the interval of the
strength at which the score has fallen by 5 points has the true one in it, where there is an interval (``known``); what
is lost grows up to 6 to 30 points at the hardest of four strengths. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from typing import Any

import numpy as np
import scipy
from scipy.special import ndtr

from pixelproof.array_types import Bool, Float64, Int64
from pixelproof.comparison.falling import fall, places
from pixelproof.comparison.figures import score_figure
from pixelproof.comparison.standing import standings
from pixelproof.comparison.stress import Tried, stressed
from pixelproof.evaluation.metrics import PROTOCOL
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.progress import track
from pixelproof.randomness import generator
from pixelproof.runs import ClassificationScores, Scores, SegmentationScores, Source

NAMES = ("one", "other", "third")
STRENGTHS = 4
STRESSES = {"classification": 12, "segmentation": 10}
METRIC = {"classification": "accuracy", "segmentation": "miou"}
BEFORE = {"classification": (0.9, 0.6), "segmentation": (0.8, 0.5)}
"""The scores of two models on images as they are."""
CASES = (
    *(("classification", images, images) for images in (12, 40, 200)),
    ("classification", 200, 20),
    ("segmentation", 12, 12),
    ("segmentation", 40, 40),
    ("segmentation", 100, 100),
    ("segmentation", 60, 15),
)
"""Task, images and groups of them; as many groups as images are none."""
MARGIN = 0.05
GROWS = np.array([0, 0.1, 0.3, 0.6, 1])
"""What of the loss at the hardest strength there is at no, the first and each other one."""
MANY = 20_000
"""Images that tell where a score truly falls."""
COMMON, OWN, STATE = 0.4, 0.4, 0.2
"""What makes an image hard: for all, for a model, and for a model in a state, as shares of the variance."""


def states(
    rng: np.random.Generator, members: Int64, pixels: Int64 | None, common: Float64, score: float, lost: Float64
) -> list[Scores]:
    """Return the scores of a model in all states, of which each loses so much.

    Args:
        rng: The generator.
        members: int64 [N], the group of each image.
        pixels: int64 [N, 3], those of each class; None for a classifier.
        common: float64 [N], how hard images are for all models.
        score: The model's on images as they are.
        lost: float64 [1+S], what it loses in each state.
    """
    groups, found = int(members.max()) + 1, list[Scores]()
    truth = np.arange(len(members)) % 3
    own = rng.normal(size=groups)[members]
    for each in lost:
        hard = np.sqrt(COMMON) * common + np.sqrt(OWN) * own + np.sqrt(STATE) * rng.normal(size=groups)[members]
        if pixels is None:
            found.append(_classified(truth, ndtr(hard) < score - each, members))
        else:
            found.append(_drawn(rng, pixels, hard, score - each, members))
    return found


def _facts(members: Int64) -> dict[str, Any]:
    alone = len(np.unique(members)) == len(members)
    return {"source": Source("x"), "groups": None if alone else np.array([f"{each}" for each in members])}


def _classified(truth: Int64, right: Bool, members: Int64) -> ClassificationScores:
    scheme = LabelScheme(task="classification", classes=tuple(LabelClass(name=n, id=i) for i, n in enumerate(NAMES)))
    ids, unknown = tuple(f"{place:04}" for place in range(len(truth))), np.full(len(truth), np.nan)
    predicted, rank = np.where(right, truth, (truth + 1) % 3), np.full(len(truth), -1, np.int64)
    return ClassificationScores(ids, truth, predicted, rank, unknown, unknown, scheme, **_facts(members))


def _drawn(rng: np.random.Generator, pixels: Int64, hard: Float64, miou: float, members: Int64) -> SegmentationScores:
    classes = tuple(LabelClass(name=n, id=i, color=(i, 0, 0)) for i, n in enumerate(NAMES))
    right = np.clip(2 * miou / (1 + miou) + 0.05 * hard, 0.01, 0.99)  # of equal classes, IoU is right / (2 - right)
    counts = np.zeros((len(pixels), 4, 4), np.int64)
    for place in range(3):
        shares = np.stack([right if each == place else (1 - right) / 2 for each in range(3)], axis=1)
        counts[:, place, :3] = rng.multinomial(pixels[:, place], shares)
    ids = tuple(f"{place:04}" for place in range(len(pixels)))
    return SegmentationScores(ids, counts, LabelScheme(task="segmentation", classes=classes), **_facts(members))


def tried(found: list[Scores]) -> tuple[str, list[Tried], dict[str, Scores]]:
    """Return what ``standings`` takes of a model."""
    files = {f"{place}.npz": each for place, each in enumerate(found)}
    first, *rest = files
    by_stress = [rest[start : start + STRENGTHS] for start in range(0, len(rest), STRENGTHS)]
    own = [
        Tried(f"stress {place}", "stops", 0.0, dict(zip((1.0, 2.0, 3.0, 4.0), each, strict=True)))
        for place, each in enumerate(by_stress)
    ]
    return first, own, files


def measure(task: str, images: int, groups: int, trials: int, seed: int) -> dict[str, Any]:
    """Return in how many percent of trials something is said; see above."""
    rng, said = generator(seed, "stress alarms", task, images, groups), np.zeros(3)
    for trial in track(range(trials), f"{task}, {images} images", trials, "trials"):
        members = np.arange(images) % groups
        common = rng.normal(size=groups)[members]
        pixels = None if task == "classification" else rng.integers(200, 2000, (images, 3))
        steps = STRESSES[task] * STRENGTHS
        first, own, files = tried(states(rng, members, pixels, common, BEFORE[task][0], np.zeros(1 + steps)))
        alone = stressed("a", "a", first, own, files, METRIC[task], MARGIN, seed + trial)
        drops = rng.uniform(0, 0.3, STRESSES[task])[:, None] * np.array([0.25, 0.5, 0.75, 1])
        lost = np.concatenate([[0], drops.ravel()])
        both = {
            n: tried(states(rng, members, pixels, common, b, lost)) for n, b in zip("ab", BEFORE[task], strict=True)
        }
        found = standings(both, METRIC[task], seed + trial)
        said += (
            any(cell.lost for curve in alone.curves for cell in curve.cells),
            any(each.kept_better != "undecided" for each in found),
            any(each.score_better == "a" for each in found),
        )
    percent = {
        name: round(100 * float(value) / trials, 1) for name, value in zip(("lost", "kept", "found"), said, strict=True)
    }
    return {"task": task, "images": images, "groups": groups, "trials": trials} | percent


def measure_falls(task: str, images: int, groups: int, trials: int, seed: int) -> dict[str, Any]:
    """Return in how many percent of trials it is known where a score falls, and in how many of these that holds."""
    rng, said = generator(seed, "stress falls", task, images, groups), np.zeros(2)
    for trial in track(range(trials), f"falls of {task}, {images} images", trials, "trials"):
        lost = rng.uniform(0.06, 0.3) * GROWS
        start, *under = _answered(rng, task, images, groups, lost)
        found = fall([start], under, METRIC[task], MARGIN, seed + trial)
        true = places(_truly(rng, task, lost)[None], MARGIN)[0]
        if found.ends is not None:
            said += (1, found.ends[0] <= true <= found.ends[1])
    known, held = (float(value) for value in said)
    facts = {"known": round(100 * known / trials, 1), "holds": round(100 * held / known, 1) if known else None}
    return {"task": task, "images": images, "groups": groups, "trials": trials} | facts


def _answered(rng: np.random.Generator, task: str, images: int, groups: int, lost: Float64) -> list[Scores]:
    members = np.arange(images) % groups
    pixels = None if task == "classification" else rng.integers(200, 2000, (images, 3))
    return states(rng, members, pixels, rng.normal(size=groups)[members], BEFORE[task][0], lost)


def _truly(rng: np.random.Generator, task: str, lost: Float64) -> Float64:
    """Return by how much the score of all images there could be changes; mIoU is not what was asked for, but near."""
    if task == "classification":
        return -lost[1:]
    values = [score_figure(each, PROTOCOL).of(each) for each in _answered(rng, task, MANY, MANY, lost)]
    return np.array(values[1:]) - values[0]


def main() -> None:
    """Measure every case and print a line for each, then all as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    start, results = time.monotonic(), []
    for case in CASES:
        results.append(measure(*case, options.trials, options.seed))
        print(results[-1], flush=True)
    falls = []
    for case in CASES:
        falls.append(measure_falls(*case, 2 * options.trials, options.seed))
        print(falls[-1], flush=True)
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    seconds = round(time.monotonic() - start)
    told = {"name": "stress_alarms", "results": results, "falls": falls, "n": options.trials, "seconds": seconds}
    print(json.dumps(told | {"versions": versions}))


if __name__ == "__main__":
    main()
