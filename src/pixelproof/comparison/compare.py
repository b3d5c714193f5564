"""Models on the same images, pair by pair."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from pixelproof.array_types import Int64
from pixelproof.comparison import paired
from pixelproof.comparison.classification import compare_classifiers
from pixelproof.comparison.counted import compare_segmenters
from pixelproof.comparison.findings import Findings, Method
from pixelproof.comparison.match import group
from pixelproof.errors import Refusal, UserError
from pixelproof.evaluation.metrics import Protocol, protocol_of
from pixelproof.evaluation.resampling import CERTAINTY
from pixelproof.runs import ClassificationScores, Scores, SegmentationScores
from pixelproof.runs.comparison_file import ComparedModel, ComparisonRecord, GroupsRecord, IntervalName, TestName
from pixelproof.runs.metric_names import known_metric

SMALLEST = 0.1
"""Percentage points of a margin, as differences are told to."""
NAMES: Mapping[Method, tuple[IntervalName, TestName]] = {
    "exact": ("tango", "mcnemar"),
    "resampled": ("bootstrap", "permutation"),
    "jackknife": ("jackknife", "jackknife"),
}
"""What findings are from, as a record calls the interval and the test."""


def share_of(margin: float | None) -> float | None:
    """Return a margin in percentage points as a share.

    Raises:
        UserError: It is none.
    """
    if margin is not None and not SMALLEST <= margin < 100:
        raise UserError(f"a margin of {margin:g} points is none", f"give one of {SMALLEST} to 100, such as 1")
    return None if margin is None else margin / 100


def compare_scores(
    scores: Sequence[Scores],
    paths: Sequence[Path],
    protocol: str,
    groups: str | None,
    seed: int,
    metric: str | None = None,
    margin: float | None = None,
) -> ComparisonRecord:
    """Return what the same images say about two or more models.

    Args:
        scores: Those of the models, as ``open_models`` reads them.
        paths: Where from.
        protocol: How pixels of ignored classes count; see ``evaluation.metrics``.
        groups: A regular expression that finds in an image's id the scene it belongs to; "none" lets every image stand
            for itself; None takes the groups that the scores know.
        seed: Seed of the resamples. Equal seeds give equal results.
        metric: What decides, such as "f1" or "recall:melanoma"; see ``runs.metric_names``. None for accuracy or mIoU.
        margin: By how much, as a share, a model may be worse and still do; see ``verdict.no_worse``.

    Raises:
        UserError: An option has a wrong value, or scores lack what the metric needs.
        Refusal: There are too few images for an interval, or the metric is undefined on them.
    """
    counting, metric = protocol_of(protocol), known_metric(metric, scores[0].scheme)
    members = group(scores, groups)
    pairs = list(itertools.combinations(scores, 2))
    found = [_findings(a, b, counting, members, seed, metric) for a, b in pairs]
    values = [found[0].a[-1], *(findings.b[-1] for findings in found[: len(scores) - 1])]
    _refuse_undefined(metric, scores, values)
    interval, test = NAMES[found[0].method]
    return ComparisonRecord(
        task=scores[0].scheme.task,
        protocol=counting if isinstance(scores[0], SegmentationScores) else None,
        interval=interval,
        test=test,
        confidence=CERTAINTY,
        resamples=paired.RESAMPLES if test == "permutation" else None,
        seed=seed,
        groups=_groups(groups, members),
        margin=margin,
        models=tuple(_model(*each) for each in zip(scores, paths, values, strict=True)),
        pairs=tuple(
            findings.record(a.source.name, b.source.name, a.ids) for findings, (a, b) in zip(found, pairs, strict=True)
        ),
    )


def _findings(a: Scores, b: Scores, protocol: Protocol, groups: Int64 | None, seed: int, metric: str) -> Findings:
    if isinstance(a, SegmentationScores) and isinstance(b, SegmentationScores):
        return compare_segmenters(a, b, protocol, groups, seed, metric)
    assert isinstance(a, ClassificationScores)
    assert isinstance(b, ClassificationScores)
    return compare_classifiers(a, b, groups, seed, metric)


def _refuse_undefined(metric: str, scores: Sequence[Scores], values: Sequence[float]) -> None:
    for each, value in zip(scores, values, strict=True):
        if math.isnan(value):
            why = "they do not show what it is of, or nothing is predicted as it"
            problem = f"the metric '{metric}' of {each.source.name} is undefined on these images: {why}"
            raise Refusal(problem, "choose another metric")


def _groups(pattern: str | None, members: Int64 | None) -> GroupsRecord | None:
    return None if members is None else GroupsRecord(pattern=pattern, count=int(members.max()) + 1)


def _model(scores: Scores, path: Path, value: float) -> ComparedModel:
    source = scores.source
    facts = {"split": source.split, "fingerprint": source.fingerprint, "looks": source.looks}
    facts |= {"learned_by": source.learned_by, "stress": source.stress}
    counts = {"learned": source.images_learned or 0, "corrected": source.images_corrected}
    counts |= {"corrected_pixels": source.pixels_corrected}
    return ComparedModel(name=source.name, path=str(path), value=value, **counts, **facts)
