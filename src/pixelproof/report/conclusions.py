"""What was concluded of models from their scores on a split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pixelproof.runs.comparison_file import FILE as COMPARISON
from pixelproof.runs.comparison_file import ComparisonRecord, load_comparison
from pixelproof.runs.evidence_file import FILE as EVIDENCE
from pixelproof.runs.evidence_file import EvidenceRecord, load_evidence


@dataclass(frozen=True)
class Conclusions:
    """The comparison of the models and the evidence behind it; None where there is none."""

    comparison: ComparisonRecord | None
    evidence: EvidenceRecord | None


def read_conclusions(folder: Path) -> Conclusions:
    """Read what a study or ``compare`` has concluded in a folder.

    Raises:
        UserError: A file is damaged.
    """
    comparison, evidence = folder / COMPARISON, folder / EVIDENCE
    return Conclusions(
        load_comparison(comparison) if comparison.exists() else None,
        load_evidence(evidence) if evidence.exists() else None,
    )
