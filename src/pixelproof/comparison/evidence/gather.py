"""All that the scores of a part's models show beyond who is better."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeVar

import numpy as np

from pixelproof.comparison.evidence.ablation import effects
from pixelproof.comparison.evidence.claims import Models, judge
from pixelproof.comparison.evidence.contrasts import Cell, Levels
from pixelproof.comparison.evidence.fold_areas import fold_areas
from pixelproof.comparison.evidence.measures import by_tolerance, value_of
from pixelproof.comparison.evidence.over_seeds import seed_gains
from pixelproof.comparison.evidence.where import where_gain
from pixelproof.comparison.figures import boundaries
from pixelproof.comparison.match import group
from pixelproof.evaluation.metrics import Protocol
from pixelproof.evaluation.mosaic import STRIDES, mosaic
from pixelproof.progress import Step, bar
from pixelproof.runs import Scores, SegmentationScores
from pixelproof.runs.claims import Claim
from pixelproof.runs.evidence_file import EvidenceRecord, ModelFigures, MosaicFigure, PairGain
from pixelproof.runs.metric_names import OF_ALL

Named = tuple[str, SegmentationScores]
Item = TypeVar("Item")
FEW = 4
"""With up to so many models every pair is looked into; with more, each against the first."""


def gather(
    models: Models,
    protocol: Protocol = "unknown_counted",
    levels: Mapping[str, Levels] | None = None,
    baseline: Levels | None = None,
    claims: Sequence[Claim] = (),
    groups: str | None = None,
    seed: int = 0,
    folds: Models | None = None,
    metric: str | None = None,
) -> EvidenceRecord:
    """Return the evidence that the scores of models hold.

    Args:
        models: The runs of each model, the same images in the same order everywhere.
        protocol: How pixels of ignored classes count.
        levels: Level of each factor by model, where factors are varied.
        baseline: The reference level of each factor.
        claims: What is said of the models.
        groups: As in ``compare``; all but the mosaic index is then known from as many scenes.
        seed: Seed of the resamples.
        folds: The scores of each fold by model, where those of all folds are scored as one.
        metric: What scores and effects are of, accuracy or mIoU by default; see ``runs.metric_names``.

    Raises:
        UserError: Segmentation scores hold no boundary counts.
    """
    first = next(iter(models.values()))[0]
    cells = [Cell(name, (levels or {}).get(name, {}), runs) for name, runs in models.items()]
    pairs, members = _pairs(models), group([run for runs in models.values() for run in runs], groups)
    with bar("evidence", len(pairs) + len(claims) + 1, "questions") as step:
        figures = tuple(
            _figures(name, runs, (folds or {}).get(name, ()), protocol, metric) for name, runs in models.items()
        )
        gains = tuple(
            PairGain(a=a[0], b=b[0], where=where_gain(a[1], b[1], protocol, groups=members, seed=seed))
            for a, b in _each(pairs, step)
        )
        over_seeds = seed_gains(cells, protocol, seed, members, metric)
        found = effects(cells, baseline, protocol, seed, members, metric) if baseline else ()
        step()
        judged = tuple(judge(claim, models, protocol, seed, members) for claim in _each(claims, step))
    segmented = isinstance(first, SegmentationScores)
    return EvidenceRecord(
        task=first.scheme.task,
        protocol=protocol if segmented else None,
        metric=metric or OF_ALL[first.scheme.task][0],
        images=len(first.ids),
        models=figures,
        truth=_mosaics([first], "truth") if segmented else (),
        gains=gains,
        over_seeds=over_seeds,
        effects=found,
        claims=judged,
    )


def _each(items: Sequence[Item], step: Step) -> Iterator[Item]:
    """Yield items, and report a step once something was made of each."""
    for item in items:
        yield item
        step()


def _pairs(models: Models) -> list[tuple[Named, Named]]:
    """Return the pairs of segmenters whose gain is looked into, by their first runs."""
    named = [(name, runs[0]) for name, runs in models.items() if isinstance(runs[0], SegmentationScores)]
    return [(a, b) for a, b in itertools.combinations(named, 2) if len(named) <= FEW or a is named[0]]


def _figures(
    name: str, runs: Sequence[Scores], folds: Sequence[Scores], protocol: Protocol, metric: str | None
) -> ModelFigures:
    scores = [value_of(run, protocol, metric) for run in runs]
    segmented = [run for run in runs if isinstance(run, SegmentationScores)]
    return ModelFigures(
        name=name,
        runs=len(runs),
        score=float(np.mean(scores)),
        spread=float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
        scores=tuple(scores),
        boundary_iou=_mean([by_tolerance(run, protocol, "boundary_iou") for run in segmented]),
        boundary_f1=_mean([by_tolerance(run, protocol, "boundary_f1") for run in segmented]),
        mosaics=_mosaics(segmented, "prediction") if segmented else (),
        folds=tuple(value_of(fold, protocol, metric) for fold in folds),
        fold_areas=fold_areas(folds),
    )


def _mean(rows: Sequence[Mapping[str, float]]) -> dict[str, float | None]:
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]} if rows else {}


def _mosaics(runs: Sequence[Scores], kind: Literal["truth", "prediction"]) -> tuple[MosaicFigure, ...]:
    phases = np.sum([boundaries(run).phases for run in runs], axis=0)
    return tuple(MosaicFigure(**vars(mosaic(phases, stride, kind))) for stride in STRIDES)
