"""What two models are compared in: figures that derive from counts which add up over images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from pixelproof.array_types import Bool, Float64
from pixelproof.comparison.areas import areas
from pixelproof.comparison.evidence.split import split_gain
from pixelproof.comparison.figures import Counts, boundaries, boundary_figure, score_figure
from pixelproof.evaluation.boundary_metrics import region_iou
from pixelproof.evaluation.metrics import Protocol, mean_defined
from pixelproof.runs import ClassificationScores, Scores, SegmentationScores
from pixelproof.runs.boundaries import BAND_EDGES, TOLERANCES
from pixelproof.runs.claims import PARTS
from pixelproof.runs.metric_names import is_area, known_metric

EDGE_WIDTH = 8
"""Pixels whose true boundary is at most this far away are edges, in pixels."""
_NEAR = BAND_EDGES.index(EDGE_WIDTH) + 1


@dataclass(frozen=True)
class Measure:
    """A gain of one model over another.

    Attributes:
        counts: From scores to counts [N, *C] by image.
        gain: From sums of counts of both models [R, 2, *C] to the second's gain [R].
    """

    counts: Callable[[Scores], Counts]
    gain: Callable[[Counts], Float64]


def measure(name: str, scores: Scores, protocol: Protocol) -> Measure:
    """Return the measure that a claim's test names; see ``runs.claims.ClaimTest``.

    Raises:
        UserError: It is none of the scores' task.
    """
    if isinstance(scores, SegmentationScores) and name in PARTS:
        iou = partial(mean_region_iou, scored=scores.scheme.scored, protocol=protocol)
        place = -3 if name == "edges" else -2
        return Measure(
            lambda s: boundaries(s).bands.astype(np.float64), lambda sums: split_gain(sums, iou, _NEAR)[..., place]
        )
    figure = score_figure(scores, protocol, name)
    return Measure(figure.counts, figure.gain)


def value_of(scores: Scores, protocol: Protocol, metric: str | None = None) -> float:
    """Return a score file's figure by which models are compared, accuracy or mIoU by default; NaN where undefined."""
    metric = known_metric(metric, scores.scheme)
    if is_area(metric):
        assert isinstance(scores, ClassificationScores)
        return float(areas(scores, metric, None)[0][-1])
    return score_figure(scores, protocol, metric).of(scores)


def by_tolerance(scores: SegmentationScores, protocol: Protocol, name: str) -> Mapping[str, float]:
    """Return a boundary figure at every tolerance, by pixels."""
    return {str(t): boundary_figure(scores, protocol, name, t).whole.of(scores) for t in TOLERANCES}


def mean_region_iou(columns: Counts, scored: Bool, protocol: Protocol) -> Float64:
    """Return the mean of ``region_iou`` over the classes where it is defined, [...]."""
    return mean_defined(region_iou(columns, scored, protocol))
