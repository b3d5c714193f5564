"""Explain a segmenter: which masks are doubtful, which images it fails on, what to look at next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float32, UInt8
from pixelproof.data import Parts, Sample
from pixelproof.data.decoded import read_pair, read_sample
from pixelproof.data.patches import looked_at
from pixelproof.data.reader import as_picture
from pixelproof.evaluation import confusion_counts
from pixelproof.evaluation.metrics import class_iou
from pixelproof.explanation.neighbours import nearest
from pixelproof.explanation.priority import NEIGHBOURS, UNLABELLED, Reason, novelty, unlike_train, worth_a_look
from pixelproof.explanation.regions import MaskEvidence, Region, disagreements, suspect_regions
from pixelproof.models import Output
from pixelproof.models.layers import pooled
from pixelproof.prediction import Predictor
from pixelproof.prediction.chances import probabilities
from pixelproof.prediction.tiles import LARGE, TILE, tiles
from pixelproof.progress import track
from pixelproof.runs import Shown
from pixelproof.runs.explanation_folder import Findings
from pixelproof.runs.ranked_file import Box, Ranked
from pixelproof.windows import Window

WORST = 6
"""Images that the page shows with their errors."""


@dataclass(frozen=True)
class _Look:
    """One image as a segmenter sees it: its mean features [D], mean entropy 0..1, mIoU, and what its mask says."""

    features: Float32
    entropy: float
    miou: float
    evidence: MaskEvidence | None


def explain_segmenter(predictor: Predictor, parts: Parts, split: str) -> Findings:
    """Explain a segmenter on the images of ``split``, with all others for comparison.

    Args:
        predictor: The network.
        parts: Images by the name of their split; "train" must be there, "unlabelled" need no masks.
        split: Whose images are ranked by their score and, with "unlabelled", by what to do next.

    Raises:
        UserError: An image or mask cannot be read.
    """
    looks: dict[str, list[_Look]] = {}
    for name, samples in parts.items():
        looks[name] = [_look(predictor, name, sample) for sample in track(samples, f"looking at {name}", len(samples))]
    masks = [look.evidence for name in looks for look in looks[name] if look.evidence is not None]
    doubtful = suspect_regions(masks, predictor.scheme.names)
    score = np.array([look.miou for look in looks[split]])
    worst = [parts[split][i] for i in np.argsort(np.where(np.isnan(score), np.inf, score), kind="stable")[:WORST]]
    return Findings(
        doubtful,
        _next(parts, looks, split),
        worst=[show(predictor, sample) for sample in worst],
        doubtful=[show(predictor, one, _named(one, name, split)) for name, one in _first(doubtful, parts)],
    )


def _first(rows: Sequence[Ranked], parts: Parts) -> list[tuple[str, Sample]]:
    """Return the images of the first rows with their splits, each once, in their order."""
    samples = {(name, sample.id): sample for name in parts for sample in parts[name]}
    return [(key[0], samples[key]) for key in list(dict.fromkeys((row.split, row.id) for row in rows))[:WORST]]


def _named(sample: Sample, name: str, split: str) -> str:
    """Return what an image of the split ``name`` is called beside those of ``split``: ids are unique within one."""
    return sample.id if name == split else f"{sample.id} ({name})"


def show(predictor: Predictor, sample: Sample, name: str = "") -> Shown:
    """Return an image with its truth and what the network makes of it, called ``name`` if not by its id.

    Raises:
        UserError: The image or its mask cannot be read.
    """
    image, truth = read_pair(sample, predictor.scheme, predictor.reader)
    return Shown(name or sample.id, as_picture(image), truth, predictor.class_map(image))


def _look(predictor: Predictor, split: str, sample: Sample) -> _Look:
    """Look at an image, a large one in windows so that no more than one is held at a time."""
    scheme, classes = predictor.scheme, len(predictor.scheme.classes)
    image, truth = read_sample(sample, scheme, predictor.reader)
    pixels = image.shape[0] * image.shape[1]
    features, entropy, regions = [], 0.0, list[Region]()
    labelled, agreed = np.zeros(classes, np.int64), np.zeros(classes)
    confusion = np.zeros((classes + 1, classes + 1), np.int64)
    for window in _windows(*image.shape[:2]):
        output = predictor([image[window.slices]])
        features.append(pooled(output.features)[0].numpy())
        chances = _chances(predictor, output)
        entropy += float(-(chances * np.log(chances.clip(min=1e-12))).sum() / np.log(max(classes, 2)))
        if truth is not None:
            part = truth[window.slices]
            confusion += confusion_counts(part, chances.argmax(axis=0).astype(np.uint8), classes)
            looked = looked_at(sample.patches, *window.slices) if sample.patches else None
            regions += disagreements(part, chances, scheme.scored, pixels, window.left, window.top, looked)
            for index in np.flatnonzero(scheme.scored):
                labelled[index] += (part == index).sum()
                agreed[index] += chances[index][part == index].sum(dtype=np.float64)
    evidence = None
    if truth is not None:
        evidence = MaskEvidence(sample.id, split, pixels, tuple(regions), labelled, agreed)
    by_class = class_iou(confusion, scheme.scored, "unknown_counted")
    miou = float(np.nanmean(by_class)) if truth is not None and not np.isnan(by_class).all() else float("nan")
    return _Look(np.mean(features, axis=0), entropy / pixels, miou, evidence)


def _windows(height: int, width: int) -> list[Window]:
    """Return the parts of an image of this size that are looked at one by one."""
    side = TILE if height * width > LARGE else max(height, width)
    return [tile.kept for tile in tiles(height, width, side, margin=0)]


def window_of(image: UInt8, box: Box) -> Window:
    """Return the part of an image, uint8 [H, W, C], that was looked at when a region with this box was found."""
    left, top = box[:2]
    return next(
        window
        for window in _windows(*image.shape[:2])
        if 0 <= top - window.top < window.height and 0 <= left - window.left < window.width
    )


def chances_in(predictor: Predictor, image: UInt8, window: Window) -> Float32:
    """Return the probabilities of the classes in a part of an image, float32 [K, h, w], as it was looked at."""
    return _chances(predictor, predictor([image[window.slices]]))


def _chances(predictor: Predictor, output: Output) -> Float32:
    chances: Float32 = probabilities(output.logits, predictor.temperature)[0].astype(np.float32)
    return chances


def _next(parts: Parts, looks: Mapping[str, list[_Look]], split: str) -> list[Ranked]:
    pool = [name for name in (split, UNLABELLED) if parts.get(name)]
    rows = [(name, sample, look) for name in pool for sample, look in zip(parts[name], looks[name], strict=True)]
    train = np.stack([look.features for look in looks["train"]])
    k = min(NEIGHBOURS, len(train) - 1)  # as many for others as an image of a small train has
    usual = nearest(train, k)[0][:, -1]
    asked = {name: None if name == "train" else np.stack([look.features for look in looks[name]]) for name in pool}
    distances = [nearest(train, k, features)[0][:, -1] for features in asked.values()]
    reasons = [
        Reason(np.array([1 - look.miou for _, _, look in rows]), lambda v: f"mIoU {1 - v:.2f} on this image"),
        Reason(np.array([look.entropy for _, _, look in rows]), lambda v: f"the model is unsure, mean entropy {v:.0%}"),
        Reason(novelty(usual, np.concatenate(distances)), unlike_train),
    ]
    return [
        Ranked(rows[i][1].id, rows[i][0], "", "", score, why)
        for i, score, why in zip(*worth_a_look(reasons), strict=True)
    ]
