"""The picture of all points that maps are assessed by: where the first one errs."""

from __future__ import annotations

from dataclasses import dataclass

from pixelproof.numbers import count
from pixelproof.runs.assessment_file import AssessmentRecord
from pixelproof.runs.points_folder import NOBODY

LISTED = 100  # points where the map errs
SIDE = 1000  # of the picture of all points, in its own units


@dataclass(frozen=True)
class Place:
    """A point on the picture of all: where, whether the map is right there, and what is to be said of it."""

    x: float
    y: float
    right: bool
    title: str


@dataclass(frozen=True)
class Places:
    """The picture of all points, those where the map errs last and so on top."""

    width: float
    height: float
    points: list[Place]
    wrong: list[tuple[str, str, str, str, str]]
    """Number, what is mapped, what is there, column and row of the first points where the map errs."""
    more: str


def places(record: AssessmentRecord) -> Places:
    """Return the points whose truth is known, on the frame of the map they were drawn from."""
    design, names = record.design, record.design.names
    scale = SIDE / max(design.width, design.height)
    points, wrong = [], []
    for number, (point, truth) in enumerate(zip(design.points, record.truth, strict=True), start=1):
        if truth is None or truth == NOBODY:
            continue
        title = f"point {number}: {names[truth]}"
        if point.mapped != truth:
            title += f", mapped as {names[point.mapped]}"
            at = (str(number), names[point.mapped], names[truth], count(point.column), count(point.row))
            wrong.append(at)
        x, y = scale * (point.column + 0.5), scale * (point.row + 0.5)
        points.append(Place(round(x, 1), round(y, 1), point.mapped == truth, title))
    more = f"{count(len(wrong) - LISTED)} more are not listed." if len(wrong) > LISTED else ""
    points.sort(key=lambda point: not point.right)
    return Places(scale * design.width, scale * design.height, points, wrong[:LISTED], more)
