"""A few of many, evenly spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def spread(items: Sequence[Item], most: int) -> Sequence[Item]:
    """Return at most so many of the items, in their order and evenly spread, the first among them."""
    count = min(len(items), most)
    return [items[place * len(items) // count] for place in range(count)]
