"""How far do corrections flatter the model whose doubts chose them, and what are they worth to what learns from them?

    python -m benchmarks.corrections [--trials 40]

Of scikit-learn's digits 5% of the labels are changed, in train and in validation: to a class at random, or to the one
that another model holds for the likeliest wrong one, as people err. Two equal classifiers learn from the changed
labels, and a person looks at what the first one doubts, as ``explain`` lists it: one who is always right, or one who
follows the proposal one time in five without looking. Figures are means over trials and their standard errors:

- ``flattery``: by how many points of accuracy more the first stands above the second by the corrected labels of
  validation than by the true ones. Both are equal, so that it should be 0.
- ``doubted``: how many of the changed labels of validation were among the doubts, in percent; ``looked_at``: how many
  images of train and validation these are.
- ``learned_corrected``, ``learned_without``: what a third such classifier gains, in points on true labels, that learns
  from train as corrected, or without the images that were corrected.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import platform
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import sklearn
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from pixelproof.array_types import Float64, Int64
from pixelproof.explanation.mixing import class_shares
from pixelproof.explanation.neighbours import nearest
from pixelproof.explanation.priority import NEIGHBOURS
from pixelproof.explanation.suspects import Labelled, suspects
from pixelproof.progress import track

CLASSES, CHANGED, SCORED, TRUSTED = 10, 0.05, 359, 0.2
SCENARIOS = [
    (150, "random", False),
    (150, "alike", False),
    (150, "alike", True),
    (1438, "random", False),
    (1438, "alike", False),
    (1438, "alike", True),
]
"""From how many images is learned, to which class labels are changed, and whether the person trusts proposals."""
NAMES = ("flattery", "doubted", "looked_at", "learned_corrected", "learned_without")
Floats = npt.NDArray[np.float64]


class Digits(NamedTuple):
    """Images as rows of pixels and their true classes; the last are those of validation, and all others of train."""

    pixels: Floats
    truth: Int64


def learned(pixels: Floats, labels: Int64, seed: int) -> MLPClassifier:
    """Return a classifier that has learned from labels."""
    return MLPClassifier((32,), max_iter=60, learning_rate_init=0.005, random_state=seed, tol=0).fit(pixels, labels)


def chances_of(model: MLPClassifier, pixels: Floats) -> Float64:
    """Return its probabilities, float64 [N, K]."""
    chances = np.zeros((len(pixels), CLASSES))
    chances[:, model.classes_] = model.predict_proba(pixels)
    return chances


def shuffled(images: int, rng: np.random.Generator) -> Digits:
    """Return so many digits for train, and those of validation, in another order."""
    found = load_digits()
    order = rng.permutation(len(found.target))[: images + SCORED]
    return Digits(found.data[order] / 16, found.target[order].astype(np.int64))


def changed(digits: Digits, kind: str, rng: np.random.Generator) -> Int64:
    """Return labels of which some are wrong, int64 [N]."""
    labels, places = digits.truth.copy(), rng.permutation(len(digits.truth))[: round(CHANGED * len(digits.truth))]
    if kind == "random":
        labels[places] = (labels[places] + rng.integers(1, CLASSES, len(places))) % CLASSES
        return labels
    other = learned(digits.pixels[-SCORED:], digits.truth[-SCORED:], int(rng.integers(2**31)))
    chances = chances_of(other, digits.pixels[places])
    chances[np.arange(len(places)), labels[places]] = -1
    labels[places] = chances.argmax(axis=1)
    return labels


def looked_at(model: MLPClassifier, digits: Digits, labels: Int64) -> tuple[Int64, Int64]:
    """Return which images a model doubts, most certain first, and the classes that are proposed for them."""
    train = len(labels) - SCORED
    hidden = np.maximum(digits.pixels @ model.coefs_[0] + model.intercepts_[0], 0)
    places = [nearest(hidden[:train], NEIGHBOURS, asked)[1] for asked in (None, hidden[train:])]
    images = Labelled(
        ids=tuple(map(str, range(len(labels)))),
        splits=("all",) * len(labels),
        given=labels,
        model=chances_of(model, digits.pixels),
        near=class_shares(labels[:train][np.concatenate(places)], CLASSES),
        digests=tuple(str(n).encode() for n in range(len(labels))),
        names=tuple(map(str, range(CLASSES))),
    )
    rows = suspects(images)
    return np.array([int(row.id) for row in rows]), np.array([int(row.suggested) for row in rows])


def trial(images: int, kind: str, trusting: bool, rng: np.random.Generator) -> list[float]:
    """Return what ``NAMES`` says of one trial, in points, percent and images."""
    digits = shuffled(images, rng)
    labels, seeds = changed(digits, kind, rng), rng.integers(2**31, size=3).tolist()
    a, b = (learned(digits.pixels[:images], labels[:images], seed) for seed in seeds[:2])
    doubts, proposed = looked_at(a, digits, labels)
    corrected = labels.copy()
    corrected[doubts] = digits.truth[doubts]
    if trusting:
        followed = rng.random(len(doubts)) < TRUSTED
        corrected[doubts[followed]] = proposed[followed]
    scored, wrong = slice(images, None), np.flatnonzero(labels[images:] != digits.truth[images:]) + images
    right = {model: model.predict(digits.pixels[scored]) for model in (a, b)}

    def ahead(truth: Int64) -> float:
        return float((right[a] == truth[scored]).mean() - (right[b] == truth[scored]).mean())

    def gain(kept: npt.NDArray[np.bool_], by: Int64) -> float:
        model = learned(digits.pixels[:images][kept], by[:images][kept], seeds[2])
        return float((model.predict(digits.pixels[scored]) == digits.truth[scored]).mean())

    all_of, same = np.ones(images, bool), corrected[:images] == labels[:images]
    before = gain(all_of, labels)
    return [
        100 * (ahead(corrected) - ahead(digits.truth)),
        100 * float(np.isin(wrong, doubts).mean()),
        len(doubts),
        100 * (gain(all_of, corrected) - before),
        100 * (gain(same, labels) - before),
    ]


def main() -> None:
    """Measure every scenario and print a line for each, then all as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=40)
    trials, results = parser.parse_args().trials, []
    for images, kind, trusting in SCENARIOS:
        rng, what = np.random.default_rng(1), f"{images} {kind}{', trusting' if trusting else ''}"
        found = np.array([trial(images, kind, trusting, rng) for _ in track(range(trials), what, trials, "trials")])
        means, errors = found.mean(axis=0).round(2), (found.std(axis=0, ddof=1) / trials**0.5).round(2)
        figures: dict[str, Any] = {n: [float(m), float(e)] for n, m, e in zip(NAMES, means, errors, strict=True)}
        results.append({"images": images, "changed_to": kind, "trusting": trusting} | figures)
        print(results[-1], flush=True)
    versions = {"python": platform.python_version(), "numpy": np.__version__, "sklearn": sklearn.__version__}
    print(json.dumps({"name": "corrections", "results": results, "n": trials, "versions": versions}))


if __name__ == "__main__":
    main()
