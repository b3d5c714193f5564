"""Whether a comparison and its evidence, made again, say what their files do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pixelproof.runs.comparison_file import ComparisonRecord, load_comparison
from pixelproof.runs.differing import Difference, differences
from pixelproof.runs.evidence_file import EvidenceRecord, load_evidence
from pixelproof.runs.files import read_json

Found = Iterator[Difference]


def differing_comparison(path: Path, again: ComparisonRecord) -> Found:
    """Return where a comparison's file says something else than it does when it is made again."""
    load_comparison(path)  # which refuses what contradicts itself
    return differences(_without_paths(read_json(path)), _without_paths(again.model_dump(mode="json")))


def differing_evidence(path: Path, again: EvidenceRecord) -> Found:
    """Return where a file of evidence says something else than it does when it is made again."""
    load_evidence(path)
    return differences(read_json(path), again.model_dump(mode="json"))


def _without_paths(values: dict[str, Any]) -> dict[str, Any]:
    """Return a comparison without where its score files lay, which is no figure, and another place where they moved."""
    models = [{key: value for key, value in model.items() if key != "path"} for model in values["models"]]
    return values | {"models": models}
