"""The table of what masks hold, as the verbs that draw them print it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


def class_table(classes: Mapping[str, Mapping[str, int]]) -> Table:
    """Return a table of classes by name: what is counted of each, its pixels last, and their share of all."""
    from pixelproof.numbers import count, share
    from pixelproof.terminal import add_row, table

    total = sum(row["pixels"] for row in classes.values())
    keys = [key for key in next(iter(classes.values())) if key != "pixels"]
    shown = table("class", *keys, "pixels", "% of these")
    for name, row in classes.items():
        part = share(row["pixels"] / max(total, 1), 2).removesuffix("%")
        add_row(shown, name, *(count(row[key]) for key in (*keys, "pixels")), part)
    return shown
