"""What a model reaches by the number of its training images, and what more of them brought and may bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from pixelproof.array_types import Float64, Int64
from pixelproof.comparison.evidence.runs import Measured, measured
from pixelproof.comparison.evidence.seeds import over_images_and_seeds
from pixelproof.comparison.match import group, refuse_mixture
from pixelproof.comparison.sizes.by_class import class_steps
from pixelproof.comparison.sizes.chance import Chance, chance, of_difference
from pixelproof.comparison.sizes.forecast import Extrapolated, extrapolated
from pixelproof.comparison.sizes.power_law import Observed
from pixelproof.errors import Refusal
from pixelproof.evaluation.baseline import baseline
from pixelproof.evaluation.mask_baseline import mask_baseline
from pixelproof.evaluation.metrics import PROTOCOL
from pixelproof.evaluation.resampling import CERTAINTY, MINIMUM, SEED
from pixelproof.runs import ClassificationScores, Scores
from pixelproof.runs.fields import Estimate
from pixelproof.runs.metric_names import known_metric
from pixelproof.runs.sizes_file import Equal, Point, SizeCurve, SizesRecord, Step

NORMAL = 1.96
"""Of which Student's quantile is a multiple."""


@dataclass(frozen=True)
class Size:
    """The runs of a model with so many training images.

    Attributes:
        images: How many; in folds on average.
        files: The score file with each seed.
        runs: The same, read, their images in order.
    """

    images: int
    files: Sequence[str]
    runs: Sequence[Scores]


def size_curves(models: Mapping[str, Sequence[Size]], metric: str | None, equal: Equal) -> SizesRecord:
    """Return what the scores of models say of the number of training images.

    Args:
        models: The sizes of each model, from the fewest images to all; at each size as many seeds, in the same order.
        metric: By what; None for accuracy or mIoU.
        equal: What runs of different sizes have equally many of.

    Raises:
        UserError: The scores lack what the metric needs.
        Refusal: Runs were not scored on the same images.
    """
    runs = [run for sizes in models.values() for size in sizes for run in size.runs]
    for run in runs:
        refuse_mixture(runs[0], run)
    scheme, members = runs[0].scheme, _members(runs)
    return SizesRecord(
        task=scheme.task,
        metric=known_metric(metric, scheme),
        images=len(runs[0].ids),
        groups=None if runs[0].groups is None else len(np.unique(runs[0].groups)),
        equal=equal,
        certainty=CERTAINTY,
        curves=tuple(_curve(name, sizes, metric, members) for name, sizes in models.items()),
    )


def _members(runs: Sequence[Scores]) -> Int64 | None:
    """Return each image's group; of too few for any interval each image is its own, and no interval is given."""
    try:
        return group(runs[:1], None)
    except Refusal:
        return None


def _curve(name: str, sizes: Sequence[Size], metric: str | None, members: Int64 | None) -> SizeCurve:
    runs = [run for size in sizes for run in size.runs]
    score = measured(runs, metric, PROTOCOL, members, SEED)
    shares, images = np.array([size.images / sizes[-1].images for size in sizes]), sizes[-1].images
    seeds = len(sizes[0].runs)
    scores = score.values.reshape(len(sizes), seeds)
    luck = chance(shares, scores)
    before = half(shares)
    found = extrapolated(_observed(score, shares, scores, luck), images, SEED)
    decides = known_metric(metric, runs[0].scheme)
    if not found.unknown and not any(_learned(run, decides) for run in runs):
        # Flat for another reason than that labels bring nothing.
        found = Extrapolated("none_better")
    return SizeCurve(
        model=name,
        points=tuple(_point(score, place, size, shares, scores[place], luck) for place, size in enumerate(sizes)),
        whole=_step(score, 0, sizes, shares, luck),
        last=_step(score, before, sizes, shares, luck),
        classes=class_steps([size.runs for size in sizes], shares, before, metric, members),
        **vars(found),
    )


def _learned(run: Scores, metric: str) -> bool:
    """Return whether a run is shown to be better than looking at no image; by a figure that cannot tell, it is."""
    if isinstance(run, ClassificationScores):
        found = baseline(run) if metric == "accuracy" else None
        return found is None or found.better
    beside = mask_baseline(run) if metric in ("miou", "pixel_accuracy") else None
    return beside is None or metric in beside.better_by


def half(shares: Float64) -> int:
    """Return the place of the size that is nearest to half of the images, by its ratio to that."""
    return int(np.abs(np.log(2 * shares[:-1])).argmin())


def _observed(score: Measured, shares: Float64, scores: Float64, luck: Chance) -> Observed:
    """Return what a law goes through; covariances of few images are widened as Student's quantile is."""
    count, seeds = scores.shape
    weights = np.kron(np.eye(count), np.full(seeds, 1 / seeds))
    units = score.varies(weights[-1])[1]
    over_images = np.full((count, count), np.nan)
    if np.isfinite(scores).all() and units >= MINIMUM and score.units >= MINIMUM:
        wider = float(stdtrit(units - 1, (1 + CERTAINTY) / 2)) / NORMAL
        over_images = score.covary(weights) * units / (units - 1) * wider**2
    return Observed(shares, scores.mean(axis=1), over_images, luck, seeds)


def _point(score: Measured, place: int, size: Size, shares: Float64, scores: Float64, luck: Chance) -> Point:
    weights = _weights(score, {place: 1.0}, len(shares))
    spread = luck.of_mean(float(shares[place]), len(scores))
    mean = float(scores.mean())
    estimate, _ = over_images_and_seeds(mean, *score.varies(weights), spread, luck.freedom)
    return Point(
        share=float(shares[place]),
        images=size.images,
        files=tuple(size.files),
        scores=tuple(scores.tolist()),
        score=within_shares(estimate),
        spread=float(scores.std(ddof=1)) if len(scores) > 1 else None,
    )


def within_shares(estimate: Estimate) -> Estimate:
    """Return the estimate of a share with its interval inside 0..1."""
    if estimate.low is None or estimate.high is None:
        return estimate
    return Estimate(value=estimate.value, low=max(estimate.low, 0.0), high=min(estimate.high, 1.0))


def _step(score: Measured, before: int, sizes: Sequence[Size], shares: Float64, luck: Chance) -> Step:
    weights = _weights(score, {before: -1.0, len(shares) - 1: 1.0}, len(shares))
    value = float((score.values * weights).sum())
    over_seeds = of_difference(luck, float(shares[before]), len(sizes[0].runs))
    gain, p = over_images_and_seeds(value, *score.varies(weights), over_seeds, luck.freedom)
    return Step(before=sizes[before].images, after=sizes[-1].images, gain=gain, p=max(p, 2.0 ** (1 - score.units)))


def _weights(score: Measured, sizes: Mapping[int, float], count: int) -> Float64:
    """Return the weight of each run where each size has one for the mean of its runs."""
    seeds = len(score.values) // count
    return np.repeat([sizes.get(place, 0.0) / seeds for place in range(count)], seeds)
