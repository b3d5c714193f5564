"""Two segmenters: mIoU and every class's IoU, or another figure of the counts of the same images."""

from __future__ import annotations

from pixelproof.array_types import Int64
from pixelproof.comparison.counted import compare_counted
from pixelproof.comparison.figures import class_figure
from pixelproof.comparison.findings import Findings
from pixelproof.evaluation.metrics import Protocol
from pixelproof.runs import SegmentationScores


def compare_segmenters(
    a: SegmentationScores,
    b: SegmentationScores,
    protocol: Protocol,
    groups: Int64 | None,
    seed: int,
    metric: str = "miou",
) -> Findings:
    """Return the comparison of two segmenters that were scored on the same images in the same order.

    Args:
        a: The first model's counts.
        b: The second's.
        protocol: How pixels of ignored classes count.
        groups: int64 [N], the group of each image, to be resampled as wholes; None if every image stands for itself.
        seed: Seed of the resamples.
        metric: What decides; see ``runs.metric_names``.
    """
    return compare_counted(a, b, metric, class_figure(metric, a, protocol), groups, seed)
