"""Two segmenters: mIoU and every class's IoU, from the counts of the same images."""

from __future__ import annotations

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.comparison import paired
from pixelproof.comparison.findings import Findings
from pixelproof.evaluation import metrics
from pixelproof.evaluation.metrics import Protocol
from pixelproof.runs import SegmentationScores


def compare_segmenters(
    a: SegmentationScores, b: SegmentationScores, protocol: Protocol, groups: Int64 | None, seed: int
) -> Findings:
    """Return the comparison of two segmenters that were scored on the same images in the same order.

    Args:
        a: The first model's counts.
        b: The second's.
        protocol: How pixels of ignored classes count.
        groups: int64 [N], the group of each image, to be resampled as wholes; None if every image stands for itself.
        seed: Seed of the resamples.
    """
    scored = a.scheme.scored
    images_a, images_b = (metrics.class_counts(s.confusion, scored, protocol)[..., scored] for s in (a, b))
    units_a, units_b = (paired.by_unit(counts, groups) for counts in (images_a, images_b))
    shown = np.append((units_a[:, 1] > 0).sum(axis=0), len(units_a))
    effective = paired.effective_units(units_a, units_b, statistic, shown)
    low, high = paired.interval(paired.bootstrap(units_a, units_b, statistic, seed), effective)
    return Findings(
        metric="miou",
        classes=tuple(name for name, counts in zip(a.scheme.names, scored, strict=True) if counts),
        a=statistic(units_a.sum(axis=0)),
        b=statistic(units_b.sum(axis=0)),
        low=low,
        high=high,
        p=paired.permutation_p(units_a, units_b, statistic, seed),
        shown=(images_a[:, 1] > 0).sum(axis=0),
        effective=effective[:-1],
        image_a=metrics.image_iou(a, protocol),
        image_b=metrics.image_iou(b, protocol),
    )


def statistic(sums: Float64) -> Float64:
    """Return the IoU of each class and, last, their mean, [..., K+1], from sums of ``class_counts``, [..., 3, K]."""
    values = metrics.iou_of_counts(sums)
    return np.concatenate([values, metrics.mean_defined(values)[..., None]], axis=-1)
