"""Bands of a raster, and which of their values are black and white, as settings and options write them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

MOST_BANDS = 1000


def listed(value: object) -> object:
    """Return ``3,2,1`` or a single number as the list that it stands for; anything else as it is."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return [value] if isinstance(value, int | float) else value


def paired(value: object) -> object:
    """Return ``0,3000`` or ``0,3000,0,6000`` as the pairs that they stand for; pairs, or anything else, as they are.

    Raises:
        ValueError: A number is left over.
    """
    ends = listed(value)
    if not isinstance(ends, list | tuple) or any(isinstance(end, list | tuple) for end in ends):
        return ends
    if not ends or len(ends) % 2:
        raise ValueError("it takes two values for all bands, such as 0,3000, or two for each")
    return list(zip(ends[::2], ends[1::2], strict=True))


def _rising(ranges: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    if not all(low < high for low, high in ranges):
        raise ValueError("of a range, the first value must be less than the second")
    return ranges


def check_count(ranges: tuple[tuple[float, float], ...], bands: int) -> None:
    """Refuse ranges that are neither one for all bands nor one for each.

    Raises:
        ValueError: They are.
    """
    if len(ranges) not in (1, bands):
        raise ValueError(f"stretch has {len(ranges)} pairs for {bands} bands: give one, or one for each")


Band = Annotated[int, Field(ge=1, le=MOST_BANDS)]
Bands = Annotated[tuple[Band, ...], BeforeValidator(listed)]
Ranges = Annotated[
    tuple[tuple[float, float], ...], BeforeValidator(paired), AfterValidator(_rising), Field(min_length=1)
]
"""The stored values that become 0 and 255: a pair for all bands, or one for each."""
