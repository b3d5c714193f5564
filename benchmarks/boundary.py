"""All boundary counts of a pair of 512 x 512 masks with 7 classes, on one core, against the usual ways.

    OMP_NUM_THREADS=1 python -m benchmarks.boundary

``scipy`` takes one class at a time, ``edt+cc3d`` replaces what it can by those two libraries; both compute the same
counts, which is checked. ``monai`` computes the agreement of boundaries alone, a small part of them. Peers that are not
installed are left out. The last line is one JSON object; a ratio is a peer's time divided by ours.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from benchmarks.harness import Benchmark, rounds_argument
from pixelproof.array_types import UInt8
from pixelproof.evaluation.boundary import boundary_counts
from pixelproof.randomness import generator
from pixelproof.runs.boundaries import BAND_EDGES, OBJECT_EDGES, PERIOD, TOLERANCES, Boundaries

CLASSES, SIZE, PAIRS, ROUNDS = 7, 512, 6, 5
SCORED = np.arange(CLASSES) < CLASSES - 1  # the last class is ignored
Mask = UInt8
Array = npt.NDArray[Any]
Transform = Callable[[Mask], Array]


def landscapes() -> list[tuple[Mask, Mask]]:
    """Return masks of smooth regions, and their predictions: the same heights, disturbed."""
    random = generator(0, "benchmark", "boundary")
    pairs = []
    for _ in range(PAIRS):
        heights = ndimage.gaussian_filter(random.normal(size=(2, SIZE, SIZE)), (0, 40, 40))
        levels = np.quantile(heights[0], np.arange(1, CLASSES) / CLASSES)
        masks = (heights[0], heights[0] + 0.2 * heights[1])
        truth, prediction = (np.digitize(mask, levels).astype(np.uint8) for mask in masks)
        pairs.append((truth, prediction))
    return pairs


def scipy_distance(mask: Mask) -> Array:
    """Distance of each pixel to the nearest of another class, a class at a time."""
    if mask.min() == mask.max():
        return np.full(mask.shape, np.inf)
    found: Array = sum((ndimage.distance_transform_edt(mask == k) for k in np.unique(mask)), np.zeros(mask.shape))
    return found


def scipy_objects(mask: Mask) -> Array:
    """Number each connected part of a class, a class at a time."""
    parts, total = np.zeros(mask.shape, np.int64), 0
    for k in np.unique(mask):
        part, count = ndimage.label(mask == k)
        parts += np.where(part > 0, part + total, 0)
        total += count
    return parts - 1


def counted(truth: Mask, prediction: Mask, distance: Transform, objects: Transform) -> dict[str, Array]:
    """Return the counts by what a reader of their definitions would write, without void."""
    at_truth, at_prediction = distance(truth), distance(prediction)
    ignored = truth == CLASSES - 1
    bands = np.digitize(at_truth, BAND_EDGES, right=True)
    one_hot = [(truth == k, prediction == k) for k in range(CLASSES)]
    found = {
        name: np.zeros((size, CLASSES, 4), np.int64) for name, size in (("bands", 5), ("rims", 3), ("contours", 3))
    }
    for k, (true, predicted) in enumerate(one_hot):
        for band in range(5):
            near = bands == band
            columns = (true & predicted & near, true & near, predicted & near, predicted & near & ignored)
            found["bands"][band, k] = [np.count_nonzero(column) for column in columns]
        edges = (predicted & (at_prediction == 1), true & (at_truth == 1))
        to = [ndimage.distance_transform_edt(~e) if e.any() else np.full(e.shape, np.inf) for e in edges]
        for place, limit in enumerate(TOLERANCES):
            one, other = true & (at_truth <= limit), predicted & (at_prediction <= limit)
            columns = (one & other, one, other, other & ignored)
            found["rims"][place, k] = [np.count_nonzero(column) for column in columns]
            columns = (edges[0] & (to[1] <= limit), edges[0], edges[1] & (to[0] <= limit), edges[1])
            found["contours"][place, k] = [np.count_nonzero(column) for column in columns]
    return found | {"objects": by_object(truth, prediction, objects(truth)), "phases": phases(truth, prediction)}


def by_object(truth: Mask, prediction: Mask, parts: Array) -> Array:
    """Return the counts by size of object."""
    area, hit = np.bincount(parts.ravel()), np.bincount(parts.ravel(), (truth == prediction).ravel()).astype(int)
    label = np.zeros(len(area), int)
    label[parts] = truth
    counts = np.zeros((4, CLASSES, 4), np.int64)
    for size, k, *row in zip(np.digitize(area, OBJECT_EDGES), label, hit, area, 2 * hit > area, strict=True):
        counts[size, k] += [*row, 1]
    return counts


def phases(truth: Mask, prediction: Mask) -> Array:
    """Return the boundaries by position."""
    counts = np.zeros((3, 2, PERIOD), np.int64)
    for kind, mask in enumerate((truth, prediction)):
        for axis in (0, 1):
            lines = np.count_nonzero(np.diff(mask.astype(int), axis=1 - axis), axis=axis)
            for position, boundaries in enumerate(lines, start=1):
                counts[kind, axis, position % PERIOD] += boundaries
                counts[2, axis, position % PERIOD] += (1 - kind) * SIZE
    return counts


def ours(truth: Mask, prediction: Mask) -> Boundaries:
    """Return our counts."""
    return boundary_counts(truth, prediction, SCORED)


def peers() -> dict[str, Callable[[Mask, Mask], Any]]:
    """Return the peers that are installed."""
    found: dict[str, Callable[[Mask, Mask], Any]] = {
        "scipy": lambda truth, prediction: counted(truth, prediction, scipy_distance, scipy_objects)
    }
    try:
        import cc3d
        import edt

        found["edt+cc3d"] = lambda truth, prediction: counted(
            truth,
            prediction,
            lambda mask: edt.edt(mask.astype(np.uint32) + 1, parallel=1),
            lambda mask: cc3d.connected_components(mask + np.uint8(1), connectivity=4).astype(np.int64) - 1,
        )
    except ImportError:
        pass
    try:
        from monai.metrics import compute_surface_dice
        from monai.networks.utils import one_hot

        def monai(truth: Mask, prediction: Mask) -> Any:
            hot = [one_hot(torch.from_numpy(m)[None, None].long(), CLASSES) for m in (prediction, truth)]
            return [compute_surface_dice(*hot, [t] * CLASSES, include_background=True) for t in TOLERANCES]

        found["monai"] = monai
    except ImportError:
        pass
    return found


def main() -> None:
    """Check that all agree, time them in turn, and print the outcome."""
    torch.set_num_threads(1)
    pairs, others = landscapes(), peers()
    for name in others.keys() - {"monai"}:
        for pair in pairs:
            for array, expected in others[name](*pair).items():
                if not np.array_equal(getattr(ours(*pair), array), expected):
                    sys.exit(f"{name} counts other {array}")

    def all_pairs(count: Callable[[Mask, Mask], Any]) -> Callable[[], object]:
        return lambda: [count(*pair) for pair in pairs]

    optional = {"edt+cc3d": ("edt", "connected-components-3d"), "monai": ("monai",)}
    extra = (package for name in others for package in optional.get(name, ()))
    claim = f"all boundary counts of {len(pairs)} pairs of 512x512 masks, one thread"
    benchmark = Benchmark("boundary", claim, {}, ("numpy", "scipy", *extra))
    peer_work = {name: all_pairs(count) for name, count in others.items()}
    benchmark.run(all_pairs(ours), peer_work, rounds_argument(ROUNDS))
    each = [1000 * seconds / len(pairs) for seconds in benchmark.seconds["ours"]]
    benchmark.facts["milliseconds_a_pair"] = {"lowest": round(min(each), 2), "highest": round(max(each), 2)}
    benchmark.publish()


if __name__ == "__main__":
    main()
