"""What a page shows of the runs of one model: those of the folds of a cross-validation, and those of several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float64
from pixelproof.comparison.verdict import significant
from pixelproof.comparison.wording.words import metric_heading, metric_name, p_value
from pixelproof.evaluation.metrics import mean_defined
from pixelproof.numbers import score
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.figures.forest import Difference, Forest, certain, forest
from pixelproof.report.finding import DRAWN
from pixelproof.report.key_results import KeyFigure
from pixelproof.runs.evidence_file import EvidenceRecord, ModelFigures, SeedGain
from pixelproof.runs.metric_names import told

SEEN = "each image scored by the run that had not seen it"


@dataclass(frozen=True)
class Row:
    """One model over its runs; ``whole`` is the score of all folds as one, empty where runs differ in their seeds."""

    model: str
    whole: str
    mean: str
    spread: str
    runs: list[str]


@dataclass(frozen=True)
class FoldAreasRow:
    """How well one class is told from all others: the mean over folds of each area, and its standard deviation."""

    model: str
    name: str
    ap: tuple[str, str]
    auc: tuple[str, str]


@dataclass(frozen=True)
class Runs:
    """The score with each run of a model; ``spread`` is the standard deviation, None where fewer than two are known."""

    scores: tuple[float | None, ...]
    mean: float
    spread: float | None


@dataclass(frozen=True)
class OverSeeds:
    """Models over their seeds: the score with each, the key figures, and the differences of every two."""

    metric: str
    rows: list[Row]
    tiles: list[KeyFigure]
    differences: Forest | None


def seen_line(part: PartArtefacts) -> str:
    """Return how images were scored; empty where there are no folds."""
    return f"{part.record.folds} folds, {SEEN}" if part.record.folds else ""


def by_fold(part: PartArtefacts) -> bool:
    """Return whether models have runs that differ in their folds alone; with several seeds, all folds count as one."""
    return part.record.folds is not None and not (part.evidence and part.evidence.over_seeds)


def runs_of(part: PartArtefacts) -> dict[str, Runs]:
    """Return every model's score with each seed, or on the images of each fold; none where each was trained once."""
    models = part.evidence.models if part.evidence is not None else ()
    scores = {model.name: model.folds if by_fold(part) else model.scores for model in models}
    several = any(len(each) > 1 for each in scores.values())
    return {name: _runs(each) for name, each in scores.items() if each} if several else {}


def fold_rows(part: PartArtefacts) -> list[Row]:
    """Return each model's score on all images and on those of each fold, with the first seed; none without folds."""
    evidence = part.evidence
    if evidence is None or not part.record.folds:
        return []
    return [_row(model, model.folds, evidence.metric, model.scores[0]) for model in evidence.models]


def fold_areas(part: PartArtefacts) -> list[FoldAreasRow]:
    """Return how well every model tells classes apart over the folds: a few classes each, and their mean."""
    models = part.evidence.models if part.evidence is not None else ()
    return [row for model in models if model.fold_areas for row in _areas(model)]


def _areas(model: ModelFigures) -> list[FoldAreasRow]:
    names, areas = [each.name for each in model.fold_areas], model.fold_areas
    ap, auc = (np.array([getattr(each, kind) for each in areas], float) for kind in ("ap", "auc"))  # [K, folds]
    rows = [*zip(names, ap, auc, strict=True)] if len(names) <= DRAWN else []
    rows.append(("mean of classes", mean_defined(ap.T), mean_defined(auc.T)))
    return [FoldAreasRow(model.name, name, _over_folds(one), _over_folds(other)) for name, one, other in rows]


def _over_folds(values: Float64) -> tuple[str, str]:
    """Return mean and standard deviation of the folds where a figure is defined."""
    known = values[~np.isnan(values)]
    return score(float(mean_defined(values)), 3), score(float(known.std(ddof=1)) if len(known) > 1 else None, 3)


def over_seeds(evidence: EvidenceRecord) -> OverSeeds | None:
    """Return what models reach with several seeds; None where each was trained once."""
    if max(model.runs for model in evidence.models) == 1:
        return None
    rows = [_row(model, model.scores, evidence.metric) for model in evidence.models]
    metric = metric_name(evidence.metric, "en")
    tiles = [_tile(row, f"{metric} over seeds") for row in rows if len(row.runs) > 1]
    return OverSeeds(
        metric_heading(evidence.metric, "en"), rows, tiles, forest([_difference(gain) for gain in evidence.over_seeds])
    )


def _tile(row: Row, figure: str) -> KeyFigure:
    return KeyFigure(row.mean, f"{figure} · {row.model}", f"{len(row.runs)} seeds, standard deviation {row.spread}")


def _difference(gain: SeedGain) -> Difference:
    sure = certain(gain.difference) if significant(gain.adjusted) else ""
    return Difference(f"{gain.b} minus {gain.a}", gain.difference, sure, f"p {p_value(gain.adjusted)}")


def _row(model: ModelFigures, scores: Sequence[float | None], metric: str, whole: float | None = None) -> Row:
    runs = _runs(scores)
    values = (whole, runs.mean, runs.spread, *scores)
    texts = [told(metric, value) for value in values]
    return Row(model.name, texts[0], texts[1], texts[2], texts[3:])


def _runs(scores: Sequence[float | None]) -> Runs:
    known = np.array([np.nan if value is None else value for value in scores])
    spread = float(np.nanstd(known, ddof=1)) if np.isfinite(known).sum() > 1 else None
    return Runs(tuple(scores), float(mean_defined(known)), spread)
