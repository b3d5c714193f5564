"""How many wrong regions of masks are doubted, and whom does it flatter to correct what one model doubts?

    python -m benchmarks.mask_corrections [--trials 5]

In each tile of the demo's land cover, of train and of validation, one connected part of a class is labelled as another
class that the tile has, chosen at random. Two equal FCN8s, of two seeds, learn from such masks, and a person looks at
the regions of the page of ``explain`` of the first: one who is always right, or one who follows the proposal one time
in five without looking. Who is right gives a region the class that nine tenths of it are of, and says of others that
they cannot tell. Figures are means over trials and their standard errors:

- ``doubted``: how many of the changed parts are covered at least by half by the 100 regions on the page, in percent;
  ``answered``: how many of these regions got a class.
- ``put_right``: how many of the changed pixels have their true class after correcting, in percent; ``made_wrong``: how
  many of all others have it no more.
- ``flattery``: by how many points of mIoU more the first stands above the second by the corrected masks of validation
  than by the true ones. Both are equal, so that it should be 0.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy import ndimage

from pixelproof import api
from pixelproof.array_types import Bool, UInt8
from pixelproof.config import DataConfig
from pixelproof.data import arrange, open_data, write_png
from pixelproof.data.demo.landcover import landcover_tile, write_landcover
from pixelproof.data.patches import read_truth
from pixelproof.data.reader import RGB
from pixelproof.evaluation import confusion_counts
from pixelproof.evaluation.metrics import class_iou
from pixelproof.explanation.segmenter import explain_segmenter
from pixelproof.labels import PRESETS, encode_colors
from pixelproof.labels.outlines import region_of
from pixelproof.prediction import Predictor
from pixelproof.progress import say, track
from pixelproof.runs.corrections_file import Correction, extended
from pixelproof.verbs.review_masks import ASKED

LAND = PRESETS["deepglobe"]
TRAIN, SCORED, SIDE = 60, 24, 128
SMALLEST = 0.02  # of a tile, for a part to be changed
TRUSTED, MOSTLY = 0.2, 0.9
SETTINGS = ["width=0.125", "epochs=24", "batch_size=8", "lr=2e-3", "ema=0.95", "device=cpu", "cache=none"]
"""As those of the demo."""
NAMES = ("doubted", "answered", "put_right", "made_wrong", "flattery")
Key = tuple[str, str]


class Land(NamedTuple):
    """Tiles of which each has a wrong part: their true masks, and where they were changed, by split and id."""

    root: Path
    truth: dict[Key, UInt8]
    changed: dict[Key, Bool]


def painted(root: Path, seed: int, rng: np.random.Generator) -> Land:
    """Write land cover of which a part of each tile is labelled wrong."""
    write_landcover(root, TRAIN, SCORED, SIDE, seed)
    names = [("train", n) for n in range(TRAIN)] + [("validation", n) for n in range(SCORED)]
    land = Land(root, {}, {})
    for index, (split, number) in enumerate(names):
        key, mask = (split, f"{number:04d}"), landcover_tile(seed, index, SIDE)[1]
        part, other = wrong_part(mask, rng)
        land.truth[key], land.changed[key] = mask, part
        wrong = np.where(part, np.uint8(other), mask)
        write_png(root / split / f"{number:04d}_mask.png", encode_colors(LAND, wrong))
    return land


def wrong_part(mask: UInt8, rng: np.random.Generator) -> tuple[Bool, int]:
    """Return a connected part of a class, bool [H, W], and another class of the mask; nothing where it has but one."""
    classes = [k for k in np.unique(mask).tolist() if LAND.scored[k]]
    parts: list[tuple[Bool, int]] = []
    for index in classes:
        places, count = ndimage.label(mask == index)
        each = [places == n for n in range(1, count + 1)]
        parts += [(part, index) for part in each if SMALLEST <= part.mean() <= 0.5]
    if not parts or len(classes) < 2:
        return np.zeros(mask.shape, bool), 0
    part, own = parts[int(rng.integers(len(parts)))]
    others = [k for k in classes if k != own]
    return part, others[int(rng.integers(len(others)))]


def looked_at(
    run: Path, land: Land, trusting: bool, rng: np.random.Generator
) -> tuple[list[Correction], dict[Key, Bool]]:
    """Return what a person says of the regions that a run doubts, and which pixels these are."""
    data = open_data(land.root)
    parts = arrange(data, DataConfig())
    found = explain_segmenter(Predictor.open(run, "cpu"), parts, "validation")
    samples = {(split, sample.id): sample for split, own in parts.items() for sample in own}
    said, doubted = list[Correction](), {key: np.zeros((SIDE, SIDE), bool) for key in land.truth}
    for row in found.suspects[:ASKED]:
        key = ("validation" if row.split == "validation" else "train", row.id)
        region = region_of(row.outline, SIDE, SIDE)
        doubted[key][region.window] |= region.inside
        counts = np.bincount(land.truth[key][region.window][region.inside], minlength=len(LAND.names))
        label = LAND.names[int(counts.argmax())] if counts.max() >= MOSTLY * counts.sum() else ""
        label = row.suggested if trusting and rng.random() < TRUSTED else label
        if label:
            place = data.place(samples[row.split, row.id].image)
            said.append(Correction(place, label, row.given, region=row.outline))
    return said, doubted


def ahead(runs: list[Path], images: dict[Key, Path], truth: dict[Key, UInt8]) -> float:
    """Return by how many points of mIoU the first of two runs is ahead of the second."""
    reached = []
    for run in runs:
        predictor = Predictor.open(run, "cpu")
        counts = [
            confusion_counts(truth[key], predictor.class_map(RGB(image)), len(LAND.names))
            for key, image in images.items()
        ]
        reached.append(100 * np.nanmean(class_iou(np.sum(counts, axis=0), LAND.scored, "unknown_counted")))
    return float(reached[0] - reached[1])


def trial(folder: Path, seed: int) -> dict[bool, list[float]]:
    """Return what ``NAMES`` says of one trial, with a person who is always right, and one who trusts."""
    rng = np.random.default_rng(seed)
    land = painted(folder / "data", seed, rng)
    runs = [folder / f"run{n}" for n in range(2)]
    for n, run in enumerate(runs):
        api.train(land.root, "fcn8s-bn", run, settings=[*SETTINGS, f"seed={2 * seed + n}"])
    images = {("validation", sample.id): sample.image for sample in open_data(land.root).split("validation")}
    by_truth = ahead(runs, images, land.truth)
    return {trusting: _figures(land, runs, images, by_truth, trusting, rng) for trusting in (False, True)}


def _figures(
    land: Land, runs: list[Path], images: dict[Key, Path], by_truth: float, trusting: bool, rng: np.random.Generator
) -> list[float]:
    said, doubted = looked_at(runs[0], land, trusting, rng)
    (land.root / "corrections.csv").write_text(extended("", said), "utf-8")
    data = open_data(land.root)
    now = {(split, s.id): read_truth(s, LAND) for split, own in data.splits.items() for s in own}
    (land.root / "corrections.csv").unlink()
    parts = [key for key, part in land.changed.items() if part.any()]
    right = {key: now[key] == mask for key, mask in land.truth.items()}
    changed = np.stack([land.changed[key] for key in right])
    kept = np.stack(list(right.values()))
    return [
        100 * float(np.mean([doubted[key][land.changed[key]].mean() >= 0.5 for key in parts])),
        len(said),
        100 * float(kept[changed].mean()),
        100 * float(1 - kept[~changed].mean()),
        ahead(runs, images, now) - by_truth,
    ]


def main() -> None:
    """Measure both persons and print a line for each, then all as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=5)
    trials, results = parser.parse_args().trials, []
    found: list[dict[bool, list[float]]] = []
    for seed in track(range(trials), "trials", trials, "trials"):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(None):
            found.append(trial(Path(folder), seed))
        say(f"{found[-1]}")
    for trusting in (False, True):
        values = np.array([each[trusting] for each in found])
        errors = values.std(axis=0, ddof=1) / trials**0.5 if trials > 1 else np.zeros(len(NAMES))
        figures: dict[str, Any] = {
            name: [round(float(mean), 2), round(float(error), 2)]
            for name, mean, error in zip(NAMES, values.mean(axis=0), errors, strict=True)
        }
        results.append({"trusting": trusting} | figures)
        print(results[-1], flush=True)
    versions = {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__}
    print(json.dumps({"name": "mask_corrections", "results": results, "n": trials, "versions": versions}))


if __name__ == "__main__":
    main()
