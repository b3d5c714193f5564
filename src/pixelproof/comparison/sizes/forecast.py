"""What more training images may bring, by the laws that the scores may lie on, and what it would have said before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float64
from pixelproof.comparison.sizes.power_law import Law, Observed, laws
from pixelproof.evaluation.resampling import CERTAINTY, ROUNDING
from pixelproof.randomness import generator
from pixelproof.runs.fields import Estimate
from pixelproof.runs.sizes_file import Backtest, Forecast, Unknown

FEWEST = 4
"""Sizes; three points lie on some power law, whatever they are."""
TIMES = (2, 4)
"""How many times as many images are asked about."""
MISFIT = 0.01
"""p-value below which scores are said not to lie on a power law."""
WIDE = 0.05
"""Points of a gain, as a share, that an interval may always be wide."""
STEPS = 13
"""Places of the band that is drawn, up to all images and from there on."""
LEVELS = ((1 - CERTAINTY) / 2, (1 + CERTAINTY) / 2)


@dataclass(frozen=True)
class Extrapolated:
    """What is said of more images, or why nothing is; as in ``runs.sizes_file.SizeCurve``."""

    unknown: Unknown
    exponent: Estimate = Estimate(value=None)  # noqa: RUF009  (it is frozen)
    band: tuple[Forecast, ...] = ()
    forecasts: tuple[Forecast, ...] = ()
    backtest: Backtest | None = None


def extrapolated(observed: Observed, images: int, seed: int) -> Extrapolated:
    """Return what twice and four times the training images may bring.

    Args:
        observed: The scores, of two sizes or more.
        images: How many training images there are.
        seed: Decides the draws.
    """
    if len(observed.shares) < FEWEST:
        return Extrapolated("few_sizes")
    if not np.isfinite(observed.over_images).all():
        return Extrapolated("few_images")
    if not observed.chance.freedom:
        return Extrapolated("one_seed")
    if observed.chance.training + observed.chance.labels <= ROUNDING:
        return Extrapolated("all_alike")
    law, test = laws(observed, seed), backtest(observed, images, seed)
    if not law.known or law.misfit < MISFIT:
        return Extrapolated("no_power_law", backtest=test)
    if test is None or not test.met:
        return Extrapolated("missed", backtest=test)
    forecasts = tuple(_forecast(law, times, observed, images, seed) for times in TIMES)
    if _width(forecasts[0].gain) > max(WIDE, float(np.ptp(observed.means))):
        return Extrapolated("too_wide", backtest=test)
    places = [*np.geomspace(observed.shares[0], 1, STEPS)[:-1], *np.geomspace(1, TIMES[-1], STEPS)]
    band = tuple(_forecast(law, float(times), observed, images, seed) for times in places)
    return Extrapolated("", _estimate(law.exponent), band, forecasts, test)


def backtest(observed: Observed, images: int, seed: int) -> Backtest | None:
    """Return what all sizes but the largest would have said of it; None where they say nothing.

    It is held against the very runs that were found, on the very images: what other images would change is the same
    for all sizes, as far as it is, and what chance does to runs is added.
    """
    before = observed.only(slice(-1))
    law = laws(_rescaled(before), seed)
    if not law.known:
        return None
    last = float(before.shares[-1])
    drawn = law.at(1 / last)
    curve = np.stack([law.at(float(share) / last) for share in before.shares], axis=1)
    # What the smaller sizes have by chance, the largest has in part as well: its images and draws are theirs.
    scale = float(np.median(law.scale))
    covariance = observed.over_images + scale * observed.over_seeds
    share = np.linalg.pinv(covariance[:-1, :-1], hermitian=True) @ covariance[:-1, -1]
    rest = max(float(covariance[-1, -1] - covariance[-1, :-1] @ share), 0.0)
    noise = generator(seed, "backtest").normal(0, np.sqrt(rest), len(drawn))
    predicted = _estimate(drawn + (before.means - curve) @ share + noise)
    found = float(observed.means[-1])
    met = (predicted.low or 0.0) <= found <= (predicted.high or 0.0)
    return Backtest(images=images, predicted=predicted, found=found, met=met)


def _rescaled(observed: Observed) -> Observed:
    """Return scores by shares of the most images among them; how far chance moves them stays as it is."""
    return _OfFewer(
        observed.shares / observed.shares[-1],
        observed.means,
        observed.over_images,
        observed.chance,
        observed.runs,
        observed.over_seeds,
    )


@dataclass(frozen=True)
class _OfFewer(Observed):
    """Sizes of which even the largest is drawn out of more."""

    drawn: Float64

    @property
    def over_seeds(self) -> Float64:
        return self.drawn


def _forecast(law: Law, times: float, observed: Observed, images: int, seed: int) -> Forecast:
    """Return what is to be expected with so many times the images."""
    gain = law.at(times) - law.level
    if times > 1:  # the luck of the images at hand is shared with new ones
        spread = np.sqrt(observed.chance.labels * law.scale) * (1 - 1 / times)
        gain = gain + spread * generator(seed, "labels").normal(size=len(gain))
    score = np.clip(law.level + gain, 0, 1)
    return Forecast(times=times, images=round(times * images), score=_estimate(score), gain=_estimate(gain))


def _estimate(drawn: Float64) -> Estimate:
    low, value, high = np.quantile(drawn, [LEVELS[0], 0.5, LEVELS[1]]).tolist()
    return Estimate(value=value, low=low, high=high)


def _width(estimate: Estimate) -> float:
    return (estimate.high or 0.0) - (estimate.low or 0.0)
