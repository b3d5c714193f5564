"""What a page draws itself, without Matplotlib, as files for use in print: matrices, forest plots, IoU by class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pixelproof.report.beside import Beside
from pixelproof.report.figures.forest import Forest
from pixelproof.report.rendering import templates

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def matrices(shown: Mapping[str, Any]) -> Iterator[Beside]:
    """Yield the confusion matrices among what the page shows of a part."""
    found = [(outcome.model, outcome.matrix) for outcome in shown.get("outcomes", ())]
    for name, matrix in [*found, *shown.get("matrices", ())]:
        says = f"{name}: {matrix.summary}. Row: true class; column: predicted class; colour: share of the row."
        yield Beside((name, "confusion"), "svg", _drawn("matrix", matrix, True), says)


def dots(shown: Mapping[str, Any]) -> Iterator[Beside]:
    """Yield the chart of IoU by class, where the page shows one."""
    if shown.get("chart"):
        says = f"IoU by class{', unknown counted' if len(shown['tables']) > 1 else ''}; {shown['scored_on']}."
        yield Beside(("iou",), "svg", _drawn("dots", shown["chart"], shown["legend"]), says)


def forests(compared: Mapping[str, Any]) -> Iterator[Beside]:
    """Yield the forest plots among what the page shows of a comparison."""
    for pair in compared["pairs"]:
        by_class = f"{pair.b} minus {pair.a} by class, points, with 95% intervals."
        yield from _forest((pair.b, pair.a, "classes"), pair.classes, by_class)
        where = f"Parts of the gain of {pair.b} over {pair.a} in mIoU, points, by distance to the true boundary."
        yield from _forest((pair.b, pair.a, "where"), pair.where, where)
    seeds = compared["over_seeds"].differences if compared["over_seeds"] else None
    yield from _forest(("over-seeds",), seeds, "Differences of the means over seeds, points, with 95% intervals.")
    yield from _forest(("effects",), compared["effects"], "Effect of each level on the score, points.")


def set_forest(a: str, b: str, plot: Forest | None) -> Iterator[Beside]:
    """Yield the forest plot of two sets of images, where the page shows one."""
    yield from _forest((b, a, "sets"), plot, f"{b} minus {a}, which are of other images, points, with 95% intervals.")


def _forest(words: tuple[str, ...], plot: Forest | None, says: str) -> Iterator[Beside]:
    if plot is not None:
        yield Beside(words, "svg", _drawn("forest", plot), says)


def _drawn(kind: str, *what: object) -> bytes:
    """Return an SVG file; names may hold signs that XML knows not."""
    drawing = getattr(templates().get_template("drawings.svg.j2").module, kind)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{drawing(*what).strip()}\n'
    return _NO_XML.sub("\ufffd", text).encode("utf-8")
