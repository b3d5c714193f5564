"""Figures for the tests, each drawn once in a process: drawing takes most of the time in which a page is made.

Equal arguments give equal bytes, which ``report/test_page.py`` shows in a process of its own, so a test sees the very
files it would see otherwise, and others where what is drawn is other.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module

FIGURES = {
    "curves": "curves",
    "kept": "kept_chart",
    "masks": "mask_figure",
    "precision_recall": "precision_recall_chart",
    "reliability": "reliability_diagram",
    "tsne": "tsne",
    "wins": "wins",
}
"""The functions that draw, by the module of ``pixelproof.report.figures`` in which they stand."""


def draw_once() -> None:
    """Let each figure be drawn once for equal arguments from now on, wherever its function is known already."""
    for module, name in FIGURES.items():
        place = import_module(f"pixelproof.report.figures.{module}")
        draw = getattr(place, name)
        if not hasattr(draw, "__wrapped__"):
            remembered = _remembered(draw)
            for known in [*sys.modules.values()]:
                if getattr(known, "__dict__", {}).get(name) is draw:
                    setattr(known, name, remembered)


def _remembered(draw: Callable[..., bytes | None]) -> Callable[..., bytes | None]:
    found: dict[bytes, bytes | None] = {}

    @wraps(draw)
    def drawn(*args: object, **settings: object) -> bytes | None:
        asked = hashlib.sha256(pickle.dumps((args, settings))).digest()
        if asked not in found:
            found[asked] = draw(*args, **settings)
        return found[asked]

    return drawn
