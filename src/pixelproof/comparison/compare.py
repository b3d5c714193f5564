"""``compare``: models on the same images, pair by pair."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from pixelproof.array_types import Int64
from pixelproof.comparison import paired
from pixelproof.comparison.classification import compare_classifiers
from pixelproof.comparison.findings import Findings
from pixelproof.comparison.match import group
from pixelproof.comparison.opening import open_models
from pixelproof.comparison.segmentation import compare_segmenters
from pixelproof.evaluation.metrics import Protocol, protocol_of
from pixelproof.runs import ClassificationScores, Scores, SegmentationScores
from pixelproof.runs.comparison_file import ComparedModel, ComparisonRecord, GroupsRecord


def compare(
    models: Sequence[Path],
    split: str = "validation",
    protocol: str = "unknown_counted",
    groups: str | None = None,
    seed: int = 0,
) -> ComparisonRecord:
    """Return what the same images say about two or more models.

    Args:
        models: Run folders or score files.
        split: The split whose scores to read from run folders.
        protocol: How pixels of ignored classes count; see ``evaluation.metrics``.
        groups: A regular expression that finds in an image's id the scene it belongs to; "none" lets every image stand
            for itself; None takes the groups that the scores know.
        seed: Seed of the resamples. Equal seeds give equal results.

    Raises:
        UserError: A file cannot be read, or an option has a wrong value.
        Refusal: The models were not measured alike, or there are too few images for an interval.
    """
    protocol_of(protocol)  # which is refused before files are read
    paths = [Path(model) for model in models]
    return compare_scores(open_models(paths, split), paths, protocol, groups, seed)


def compare_scores(
    scores: Sequence[Scores], paths: Sequence[Path], protocol: str, groups: str | None, seed: int
) -> ComparisonRecord:
    """Return the same of what ``open_models`` has read from ``paths``."""
    counting = protocol_of(protocol)
    members = group(scores, groups)
    pairs = list(itertools.combinations(scores, 2))
    found = [_findings(a, b, counting, members, seed) for a, b in pairs]
    resampled = members is not None or scores[0].scheme.task == "segmentation"
    values = [found[0].a[-1], *(findings.b[-1] for findings in found[: len(scores) - 1])]
    return ComparisonRecord(
        task=scores[0].scheme.task,
        protocol=counting if isinstance(scores[0], SegmentationScores) else None,
        interval="bootstrap" if resampled else "tango",
        test="permutation" if resampled else "mcnemar",
        confidence=paired.CERTAINTY,
        resamples=paired.RESAMPLES if resampled else None,
        seed=seed,
        groups=_groups(groups, members),
        models=tuple(_model(*each) for each in zip(scores, paths, values, strict=True)),
        pairs=tuple(
            findings.record(a.source.name, b.source.name, a.ids) for findings, (a, b) in zip(found, pairs, strict=True)
        ),
    )


def _findings(a: Scores, b: Scores, protocol: Protocol, groups: Int64 | None, seed: int) -> Findings:
    if isinstance(a, SegmentationScores) and isinstance(b, SegmentationScores):
        return compare_segmenters(a, b, protocol, groups, seed)
    assert isinstance(a, ClassificationScores)
    assert isinstance(b, ClassificationScores)
    return compare_classifiers(a, b, groups, seed)


def _groups(pattern: str | None, members: Int64 | None) -> GroupsRecord | None:
    return None if members is None else GroupsRecord(pattern=pattern, count=int(members.max()) + 1)


def _model(scores: Scores, path: Path, value: float) -> ComparedModel:
    source = scores.source
    facts = {"split": source.split, "fingerprint": source.fingerprint, "looks": source.looks}
    learned = int(source.learned) if source.learned.isdecimal() else 0
    facts["learned_by"] = source.learned_by
    return ComparedModel(name=source.name, path=str(path), value=value, learned=learned, **facts)
