"""Two classifiers on the same images: exact McNemar test and Tango's interval, from the discordant images alone."""

from __future__ import annotations

import math

from scipy.optimize import brentq
from scipy.special import ndtri

from pixelproof.evaluation.resampling import CERTAINTY


def mcnemar(a_alone: int, b_alone: int) -> float:
    """Return the exact two-sided p-value of McNemar's test.

    If the models were equally good, each image on which just one is right would be either's with probability 1/2.

    Args:
        a_alone: Images on which only the first model is right.
        b_alone: Images on which only the second is.

    Returns:
        The probability of a split at least as uneven; 1 where no image separates them.
    """
    from scipy.stats import binomtest  # here, because it takes longer to import than all else of a comparison

    discordant = a_alone + b_alone
    return float(binomtest(b_alone, discordant).pvalue) if discordant else 1.0


def tango(a_alone: int, b_alone: int, images: int) -> tuple[float, float]:
    """Return the score interval for the difference of two accuracies, second minus first (Tango 1998).

    Args:
        a_alone: Images on which only the first model is right.
        b_alone: Images on which only the second is.
        images: All images, at least 1.

    Returns:
        Both bounds, from -1 to 1.
    """
    return -_upper(b_alone, a_alone, images), _upper(a_alone, b_alone, images)


def _upper(a_alone: int, b_alone: int, images: int) -> float:
    """Return the largest difference that the score test does not reject."""
    critical = float(ndtri((1 + CERTAINTY) / 2))
    difference = (b_alone - a_alone) / images
    if difference == 1:
        return 1.0

    def excess(assumed: float) -> float:
        return _score(a_alone, b_alone, images, assumed) + critical

    # The score falls without bound towards 1, so a root lies between.
    return float(brentq(excess, difference, 1 - 1e-12, xtol=1e-12))


def _score(a_alone: int, b_alone: int, images: int, assumed: float) -> float:
    """Return the score statistic of an assumed difference, with the chance of ``a_alone`` estimated under it."""
    linear = -a_alone - b_alone + (2 * images - b_alone + a_alone) * assumed
    constant = -a_alone * assumed * (1 - assumed)
    chance = (math.sqrt(max(linear**2 - 8 * images * constant, 0.0)) - linear) / (4 * images)
    variance = images * (2 * chance + assumed * (1 - assumed))
    distance = b_alone - a_alone - images * assumed
    return distance / math.sqrt(variance) if variance > 0 else 0.0
