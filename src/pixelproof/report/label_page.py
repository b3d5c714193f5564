"""The page on which a person says what is at each point of a map: one HTML file that opens without a network.

It does not show what the map says there, because who knows that tends to agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from pixelproof.array_types import Float64, UInt8
from pixelproof.labels.palettes import hex_color
from pixelproof.report.pictures import photo_uri
from pixelproof.report.rendering import digest, embedded, hashed, templates
from pixelproof.runs.points_folder import COLUMNS, POINTS, UNCLEAR, Design

SIDE = 257
"""Of a picture, in pixels: uneven, so that one is in the middle."""


class LabelPicture(TypedDict):
    """What is seen around a point, as the page holds it."""

    src: str
    """A data URI."""
    outline: list[list[float]]
    """The corners of the map's pixel in pixels of the picture, x first."""


def label_picture(pixels: UInt8, outline: Float64) -> LabelPicture:
    """Return what is seen around a point: uint8 [SIDE, SIDE, 3], and the corners of the map's pixel in it, [4, 2]."""
    return {"src": photo_uri(pixels), "outline": outline.round(2).tolist()}


def label_page(title: str, design: Design, lines: Sequence[str], pictures: Sequence[LabelPicture | None]) -> str:
    """Return the page.

    Args:
        title: What the map is called.
        design: How the points were drawn.
        lines: Those of ``points.csv`` without the truth.
        pictures: Of each, what is seen there; None where nothing is.
    """
    value = {
        "file": POINTS,
        "head": ",".join(COLUMNS),
        "unclear": UNCLEAR,
        # Another sample of the same map is another work, which must not take up where this one was left.
        "key": f"pixelproof {design.map} {digest(chr(10).join(lines))}",
        "lines": list(lines),
        "side": SIDE,
        "seen": list(pictures),
        "classes": [{"name": each.name, "id": each.id, "color": hex_color(each.color)} for each in design.classes],
    }
    page = templates().get_template("label.html.j2")
    return page.render(title=title, n=len(lines), data=embedded(value), **hashed("answers.js", "label.js"))
