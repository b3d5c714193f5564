"""What looking from a probability of a class on costs, where missing one costs more than a look at another image."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Bool, Float32, Int64
from pixelproof.evaluation.finding import shortened
from pixelproof.evaluation.intervals import share_interval
from pixelproof.evaluation.threshold import choosable
from pixelproof.evaluation.units import members_of
from pixelproof.labels.thresholds import Threshold, classes_of, reached
from pixelproof.runs import Scores

IMAGES = 1000
"""Of how many images costs are told."""


@dataclass(frozen=True)
class Cost:
    """What looking from a probability on costs.

    Attributes:
        probability: From where on; 0 looks at all images, infinity at none.
        missed: Images of the class that are not looked at, of all here.
        alarms: Images of others that are.
        value: The cost of 1,000 images; a false alarm costs 1.
        low: Lower end of its 95% interval over images, or groups, like these; NaN where it is not known.
        high: Upper end.
    """

    probability: float
    missed: int
    alarms: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Costs:
    """What several ways to look for a class, or for several as one, cost.

    Attributes:
        name: The class.
        times: What missing one of it costs; a false alarm costs 1.
        least: The threshold that costs least on these images, by which it was chosen.
        every: Looking at all images.
        none: Looking at none.
        tested: Thresholds that were asked for.
    """

    name: str
    times: float
    least: Cost
    every: Cost
    none: Cost
    tested: tuple[Cost, ...]

    @property
    def cheapest(self) -> str:
        """Which of looking at "all" and at "none" costs less."""
        return "all" if self.every.value <= self.none.value else "none"

    @property
    def helps(self) -> bool:
        """Whether a threshold costs less than both."""
        return self.least.value < min(self.every.value, self.none.value)


def costs(scores: Scores, name: str, times: float, thresholds: Iterable[Threshold] = ()) -> Costs:
    """Return what looking for a class costs where missing one costs so many times a false alarm.

    Args:
        scores: Their classes are as frequent as where the threshold will be used.
        name: The class, or several as one such as ``scratch+dent``.
        times: Above 0.
        thresholds: Those of this class are told, too.

    Raises:
        UserError: As of ``choosable``.
    """
    of, index = choosable(scores, name)
    assert of.probabilities is not None
    chances, own, members = of.probabilities[:, index], of.truth == index, members_of(of)

    def cost(probability: float) -> Cost:
        return _cost(own, reached(chances, probability), probability, times, members)

    same = sorted(classes_of(name, scores.scheme))
    tested = [least for other, least in thresholds if sorted(classes_of(other, scores.scheme)) == same]
    least = cost(_cheapest(chances, own, times))
    return Costs(name, times, least, cost(0.0), cost(math.inf), tuple(map(cost, tested)))


def _cheapest(chances: Float32, own: Bool, times: float) -> float:
    """Return the threshold of the least cost; of equal ones the highest, which looks at the fewest images."""
    tried = np.array([*sorted({shortened(chance) for chance in chances.tolist()}), math.inf])
    below = tried.astype(np.float32)  # as thresholds are compared
    missed = np.searchsorted(np.sort(chances[own]), below)
    spared = np.searchsorted(np.sort(chances[~own]), below)
    return float(tried[::-1][(times * missed - spared)[::-1].argmin()])


def _cost(own: Bool, chosen: Bool, probability: float, times: float, members: Int64 | None) -> Cost:
    """Return the cost of looking at the images chosen, bool [N].

    Both of its parts are shares of all images, whose intervals are put together (MOVER, Zou and Donner 2008): so a
    threshold that misses none here is not said to miss none elsewhere. Looking at all images misses none for certain.
    """
    value, below, above = 0.0, 0.0, 0.0
    for wrong, price, possible in ((own & ~chosen, times, probability > 0), (~own & chosen, 1.0, probability <= 1)):
        share, (low, high) = float(wrong.mean()), share_interval(wrong, members).tolist()
        value += price * share
        if possible:
            below += (price * (share - low)) ** 2
            above += (price * (high - share)) ** 2
    ends = IMAGES * max(0.0, value - math.sqrt(below)), IMAGES * (value + math.sqrt(above))
    return Cost(probability, int((own & ~chosen).sum()), int((~own & chosen).sum()), IMAGES * value, *ends)
