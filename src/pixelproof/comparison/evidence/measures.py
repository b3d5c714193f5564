"""What two models are compared in: figures that derive from counts which add up over images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from pixelproof.array_types import Bool, Float64
from pixelproof.comparison.evidence.split import split_gain
from pixelproof.errors import UserError
from pixelproof.evaluation import metrics
from pixelproof.evaluation.boundary_metrics import boundary_f1, region_iou
from pixelproof.evaluation.metrics import Protocol, mean_defined, ratio
from pixelproof.runs import Boundaries, ClassificationScores, Scores, SegmentationScores
from pixelproof.runs.boundaries import BAND_EDGES, TOLERANCES
from pixelproof.runs.claims import METRICS_OF

EDGE_WIDTH = 8
"""Pixels whose true boundary is at most this far away are edges, in pixels."""
TOLERANCE = 3
"""At which boundary figures are compared, in pixels."""
_NEAR = BAND_EDGES.index(EDGE_WIDTH) + 1

Counts = Float64


@dataclass(frozen=True)
class Measure:
    """A gain of one model over another.

    Attributes:
        counts: From scores to counts [N, *C] by image.
        gain: From sums of counts of both models [R, 2, *C] to the second's gain [R].
    """

    counts: Callable[[Scores], Counts]
    gain: Callable[[Counts], Float64]


@dataclass(frozen=True)
class Figure:
    """A figure of one model.

    Attributes:
        counts: From scores to counts [N, *C] by image.
        value: From sums of counts [..., *C] to the figure [...].
    """

    counts: Callable[[Scores], Counts]
    value: Callable[[Counts], Float64]

    def of(self, scores: Scores) -> float:
        """Return the figure over all images of a score file."""
        return float(self.value(self.counts(scores).sum(axis=0)))

    def gain(self, sums: Counts) -> Float64:
        """Return the second model's figure minus the first's, [R], from sums of both [R, 2, *C]."""
        return self.value(sums[:, 1]) - self.value(sums[:, 0])


def score_figure(scores: Scores, protocol: Protocol) -> Figure:
    """Return the figure that decides which model is better: mIoU, or accuracy."""
    if isinstance(scores, ClassificationScores):
        return Figure(_outcomes, lambda sums: ratio(sums[..., 0], sums[..., 1]))
    scored = scores.scheme.scored

    def counts(scores: Scores) -> Counts:
        assert isinstance(scores, SegmentationScores)
        return metrics.class_counts(scores.confusion, scored, protocol)[..., scored].astype(np.float64)

    return Figure(counts, lambda sums: mean_defined(metrics.iou_of_counts(sums)))


def boundary_figure(scores: SegmentationScores, protocol: Protocol, name: str, tolerance: int) -> Figure:
    """Return mean Boundary IoU, "boundary_iou", or mean boundary F1, "boundary_f1", at a tolerance in pixels."""
    scored, place = scores.scheme.scored, TOLERANCES.index(tolerance)
    if name == "boundary_iou":
        return Figure(
            lambda s: boundaries(s).rims[:, place].astype(np.float64),
            lambda sums: mean_defined(region_iou(sums, scored, protocol)),
        )
    return Figure(
        lambda s: boundaries(s).contours[:, place].astype(np.float64),
        lambda sums: mean_defined(boundary_f1(sums, scored)),
    )


def measure(name: str, scores: Scores, protocol: Protocol) -> Measure:
    """Return the measure that a claim's test names; see ``runs.claims.ClaimTest``.

    Raises:
        UserError: It is none of the scores' task.
    """
    known = METRICS_OF[scores.scheme.task]
    if name not in known:
        problem = f"the scores of {scores.source.name} are of {scores.scheme.task}, which has no metric '{name}'"
        raise UserError(problem, f"choose the claim's 'metric' from {', '.join(known)}")
    if isinstance(scores, SegmentationScores) and name in ("edges", "interior"):
        iou = partial(mean_region_iou, scored=scores.scheme.scored, protocol=protocol)
        place = -3 if name == "edges" else -2
        return Measure(
            lambda s: boundaries(s).bands.astype(np.float64), lambda sums: split_gain(sums, iou, _NEAR)[..., place]
        )
    if isinstance(scores, SegmentationScores) and name in ("boundary_iou", "boundary_f1"):
        figure = boundary_figure(scores, protocol, name, TOLERANCE)
    else:
        figure = score_figure(scores, protocol)
    return Measure(figure.counts, figure.gain)


def boundaries(scores: Scores) -> Boundaries:
    """Return the boundary counts of scores.

    Raises:
        UserError: They hold none.
    """
    if not isinstance(scores, SegmentationScores) or scores.boundaries is None:
        raise UserError(f"the scores of {scores.source.name} hold no boundary counts", "evaluate or score it again")
    return scores.boundaries


def by_tolerance(scores: SegmentationScores, protocol: Protocol, name: str) -> Mapping[str, float]:
    """Return a boundary figure at every tolerance, by pixels."""
    return {str(t): boundary_figure(scores, protocol, name, t).of(scores) for t in TOLERANCES}


def _outcomes(scores: Scores) -> Counts:
    """Return float64 [N, 2]: whether an image is right, and 1."""
    assert isinstance(scores, ClassificationScores)
    right = scores.correct
    return np.stack([right, np.ones_like(right)], axis=1).astype(np.float64)


def mean_region_iou(columns: Counts, scored: Bool, protocol: Protocol) -> Float64:
    """Return the mean of ``region_iou`` over the classes where it is defined, [...]."""
    return mean_defined(region_iou(columns, scored, protocol))
