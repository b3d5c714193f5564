"""What each class weighs in the loss, as settings write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator

ByFrequency = Literal["none", "auto", "corrected"]
HEAVIEST = 1_000_000
"""More would only be lost in the rounding of sums."""


def _checked(value: object) -> object:
    """Return a word as it is, and ``{water: 2}`` with names as texts and weights as numbers.

    Raises:
        ValueError: It is neither, or a weight is not above 0.
    """
    if isinstance(value, Mapping) and value:
        return {_name(name): _weight(name, weight) for name, weight in value.items()}
    if value in get_args(ByFrequency):
        return value
    words = ", ".join(get_args(ByFrequency))
    raise ValueError(f"class_weights is one of {words}, or has weights of classes by name, such as {{rare: 5}}")


def _name(name: object) -> str:
    """Return a class's name, which YAML has read as a number if it is 7; what it has made of ``no`` is refused."""
    if isinstance(name, bool) or not isinstance(name, str | int):
        raise ValueError(f"the name of a class is read as {name}; put it in quotes")
    return str(name)


def _weight(name: object, weight: object) -> float:
    """Return a weight; YAML takes ``1e-3`` for a text."""
    if weight is None:
        raise ValueError(f"the weight of '{name}' is missing; write {{rare: 5}}, with a space after the colon")
    try:
        number = float(weight) if isinstance(weight, str | int | float) and not isinstance(weight, bool) else 0.0
    except (ValueError, OverflowError):
        number = 0.0
    if not 0 < number <= HEAVIEST:
        raise ValueError(f"the weight of '{name}' is {weight}; weights are numbers above 0 and at most {HEAVIEST:,}")
    return number


ClassWeights = Annotated[ByFrequency | dict[str, float], BeforeValidator(_checked)]
