"""How far chance moves a score at each number of training images: that of training, and that of which images they are.

With each seed, the images are drawn anew, and the fewer are among the more. A score follows the mean influence of its
images, so that its variance over draws of n images is that of all N times N / n. Of a draw out of the N at hand, N / n
- 1 of it shows between seeds: with all images nothing is drawn, and seeds differ by their training alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from pixelproof.array_types import Float64

ROUNDS = 30


@dataclass(frozen=True)
class Chance:
    """Two variances of a single run's score.

    Attributes:
        training: Over seeds, with the same images.
        labels: Over sets of as many images as there are.
        freedom: Degrees of freedom behind them; 0 where each size was trained once, and both are 0.
    """

    training: float
    labels: float
    freedom: int

    def between(self, shares: Float64, runs: int) -> Float64:
        """Return the covariance of the means over seeds at shares [S] of the images at hand, [S, S]."""
        drawn = self.labels * (1 / np.maximum(shares[:, None], shares[None]) - 1)
        covariance: Float64 = (drawn + self.training * np.eye(len(shares))) / runs
        return covariance

    def of_mean(self, share: float, runs: int) -> float:
        """Return the variance of the mean over seeds at a share of the images at hand."""
        return float(self.between(np.array([share]), runs)[0, 0])


def of_difference(luck: Chance, share: float, runs: int) -> float:
    """Return the variance over seeds of what all images reach minus what a share of them does, both means over runs."""
    weights = np.array([-1.0, 1.0])
    return float(weights @ luck.between(np.array([share, 1.0]), runs) @ weights)


def chance(shares: Float64, scores: Float64) -> Chance:
    """Return the variances that scores at several sizes show.

    Both are fitted to the variance of each size, none below 0, by the likelihood that these have where scores are
    normal: each weighs by the inverse square of what is expected of it. Sizes where a score is undefined say nothing.

    Args:
        shares: float64 [S], of the images at hand.
        scores: float64 [S, R], with each seed; NaN where undefined.
    """
    runs = scores.shape[1]
    if runs < 2:
        return Chance(0.0, 0.0, 0)
    known = np.isfinite(scores).all(axis=1)
    shares, found = shares[known], scores[known].var(axis=1, ddof=1)
    if not found.any():
        return Chance(0.0, 0.0, len(shares) * (runs - 1))
    shape = np.stack([np.ones_like(shares), 1 / shares - 1], axis=1)
    expected, least = np.full(len(shares), found.mean()), 1e-3 * found.mean()
    fitted = np.zeros(2)
    for _ in range(ROUNDS):
        fitted = nnls(shape / expected[:, None], found / expected)[0]
        expected = np.maximum(shape @ fitted, least)
    return Chance(float(fitted[0]), float(fitted[1]), len(shares) * (runs - 1))
