"""Score files of two models on the same images, made through the real writers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from pixelproof.evaluation import confusion_counts
from pixelproof.evaluation.outcomes import outcomes
from pixelproof.labels import PRESETS, LabelClass, LabelScheme
from pixelproof.runs import ClassificationScores, SegmentationScores, Source, save_scores

DEEPGLOBE = PRESETS["deepglobe"]
PETS = LabelScheme(
    task="classification", classes=tuple(LabelClass(name=n, id=i) for i, n in enumerate(["cat", "dog", "fox"]))
)


def truths(images=24, seed=0, classes=7):
    """Return masks of 16x20 pixels in which each image shows some of the classes."""
    rng = np.random.default_rng(seed)
    return [
        rng.choice(rng.choice(classes, rng.integers(1, 5), replace=False), (16, 20)).astype(np.uint8)
        for _ in range(images)
    ]


def segmenter(skill, seed=1, truth=None, name="", scheme=DEEPGLOBE):
    """Return scores of a segmenter that gets a share ``skill`` of the pixels right and guesses the others."""
    rng = np.random.default_rng(seed)
    truth = truths() if truth is None else truth
    counts = []
    for mask in truth:
        guess = np.where(rng.random(mask.shape) < skill, mask, rng.integers(0, 6, mask.shape))
        counts.append(confusion_counts(mask, guess.astype(np.uint8), len(scheme.classes)))
    ids = tuple(f"scene{place // 3}_{place:02}" for place in range(len(truth)))
    return SegmentationScores(ids, np.stack(counts), scheme, Source(name))


def classifier(skill, seed=1, images=90, name="", scheme=PETS):
    """Return scores of a classifier that is right on a share ``skill`` of the images."""
    rng = np.random.default_rng(seed)
    truth = np.arange(images) % len(scheme.classes)
    predicted = np.where(rng.random(images) < skill, truth, (truth + 1) % len(scheme.classes))
    unknown = np.full(images, np.nan)
    ids = tuple(f"site{place // 3}_{place:02}" for place in range(images))
    rank = np.full(images, -1)
    return ClassificationScores(ids, truth, predicted, rank, unknown, unknown, scheme, Source(name))


def probable(skill, bias=(0, 0, 0), seed=1, images=240, digits=2, name=""):
    """Return scores of a classifier with probabilities of few digits, so that many are equal."""
    rng, drawn = np.random.default_rng(seed), np.random.default_rng(0)
    truth = drawn.choice(3, images, p=(0.75, 0.15, 0.1))
    logits = drawn.normal(size=(images, 3)) + 0.8 * rng.normal(size=(images, 3)) + np.array(bias)
    logits[np.arange(images), truth] += skill
    chances = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).round(digits)
    scores = replace(classifier(1, images=images, name=name), truth=truth, **outcomes(chances, truth))
    return replace(scores, probabilities=chances.astype(np.float32))


def saved(folder, **scores):
    """Write score files named by the keywords and return their paths."""
    for name, value in scores.items():
        save_scores(folder / f"{name}.npz", value)
    return [folder / f"{name}.npz" for name in scores]


def answer(pixelproof, *args):
    """Return what ``compare --json`` says."""
    code, out, _ = pixelproof("compare", *args, "--json")
    assert code == 0
    return json.loads(out)
