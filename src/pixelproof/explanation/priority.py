"""From worst to next: which images to label or check next, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float64
from pixelproof.numbers import share

UNLABELLED = "unlabelled"
"""The name of images without labels, beside those of the splits."""
NEIGHBOURS = 10
REMARKABLE = 0.05
"""A reason is named if the image is among this share of its list."""


@dataclass(frozen=True)
class Reason:
    """One reason to look at images.

    Attributes:
        values: float64 [N], higher for images that ask louder; NaN where unknown, as the loss is without a label.
        words: From an image's value to a few words.
    """

    values: Float64
    words: Callable[[float], str]


def worth_a_look(reasons: list[Reason]) -> tuple[list[int], list[float], list[str]]:
    """Return images in the order in which they are worth a look, their scores and the reasons in words.

    Each reason ranks the images; an image stands where its strongest reason puts it, so that the head of the list holds
    the head of every reason's. Between equals the other reasons decide.

    Returns:
        Places, best first; scores in that order, the share of images that the strongest reason puts an image before,
        and 1 at its head; and the reasons in that order.
    """
    count = len(reasons[0].values)
    placed = np.stack([_standing(reason.values) for reason in reasons])
    best = np.nanmax(placed, axis=0)
    order = np.lexsort((np.arange(count), -np.nanmean(placed, axis=0), -best))
    return order.tolist(), best[order].tolist(), [_why(reasons, placed, int(i)) for i in order]


def novelty(usual: Float64, distances: Float64) -> Float64:
    """Return how unlike anything in train images are: the share of train images that lie closer to the rest of train.

    Args:
        usual: float64 [T], distance of each train image to its k-th nearest other one.
        distances: float64 [N], distance of each image to its k-th nearest train image.
    """
    return np.searchsorted(np.sort(usual), distances) / len(usual)


def unlike_train(value: float) -> str:
    """Return a novelty in words."""
    return f"farther from the images of train than {share(value)} of these are from each other"


def _standing(values: Float64) -> Float64:
    """Return the share of other known values that each is above, NaN where it is unknown.

    Those that share the highest value stand at 1, however many they are, unless all values are the same.
    """
    from scipy.stats import rankdata  # here, because it takes long to import, and only a ranking needs it

    known = ~np.isnan(values)
    standing = np.full(len(values), np.nan)
    if known.any():
        standing[known] = (rankdata(values[known], method="min") - 1) / max(known.sum() - 1, 1)
        highest, lowest = values[known].max(), values[known].min()
        standing[(values == highest) & (highest > lowest)] = 1
    return standing


def _why(reasons: list[Reason], placed: Float64, index: int) -> str:
    loud = [i for i in range(len(reasons)) if placed[i, index] >= 1 - REMARKABLE]
    named = sorted(loud or [int(np.nanargmax(placed[:, index]))], key=lambda i: -placed[i, index])
    return "; ".join(reasons[i].words(float(reasons[i].values[index])) for i in named)
