"""Tables on the terminal: one look for all commands. Nothing in them is markup or a control character."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pixelproof.errors import visible


def console(stderr: bool = False) -> Console:
    """Return the console that tables and lines are printed to; a class may be called ``[/b]`` and shows as that."""
    return Console(highlight=False, markup=False, stderr=stderr)


def table(*heads: str, title: str | None = None) -> Table:
    """Return a table without rows, its first column on the left and all others on the right."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=None if title is None else Text(visible(title)))
    for place, head in enumerate(heads):
        made.add_column(Text(visible(head)), justify="right" if place else "left")
    return made


def add_row(to: Table, *cells: str, style: str = "") -> None:
    """Add a row to a table; columns that it says nothing of stay empty."""
    to.add_row(*(Text(visible(cell)) for cell in cells), style=style)
