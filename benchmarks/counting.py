"""From two folders of RGB masks to mIoU: ``python -m benchmarks.counting [--data DIR] [--rounds N]``.

The masks are the reference study's 257 validation masks where they stand beside the checkout, or those of ``--data``,
else masks of the embedded land-cover data, enlarged to 512x512. The predictions are these masks with rectangles taken
from the next image, so that both sides hold real shapes. Peers, each in one thread like ours:

- ``numpy``: Pillow and NumPy by the course's rule: threshold, assign class by class, count class by class
- ``torchmetrics``: Pillow, the 3-bit code by a table, ``MulticlassConfusionMatrix`` image by image
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from PIL import Image
from torchmetrics.classification import MulticlassConfusionMatrix

from benchmarks.harness import Benchmark
from pixelproof.data.demo import write_demo
from pixelproof.data.masks import read_mask
from pixelproof.evaluation import confusion_counts, mean_iou
from pixelproof.labels import PRESETS
from pixelproof.runs import SegmentationScores

COUNT, SIDE = 257, 512
STUDY = Path(__file__).parents[2] / "shared" / "data" / "p2_data" / "validation"
COURSE = {0b011: 0, 0b110: 1, 0b101: 2, 0b010: 3, 0b001: 4, 0b111: 5, 0b000: 6, 0b100: 6}
Paths = Sequence[Path]


def ours(truth: Paths, predicted: Paths) -> float:
    """Pixelproof's own way."""
    scheme = PRESETS["deepglobe"]
    counts = [
        confusion_counts(read_mask(t, scheme), read_mask(p, scheme), len(scheme.classes))
        for t, p in zip(truth, predicted, strict=True)
    ]
    scores = SegmentationScores(tuple(path.name for path in truth), np.stack(counts), scheme)
    return mean_iou(scores, "unknown_counted")


def course(truth: Paths, predicted: Paths) -> float:
    """The course's rule."""
    masks, labels = (np.stack([course_mask(path) for path in paths]) for paths in (predicted, truth))
    values = []
    for i in range(6):
        hit = np.sum((masks == i) * (labels == i))
        values.append(hit / (np.sum(masks == i) + np.sum(labels == i) - hit))
    return float(np.mean(values))


def course_mask(path: Path) -> np.ndarray:
    """Decode a mask class by class."""
    bits = (np.asarray(Image.open(path)) >= 128).astype(int)
    codes = 4 * bits[:, :, 0] + 2 * bits[:, :, 1] + bits[:, :, 2]
    mask = np.empty(codes.shape)
    for code, index in COURSE.items():
        mask[codes == code] = index
    return mask


def torchmetrics(truth: Paths, predicted: Paths) -> float:
    """Count by torchmetrics, behind a decoder that any of its users could write."""
    table = torch.tensor([COURSE[code] for code in range(8)])
    matrix = MulticlassConfusionMatrix(7, validate_args=False)
    for pair in zip(predicted, truth, strict=True):
        rgb = torch.from_numpy(np.stack([np.asarray(Image.open(path)) for path in pair])) >> 7
        classes = table[(rgb[..., 0] << 2 | rgb[..., 1] << 1 | rgb[..., 2]).long()]
        matrix.update(classes[0], classes[1])
    counts = matrix.compute().double()
    hit = counts.diag()
    return float((hit / (counts.sum(0) + counts.sum(1) - hit))[:6].mean())


def make_masks(source: Path | None, out: Path) -> tuple[list[Path], list[Path]]:
    """Write 257 pairs of masks and return their paths."""
    if source is None:
        write_demo(out / "demo")
        source = out / "demo" / "landcover" / "train"
    found = sorted(source.rglob("*_mask.png"))
    chosen = islice(cycle(found), COUNT)
    images = [np.asarray(Image.open(path).convert("RGB").resize((SIDE, SIDE), 0)) for path in chosen]
    rng = np.random.default_rng(0)
    paths: tuple[list[Path], list[Path]] = ([], [])
    for index, truth in enumerate(images):
        prediction = truth.copy()
        for top, left in rng.integers(0, SIDE - 96, (6, 2)):
            box = slice(top, top + 96), slice(left, left + 96)
            prediction[box] = images[(index + 1) % COUNT][box]
        for group, (kind, array) in zip(paths, (("truth", truth), ("prediction", prediction)), strict=True):
            path = out / kind / f"{index:04}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(path)
            group.append(path)
    return paths


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=STUDY if STUDY.is_dir() else None)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        truth, predicted = make_masks(options.data, Path(folder))
        values = {way.__name__: way(truth, predicted) for way in (ours, course, torchmetrics)}
        print("mIoU:", values, file=sys.stderr)
        if not np.allclose(list(values.values()), values["ours"], rtol=1e-6):
            sys.exit("the ways disagree about mIoU")
        benchmark = Benchmark(
            "counting",
            f"{COUNT} pairs of 512x512 RGB masks to mIoU, one thread",
            {"numpy": 8, "torchmetrics": 3},
            ("numpy", "pillow", "torchmetrics", "torch", "kornia-rs"),
        )
        benchmark.run(
            lambda: ours(truth, predicted),
            {
                "numpy": lambda: course(truth, predicted),
                "torchmetrics": lambda: torchmetrics(truth, predicted),
            },
            options.rounds,
        )
    benchmark.publish()


if __name__ == "__main__":
    main()
