"""Which prediction belongs to which image of a data set, whatever the tool that made it calls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pixelproof.data import Sample
from pixelproof.errors import UserError

Value = TypeVar("Value", str, Path)


def parts(splits: Mapping[str, Sequence[Sample]]) -> list[list[Sample]]:
    """Return the samples of each split, and of all of them together."""
    return [*(list(samples) for samples in splits.values()), [s for samples in splits.values() for s in samples]]


def by_every_name(samples: Sequence[Sample], places: list[str], values: list[Value]) -> list[dict[str, Value]]:
    """Return ``values`` by sample id, by place in the data set, and by the ends of these, where they do not repeat."""
    parts = [place.split("/") for place in places]
    ends: list[list[str]] = [["/".join(p[skip:]) for p in parts] for skip in range(min(map(len, parts), default=0))]
    tables = [dict(zip(names, values, strict=True)) for names in ([s.id for s in samples], *ends)]
    return [table for table in tables if len(table) == len(samples)]


def best_match(tables: list[dict[str, Value]], wanted: set[str], truth: Path) -> dict[str, Value]:
    """Return the table that holds most of ``wanted`` and little else: names repeat between splits.

    Raises:
        UserError: Several hold all of it and differ in what it is.
    """

    def fit(table: dict[str, Value]) -> tuple[int, int]:
        return len(wanted & set(table)), -len(table)

    best = max(tables, key=fit)
    if wanted <= set(best) and any(fit(table) == fit(best) and table != best for table in tables):
        raise UserError(f"what was predicted may be any of several splits of {truth}", "give the folder of one split")
    return best
