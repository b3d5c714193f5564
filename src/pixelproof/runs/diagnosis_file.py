"""``diagnosis.json``: what the doctor said of a data set, and which of its images a page shows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pixelproof.labels import LabelScheme
from pixelproof.numbers import counted
from pixelproof.runs.fields import Count
from pixelproof.runs.records import record_file
from pixelproof.schema import Strict

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
Amount = Annotated[float, Field(ge=0)]


class FindingRecord(Strict):
    """One thing that is wrong or worth knowing."""

    check: str
    severity: Severity
    files: tuple[str, ...]
    """The first of them, relative to the data's folder."""
    count: Count
    message: str
    fix: str
    samples: dict[str, str]
    """Of the first images that it is about, their ``picture_key`` and their class, which is empty for masks."""


class DiagnosisRecord(Strict):
    """What a data set holds, and what is wrong with it."""

    version: Literal[1] = 1
    data: str
    """The folder, as it was given."""
    task: Literal["classification", "segmentation"]
    layout: str
    splits: dict[str, Count]
    """Images of each."""
    sizes: dict[str, Count]
    """Images by ``WIDTHxHEIGHT``, the most frequent ones."""
    size_count: Count
    """How many there are in all."""
    amounts: dict[str, dict[str, Amount]]
    """By split and class: images, or percent of the pixels."""
    scheme: LabelScheme | None
    """The label contract, or a proposal for one; None where nothing can be made of the labels."""
    findings: tuple[FindingRecord, ...]
    proposed: Count = 0
    """How many images ``leave_out.csv`` beside this file lists to be left out."""
    doubtful: Count = 0
    """How many further ones stand there as comments, for a person to decide."""
    examples: dict[str, tuple[str, ...]]
    """Classification: the ``picture_key`` of some images of each class."""

    @property
    def verdict(self) -> str:
        """Whether to train on this, in words."""
        return verdict(*(sum(each.severity == severity for each in self.findings) for severity in SEVERITIES))


def verdict(errors: int, warnings: int, notes: int) -> str:
    """Return in words what so many findings mean."""
    words = ", ".join(counted(n, word) for n, word in zip((errors, warnings, notes), SEVERITIES, strict=True))
    if errors:
        return f"{words}. Do not train on this data yet."
    return f"{words}. Look at the warnings, then train." if warnings else f"{words}. This data is ready to train on."


save_diagnosis, load_diagnosis = record_file(DiagnosisRecord, "diagnosis", "examine the data again")
"""Write and read a ``diagnosis.json``."""
