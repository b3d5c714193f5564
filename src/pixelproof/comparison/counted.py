"""Two models by a figure that derives from counts: the bootstrap's interval and the test by exchanging the models."""

from __future__ import annotations

from itertools import compress

from pixelproof.array_types import Int64
from pixelproof.comparison import paired
from pixelproof.comparison.figures import ClassFigure, class_figure
from pixelproof.comparison.findings import Findings
from pixelproof.evaluation.metrics import Protocol
from pixelproof.evaluation.resampling import by_unit
from pixelproof.runs import Scores, SegmentationScores


def compare_counted(
    a: Scores, b: Scores, metric: str, figure: ClassFigure, groups: Int64 | None, seed: int
) -> Findings:
    """Return the comparison of two models that were scored on the same images in the same order.

    Args:
        a: The first model's scores.
        b: The second's.
        metric: The name of the figure.
        figure: What to compare.
        groups: int64 [N], the group of each image, to be resampled as wholes; None if every image stands for itself.
        seed: Seed of the resamples.
    """
    images_a, images_b = figure.counts(a), figure.counts(b)
    units_a, units_b = (by_unit(counts, groups) for counts in (images_a, images_b))
    effective = paired.effective_units(units_a, units_b, figure.table, figure.shown(units_a))
    low, high = paired.interval(paired.bootstrap(units_a, units_b, figure.table, seed), effective)
    return Findings(
        metric=metric,
        method="resampled",
        classes=tuple(compress(a.scheme.names, a.scheme.scored)),
        a=figure.table(units_a.sum(axis=0)),
        b=figure.table(units_b.sum(axis=0)),
        low=low,
        high=high,
        p=paired.permutation_p(units_a, units_b, figure.table, seed),
        shown=figure.shown(images_a)[:-1],
        effective=effective[:-1],
        image_a=figure.by_image(images_a),
        image_b=figure.by_image(images_b),
    )


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
