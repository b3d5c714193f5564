"""From worst to next: which images to label or check next, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from pixelproof.explanation.neighbours import Points, nearest

Float64 = npt.NDArray[np.float64]
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


def worth_a_look(reasons: list[Reason]) -> tuple[npt.NDArray[np.int64], Float64, list[str]]:
    """Return images in the order in which they are worth a look, their scores and the reasons in words.

    Each reason ranks the images; an image stands where its strongest reason puts it, so that the head of the list holds
    the head of every reason's. Between equals the other reasons decide.

    Returns:
        Places int64 [N], best first; scores float64 [N] in that order, the share of images that its strongest reason
        puts it before; and N texts in that order.
    """
    count = len(reasons[0].values)
    placed = np.stack([_standing(reason.values) for reason in reasons])
    best = np.nanmax(placed, axis=0)
    order = np.lexsort((np.arange(count), -np.nanmean(placed, axis=0), -best))
    return order, best[order], [_why(reasons, placed, int(i)) for i in order]


def novelty(train: Points, features: Points, k: int = NEIGHBOURS) -> Float64:
    """Return how unlike anything in train images are: the share of train images that lie closer to the rest of train.

    Compared are distances to the k-th nearest image of train, features [N, D].
    """
    usual = np.sort(nearest(train, k)[0][:, -1])
    distances = nearest(train, k, features)[0][:, -1]
    return np.searchsorted(usual, distances) / len(usual)


def _standing(values: Float64) -> Float64:
    """Return the share of known values that each is above, NaN where it is unknown."""
    known = ~np.isnan(values)
    standing = np.full(len(values), np.nan)
    if known.any():
        standing[known] = (rankdata(values[known], method="max") - 1) / max(known.sum() - 1, 1)
    return standing


def _why(reasons: list[Reason], placed: Float64, index: int) -> str:
    loud = [i for i in range(len(reasons)) if placed[i, index] >= 1 - REMARKABLE]
    named = sorted(loud or [int(np.nanargmax(placed[:, index]))], key=lambda i: -placed[i, index])
    return "; ".join(reasons[i].words(float(reasons[i].values[index])) for i in named)
