"""``assessment.json``: how good maps are, by points that somebody has looked up."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

from pydantic import Field, model_validator

from pixelproof.numbers import HECTARE
from pixelproof.runs.fields import Count, Estimate, Share
from pixelproof.runs.points_folder import NOBODY, Design
from pixelproof.runs.records import record_file
from pixelproof.schema import Strict

FILE = "assessment.json"


SMALL, LARGE = 1.0, 1e6
"""Hectares below and from which areas are told in square metres and kilometres."""


class Unit(NamedTuple):
    """In what areas are told: which fields hold them, by what these are multiplied, and what that is called."""

    key: Literal["hectares", "share"]
    scale: float
    name: str
    digits: int


class AssessedClass(Strict):
    """What is estimated of one class; hectares are None where areas are not known."""

    points: Count
    """How many known ones were drawn from it."""
    mapped_share: Estimate
    mapped_hectares: Estimate | None
    true_share: Estimate
    true_hectares: Estimate | None
    users_accuracy: Estimate
    producers_accuracy: Estimate
    iou: Estimate


class Gains(Strict):
    """By how much a map is better than the one that the points were drawn from."""

    overall_accuracy: Estimate
    miou: Estimate


class AssessedMap(Strict):
    """How good one map is."""

    map: str
    classes: dict[str, AssessedClass]
    """By name, in the order of the design."""
    overall_accuracy: Estimate
    miou: Estimate
    error_matrix: tuple[tuple[Share, ...], ...]
    """Shares of the area by mapped class (row) and true class."""
    gains: Gains | None = None
    """None of the map that the points were drawn from."""


class Looked(Strict):
    """How many points there are."""

    drawn: Count
    with_truth: Count
    unclear: Count
    """Of which nobody can tell what is there."""


class AssessmentRecord(AssessedMap):
    """How good a map is, and others of the same ground."""

    version: Literal[1] = 1
    points: Looked
    areas: Literal["planimetric", "ellipsoidal"] | None
    seed: int
    """Of the intervals."""
    left_out: tuple[str, ...]
    """Classes of the map at whose points nobody can tell what is there: their ground is left out of everything."""
    others: tuple[AssessedMap, ...]
    design: Design
    """How the points were drawn."""
    truth: tuple[int | None, ...] = Field(min_length=1)
    """Place of the class at each point, ``NOBODY`` knows, or None: not looked up yet."""

    @property
    def maps(self) -> tuple[AssessedMap, ...]:
        """The one that the points were drawn from, and the others."""
        return self, *self.others

    @property
    def unit(self) -> Unit:
        """In what areas are told."""
        if self.areas is None:
            return Unit("share", 100.0, "% of the area", 1)
        hectares = sum(each.area for each in self.design.classes) / HECTARE
        name, scale = ("m²", HECTARE) if hectares < SMALL else ("km²", 0.01) if hectares >= LARGE else ("ha", 1.0)
        return Unit("hectares", scale, name, 0 if hectares * scale >= HECTARE else 1)

    @model_validator(mode="after")
    def _check(self) -> AssessmentRecord:
        names, known = self.design.names, self.points.with_truth
        for each in self.maps:
            if list(each.classes) != names or {len(names)} != {len(each.error_matrix), *map(len, each.error_matrix)}:
                raise ValueError(f"the figures of {each.map} are not those of the points' classes")
            for one in each.classes.values():
                _check_class(one, self.areas is not None)
            _check_bounds(0, 1, each.overall_accuracy, each.miou)
        for each in self.others:
            if each.gains is None:
                raise ValueError("of another map it is not said by how much it is better")
            _check_bounds(-1, 1, each.gains.overall_accuracy, each.gains.miou)
        if any(p.column >= self.design.width or p.row >= self.design.height for p in self.design.points):
            raise ValueError("a point lies beyond the map")
        if len(self.truth) != len(self.design.points) or any(not NOBODY <= at < len(names) for at in self._said):
            raise ValueError("the truth is not that of the points")
        if (len(self.truth), len(self._said)) != (self.points.drawn, known + self.points.unclear):
            raise ValueError("the points do not add up")
        return self

    @property
    def _said(self) -> list[int]:
        return [at for at in self.truth if at is not None]


def _check_class(found: AssessedClass, areas: bool) -> None:
    _check_bounds(0, 1, found.mapped_share, found.true_share, found.users_accuracy, found.producers_accuracy, found.iou)
    for hectares in (found.mapped_hectares, found.true_hectares):
        if (hectares is not None) != areas:
            raise ValueError("hectares are said where areas are known, and nowhere else")
        if hectares is not None:
            _check_bounds(0, math.inf, hectares)


def _check_bounds(least: float, most: float, *estimates: Estimate) -> None:
    """Refuse figures that lie beyond what they can be, or beside their own intervals."""
    for each in estimates:
        ends = [end for end in (each.low, each.value, each.high) if end is not None]
        if len(ends) not in (0, 3) or [least, *ends, most] != sorted([least, *ends, most]):
            raise ValueError(f"{each.value} from {each.low} to {each.high} is no figure with its interval")


def as_json(record: AssessmentRecord) -> dict[str, Any]:
    """Return an assessment as plain data, without its points one by one."""
    return record.model_dump(mode="json", exclude={"design", "truth", "gains"})


save_assessment, load_assessment = record_file(
    AssessmentRecord, "record of points that were assessed", "assess them again"
)
"""Write and read an ``assessment.json``."""
