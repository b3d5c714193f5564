"""What the doctor says: findings, and the facts that hold whether or not anything is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
MOST_FILES = 50


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong or worth knowing.

    Attributes:
        check: Name of the check, such as "duplicate-across-splits".
        severity: "error" where training would fail or be wrong, "warning" where it may be, "note" otherwise.
        files: Paths relative to the data root, at most 50 of them.
        count: How many files there are; of a finding that is not about files, how many things.
        message: What was found and why it matters.
        fix: What to do about it.
    """

    check: str
    severity: Severity
    files: tuple[str, ...]
    count: int
    message: str
    fix: str


@dataclass(frozen=True)
class Diagnosis:
    """All findings, the gravest first, and a summary of the data as plain values.

    ``summary`` holds ``layout``, ``task``, ``classes``, ``splits`` (images by split), ``sizes`` (images by
    "WIDTHxHEIGHT"), ``pixel_shares`` in percent or ``images_per_class`` by split and class, ``mean`` and ``std`` of
    the training images' RGB in 0..1, ``fingerprints`` by split, and ``proposal``: the text of a ``labels.yaml`` where
    there is none.
    """

    findings: tuple[Finding, ...]
    summary: Mapping[str, Any]

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """Return the findings of one severity."""
        return tuple(f for f in self.findings if f.severity == severity)

    def to_json(self) -> dict[str, Any]:
        """Return the diagnosis as plain values that ``json.dumps`` takes."""
        findings = [asdict(finding) | {"files": list(finding.files)} for finding in self.findings]
        return {"findings": findings, "summary": dict(self.summary)}
