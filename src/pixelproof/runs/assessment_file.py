"""``assessment.json``: how good maps are, by points that somebody has looked up."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from pixelproof.runs.evidence_file import Estimate
from pixelproof.runs.fields import Count, Share
from pixelproof.runs.points_folder import NOBODY, Design
from pixelproof.runs.records import read_record, write_record
from pixelproof.schema import Strict

FILE = "assessment.json"


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
    others: tuple[AssessedMap, ...]
    design: Design
    """How the points were drawn."""
    truth: tuple[int | None, ...] = Field(min_length=1)
    """Place of the class at each point, ``NOBODY`` knows, or None: not looked up yet."""

    @property
    def maps(self) -> tuple[AssessedMap, ...]:
        """The one that the points were drawn from, and the others."""
        return self, *self.others

    @model_validator(mode="after")
    def _check(self) -> AssessmentRecord:
        names, known = self.design.names, self.points.with_truth
        for each in self.maps:
            if list(each.classes) != names or {len(names)} != {len(each.error_matrix), *map(len, each.error_matrix)}:
                raise ValueError(f"the figures of {each.map} are not those of the points' classes")
        if any(each.gains is None for each in self.others):
            raise ValueError("of another map it is not said by how much it is better")
        if len(self.truth) != len(self.design.points) or any(not NOBODY <= at < len(names) for at in self._said):
            raise ValueError("the truth is not that of the points")
        if (len(self.truth), len(self._said)) != (self.points.drawn, known + self.points.unclear):
            raise ValueError("the points do not add up")
        return self

    @property
    def _said(self) -> list[int]:
        return [at for at in self.truth if at is not None]


def as_json(record: AssessmentRecord) -> dict[str, Any]:
    """Return an assessment as plain data, without its points one by one."""
    return record.model_dump(mode="json", exclude={"design", "truth", "gains"})


def save_assessment(path: Path, record: AssessmentRecord) -> None:
    """Write an ``assessment.json``, atomically."""
    write_record(path, record)


def load_assessment(path: Path) -> AssessmentRecord:
    """Read an ``assessment.json``.

    Raises:
        UserError: It is missing, not JSON, of another version, or contradicts itself.
    """
    return read_record(path, AssessmentRecord, "record of points that were assessed", "assess them again")
