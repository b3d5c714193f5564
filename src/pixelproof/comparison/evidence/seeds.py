"""Two sources of chance at once: which images were drawn, and which seeds the models were trained with."""

from __future__ import annotations

import math

from scipy.special import stdtr, stdtrit

from pixelproof.evaluation.resampling import CERTAINTY, MINIMUM, ROUNDING
from pixelproof.runs.fields import Estimate


def over_images_and_seeds(
    value: float, over_images: float, images: float, seeds: float, freedom: int
) -> tuple[Estimate, float]:
    """Return a difference with its interval, and its two-sided p-value.

    Both variances add up, and Student's t takes its degrees of freedom from them by Welch and Satterthwaite (1946).
    With one seed there is no variance over seeds, and the interval speaks of these very runs.

    Args:
        value: The difference, averaged over seeds.
        over_images: Its variance over as many images, divided by their number rather than by one less.
        images: Effective number of images behind the difference (``paired.support``); NaN below two.
        seeds: Variance of ``value`` over seeds; NaN for a single one.
        freedom: Degrees of freedom behind ``seeds``; 0 for a single one.
    """
    if math.isnan(value) or not images >= MINIMUM or math.isnan(over_images):
        return Estimate(value=value), math.nan
    over_images *= images / (images - 1)
    over_seeds = seeds if freedom else 0.0
    variance = over_images + over_seeds
    if variance <= ROUNDING:  # where nothing varies, nothing is known of how far chance would reach
        return Estimate(value=value), math.nan if abs(value) > math.sqrt(ROUNDING) else 1.0
    spread = over_images**2 / (images - 1) + (over_seeds**2 / freedom if freedom else 0.0)
    degrees = variance**2 / spread
    margin = float(stdtrit(degrees, (1 + CERTAINTY) / 2)) * math.sqrt(variance)
    p = 2 * float(stdtr(degrees, -abs(value) / math.sqrt(variance)))
    return Estimate(value=value, low=max(value - margin, -1.0), high=min(value + margin, 1.0)), p
