"""From which probability of a class on an image is to be looked at, as users write it.

Several classes are one as ``scratch+dent``: its probability is the sum of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Bool, Float32, Float64
from pixelproof.errors import UserError
from pixelproof.labels.scheme import LabelScheme
from pixelproof.schema import nearest

Threshold = tuple[str, float]
"""A class, or several as one, and the probability of it from which on images are looked at."""
Asked = tuple[str, float]
"""A class likewise, and a number that is asked for."""

DEAREST = 1e6
"""What missing an image may cost at most, in false alarms."""


class _Kind(NamedTuple):
    """What a text such as ``crack=0.2`` of an option says of a class."""

    option: str
    what: str
    example: str
    allows: Callable[[float], bool]


_THRESHOLD = _Kind("--threshold", "a probability of 0 to 1", "0.2", lambda number: 0 <= number <= 1)
_GOAL = _Kind("--find", "a share of it between 0 and 1", "0.95", lambda number: 0 < number < 1)
_COST = _Kind(
    "--cost", "how many false alarms missing one costs, up to a million", "50", lambda number: 0 < number <= DEAREST
)


def read_thresholds(texts: Sequence[str], scheme: LabelScheme) -> list[Threshold]:
    """Return the thresholds that texts such as ``crack=0.2`` or ``scratch+dent=0.3`` name.

    Raises:
        UserError: The classes are those of masks, there is no such class, or no such probability.
    """
    return [_read(text, scheme, _THRESHOLD) for text in texts]


def read_goals(texts: Sequence[str], scheme: LabelScheme) -> list[Asked]:
    """Return the shares of classes that are to be found, of texts such as ``crack=0.98``; errors likewise."""
    return [_read(text, scheme, _GOAL) for text in texts]


def read_costs(texts: Sequence[str], scheme: LabelScheme) -> list[Asked]:
    """Return how many false alarms missing one of a class costs, of texts such as ``crack=50``; errors likewise."""
    return [_read(text, scheme, _COST) for text in texts]


def _read(text: str, scheme: LabelScheme, kind: _Kind) -> Asked:
    if scheme.task != "classification":
        raise UserError(f"{kind.option} is for classifiers, and these classes are of masks", "leave it out")
    name, _, number = text.rpartition("=")
    try:
        asked = float(number)
    except ValueError:
        asked = float("nan")
    if not name or not kind.allows(asked):
        problem = f"{kind.option} '{text}' is not a class and {kind.what}"
        raise UserError(problem, f"write such as {kind.option} '{scheme.names[0]}={kind.example}'")
    classes_of(name, scheme, f"{kind.option} '{text}': ")
    return name, asked


def classes_of(name: str, scheme: LabelScheme, where: str = "") -> list[str]:
    """Return the class of a name, or the classes of one such as ``scratch+dent``.

    Args:
        name: A class's own name is that class, whether it holds a ``+`` or not.
        scheme: The classes.
        where: What an error begins with.

    Raises:
        UserError: A class is unknown or named twice, or every class is named.
    """
    if (found := _parted(name, scheme.names)) is None:
        unknown = next(part for part in name.split("+") if part not in scheme.names)
        raise UserError(f"{where}there is no class '{unknown}'", nearest(unknown, list(scheme.names)))
    if twice := next((each for each in found if found.count(each) > 1), None):
        raise UserError(f"{where}class '{twice}' is named twice", "name it once")
    if len(found) == len(scheme.names):
        raise UserError(f"{where}these are all classes, so that every image is one of them", "leave one out at least")
    return found


def _parted(name: str, names: Sequence[str]) -> list[str] | None:
    """Return the classes whose names with a ``+`` between are ``name``, the longest of them first; None for none."""
    if name in names:
        return [name]
    for first in sorted(names, key=len, reverse=True):
        if name.startswith(f"{first}+") and (others := _parted(name[len(first) + 1 :], names)):
            return [first, *others]
    return None


def reached(probabilities: npt.NDArray[np.floating], probability: float) -> Bool:
    """Return where probabilities of a class, floating [N], are as high as a threshold's, bool [N].

    Both are rounded to float32, as which score files keep probabilities, so that a threshold chosen by these is kept.
    """
    found: Bool = probabilities.astype(np.float32) >= np.float32(probability)
    return found


class LookFor(NamedTuple):
    """What is looked for.

    Attributes:
        images: Thresholds that an image is to reach.
        groups: Those that a group of images is to reach.
        any_of: A class, or several as one: a group is of it if any of its images is, and as likely as the likeliest.
    """

    images: Sequence[Threshold] = ()
    groups: Sequence[Threshold] = ()
    any_of: str | None = None


NOTHING = LookFor()


def with_highest(mean: Float64, highest: Float64, index: int) -> Float64:
    """Return probabilities of groups, float64 [G, K], with that of one class replaced, and the others' ratios kept.

    Args:
        mean: The mean of the probabilities of each group's images, float64 [G, K].
        highest: The highest of their probabilities of the class, float64 [G].
        index: The class.
    """
    others = mean * (np.arange(mean.shape[1]) != index)
    sums = others.sum(axis=1)
    factors = np.divide(1 - highest, sums, out=np.zeros_like(sums), where=sums > 0)
    joined: Float64 = others * factors[:, None]
    joined[:, index] = highest
    return joined


def reaching(chances: npt.NDArray[np.floating], scheme: LabelScheme, thresholds: Sequence[Threshold]) -> list[str]:
    """Return the classes whose probability, of those of all classes [K], is as high as its threshold's."""
    return [name for name, least in thresholds if reached(chance_of(chances, scheme, name), least)]


def chance_of(chances: npt.NDArray[np.floating], scheme: LabelScheme, name: str) -> Float32:
    """Return the probability of a class, or of several as one, as score files with these merged keep it."""
    places = [scheme.names.index(each) for each in classes_of(name, scheme)]
    chance: Float32 = chances[places].astype(np.float32).sum(dtype=np.float64).clip(max=1).astype(np.float32)
    return chance
