"""What the doctor says: findings, and the facts that hold whether or not anything is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.leaving import to_leave_out
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.doctor.tally import Reading
from pixelproof.labels import LabelScheme
from pixelproof.runs.diagnosis_file import SEVERITIES, Severity, verdict
from pixelproof.runs.left_out_file import Entry


@dataclass(frozen=True)
class Diagnosis:
    """All findings, the gravest first, and a summary of the data as plain values.

    ``summary`` holds ``layout``, ``task``, ``classes``, ``splits`` (images by split), ``left_out`` (images
    by the reason), ``corrected`` (labels by both classes), ``sizes`` (images by
    "WIDTHxHEIGHT"), ``pixel_shares`` in percent or ``images_per_class`` by split and class, ``mean`` and ``std`` of
    the training images' RGB in 0..1, ``fingerprints`` by split, and ``proposal``: the text of a ``labels.yaml`` where
    there is none. ``survey`` and ``reading`` are all that was seen: the files, and under ``scheme`` their labels; None
    where nothing can be made of them.
    """

    findings: tuple[Finding, ...]
    summary: Mapping[str, Any]
    survey: Survey = field(repr=False, compare=False)
    scheme: LabelScheme | None = field(repr=False, compare=False)
    reading: Reading | None = field(repr=False, compare=False)

    @cached_property
    def leave_out(self) -> tuple[Entry, ...]:
        """Which images may be left out, as far as their files tell."""
        return tuple(to_leave_out(self.survey))

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """Return the findings of one severity."""
        return tuple(f for f in self.findings if f.severity == severity)

    @property
    def verdict(self) -> str:
        """Whether to train on this, in words."""
        return verdict(*(len(self.of(severity)) for severity in SEVERITIES))

    def to_json(self) -> dict[str, Any]:
        """Return the diagnosis as plain values that ``json.dumps`` takes."""
        findings = [asdict(finding) | {"files": list(finding.files)} for finding in self.findings]
        return {"findings": findings, "summary": dict(self.summary)}
