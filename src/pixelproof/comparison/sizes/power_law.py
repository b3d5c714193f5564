"""A power law through scores by the number of training images, with all that is not known of it.

The law is a - b n^-c: errors of learned models fall so over wide ranges (Hestness et al. 2017; Figueroa et al. 2012
fit it to classifiers of clinical texts). It is written by what is asked: the score with all N images, what twice as
many add to it, and c. For each c the first two enter linearly, so that they are known exactly where the scores' errors
are normal; c, and how large these errors are, are gone through on a grid. All values are as likely beforehand, but for
those in which more than 1 would be reached. That a law falls is not excluded: else no interval could hold that more
images bring nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import chdtri, fdtrc

from pixelproof.array_types import Float64
from pixelproof.comparison.sizes.chance import Chance
from pixelproof.evaluation.resampling import CERTAINTY
from pixelproof.randomness import generator

EXPONENTS = np.linspace(0.05, 2.0, 40)
LEAST_KNOWN = 1e-3
"""Part of the mean variance that every size has at least."""
UNLIKELY = 1e-6
"""Weight of an exponent below which none as small, or as large, is looked at closer."""
SCALES = 15
"""Values of the variance over seeds that are gone through, as likely as each other by what the seeds show."""
DRAWS = 40_000
FARTHEST = 4.0
"""Times the images up to which a law stays a share; its limit may lie above 1, as curves that still bend have it."""
LEAST = 1000
"""Draws that stay a share, below which a law explains nothing."""


@dataclass(frozen=True)
class Observed:
    """What the law goes through.

    Attributes:
        shares: float64 [S], of all images at hand.
        means: float64 [S], scores over seeds.
        over_images: float64 [S, S], their covariance over which images are scored.
        chance: How far seeds and draws move them.
        runs: Seeds at each size.
    """

    shares: Float64
    means: Float64
    over_images: Float64
    chance: Chance
    runs: int

    @property
    def over_seeds(self) -> Float64:
        """Their covariance over seeds, [S, S]."""
        return self.chance.between(self.shares, self.runs)

    def only(self, places: slice) -> Observed:
        """Return the same of some of the sizes."""
        own = self.over_images[places, places]
        return Observed(self.shares[places], self.means[places], own, self.chance, self.runs)


@dataclass(frozen=True)
class Law:
    """Laws that may be true, D of them, as often as they may be.

    Attributes:
        level: float64 [D], the score with all images at hand.
        gain: float64 [D], what twice as many add.
        exponent: float64 [D].
        scale: float64 [D], by what the variance over seeds is to be multiplied.
        misfit: The p-value of scores that lie as far from the best law as these; NaN where they always lie on one.
    """

    level: Float64
    gain: Float64
    exponent: Float64
    scale: Float64
    misfit: float

    @cached_property
    def known(self) -> bool:
        """Whether there are enough of them, and not all fall."""
        return len(self.level) >= LEAST and bool((self.gain > 0).mean() > (1 - CERTAINTY) / 2)

    def at(self, times: float) -> Float64:
        """Return the scores with so many times the images at hand, [D]."""
        score: Float64 = self.level + self.gain * growth(np.array([times]), self.exponent[:, None])[:, 0]
        return score


def growth(times: Float64, exponents: Float64 | float) -> Float64:
    """Return what so many times the images add to the score, as a multiple of what twice as many add."""
    added: Float64 = (1 - times**-exponents) / (1 - 2.0**-exponents)
    return added


def laws(observed: Observed, seed: int) -> Law:
    """Return the laws that scores may lie on; ``seed`` decides the draws."""
    freedom = max(observed.chance.freedom, 1)
    scales = freedom / chdtri(freedom, (np.arange(SCALES) + 0.5) / SCALES)
    coarse = _given(observed, EXPONENTS, scales)
    exponents = _closer(coarse.weights)
    parts, rng = _given(observed, exponents, scales), generator(seed, "power law")
    places = rng.choice(parts.weights.size, DRAWS, p=parts.weights.ravel())
    moved = parts.roots.reshape(-1, 2, 2)[places] @ rng.normal(size=(DRAWS, 2, 1))
    level, gain = (parts.means.reshape(-1, 2)[places] + moved[..., 0]).T
    scale, exponent = scales[places // len(exponents)], exponents[places % len(exponents)]
    possible = level + gain * growth(np.array([FARTHEST]), exponent[:, None])[:, 0] <= 1
    return Law(level[possible], gain[possible], exponent[possible], scale[possible], _misfit(observed))


@dataclass(frozen=True)
class _Given:
    """What is known of level and gain for each scale of the variance over seeds and each exponent.

    Attributes:
        means: float64 [V, C, 2].
        roots: float64 [V, C, 2, 2], of their covariance: its Cholesky factor.
        weights: float64 [V, C], how likely the scale and the exponent are; 1 in sum.
    """

    means: Float64
    roots: Float64
    weights: Float64


def _given(observed: Observed, exponents: Float64, scales: Float64) -> _Given:
    covariance = observed.over_images + scales[:, None, None] * _possible(observed.over_seeds)
    inverse = np.linalg.pinv(covariance, hermitian=True)[:, None]  # [V, 1, S, S]
    shape = _shape(observed, exponents)  # [C, S, 2]
    spread = np.linalg.inv(shape.swapaxes(-1, -2) @ inverse @ shape)
    means = (spread @ shape.swapaxes(-1, -2) @ inverse @ observed.means[:, None])[..., 0]
    rest = observed.means - (shape @ means[..., None])[..., 0]
    misfit = (rest[..., None, :] @ inverse @ rest[..., None])[..., 0, 0]
    logs = np.linalg.slogdet(covariance)[1][:, None] - np.linalg.slogdet(spread)[1]
    likely = -0.5 * (misfit + logs)
    weights = np.exp(likely - likely.max())
    return _Given(means, np.linalg.cholesky(spread), weights / weights.sum())


def _possible(covariance: Float64) -> Float64:
    """Return a covariance over seeds, [S, S], in which no size is known for certain, as where all its runs agree."""
    whole: Float64 = covariance + LEAST_KNOWN * np.diag(covariance).mean() * np.eye(len(covariance))
    return whole


def _closer(weights: Float64) -> Float64:
    """Return exponents as many and closer to each other, between those that are at all likely, [C]."""
    likely = np.flatnonzero(weights.sum(axis=0) > UNLIKELY)
    low, high = max(likely[0] - 1, 0), min(likely[-1] + 1, len(EXPONENTS) - 1)
    return np.linspace(EXPONENTS[low], EXPONENTS[high], len(EXPONENTS))


def _shape(observed: Observed, exponents: Float64) -> Float64:
    """Return what level and gain contribute to the score at each size, [C, S, 2]."""
    grown = growth(observed.shares, exponents[:, None])
    return np.stack([np.ones_like(grown), grown], axis=-1)


def _misfit(observed: Observed) -> float:
    """Return the p-value of the distance to the nearest law, by F as the variance over seeds is estimated."""
    beyond = len(observed.shares) - 3
    if beyond < 1 or not observed.chance.freedom:
        return float("nan")
    inverse = np.linalg.pinv(observed.over_images + _possible(observed.over_seeds), hermitian=True)
    shape = _shape(observed, EXPONENTS)
    turned = shape.swapaxes(-1, -2) @ inverse
    rest = observed.means - (shape @ np.linalg.solve(turned @ shape, turned @ observed.means[:, None]))[..., 0]
    least = float((rest[:, None] @ inverse @ rest[..., None]).min())
    return float(fdtrc(beyond, observed.chance.freedom, least / beyond))
