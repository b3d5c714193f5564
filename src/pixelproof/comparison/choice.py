"""Choose among candidates by their scores of the selection part, and say how clear the choice is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.comparison.evidence.contrasts import Cell, Tested, differences
from pixelproof.comparison.evidence.measures import value_of
from pixelproof.comparison.match import group, in_order, refuse_mixture
from pixelproof.comparison.verdict import estimate_verdict
from pixelproof.errors import Refusal
from pixelproof.evaluation.metrics import PROTOCOL
from pixelproof.evaluation.resampling import SEED
from pixelproof.runs import Scores, load_scores
from pixelproof.runs.choice_record import Candidate, ChoiceRecord, selection_file
from pixelproof.runs.metric_names import known_metric

EQUAL = 1e-12
"""Mean scores no further apart are equal but for rounding."""


def choose(folder: Path, candidates: Sequence[Candidate], metric: str | None, fold: int | None = None) -> ChoiceRecord:
    """Return which of some candidates is the best by the score files of their runs; see ``best_of``.

    Args:
        folder: The study's folder, which the runs are relative to.
        candidates: Their names, settings and runs, whose scores of the selection part are there.
        metric: By what; None for accuracy or mIoU.
        fold: The fold it is made in, counted from 1.

    Raises:
        UserError: A score file cannot be read, or lacks what the metric needs.
        Refusal: The candidates were not scored on the same images.
    """
    runs = [[] if each.diverged else _read(folder, each) for each in candidates]
    return best_of(candidates, runs, metric, fold)


def best_of(
    candidates: Sequence[Candidate], runs: Sequence[Sequence[Scores]], metric: str | None, fold: int | None = None
) -> ChoiceRecord:
    """Return which of some candidates has the highest mean over seeds on the selection part, and what all have there.

    Of several that share it the first is taken, and an undefined mean is below all others; what diverged is not chosen.
    The best of the candidates on images like these is ruled out in at most 5 of 100 choices: each p-value is multiplied
    by how many could beat it.

    Args:
        candidates: Their names, settings and runs.
        runs: The scores of each candidate's runs, their images in one order; of one that diverged nothing is looked at.
        metric: As in ``choose``.
        fold: Likewise.

    Raises:
        UserError: Scores lack what the metric needs.
        Refusal: The candidates were not scored on the same images.
    """
    cells = [Cell(each.name, {}, own) for each, own in zip(candidates, runs, strict=True) if not each.diverged]
    first = cells[0].runs[0]
    for run in (run for cell in cells for run in cell.runs):
        refuse_mixture(first, run)
    scores = {cell.name: [value_of(run, PROTOCOL, metric) for run in cell.runs] for cell in cells}
    means = {name: float(np.mean(values)) for name, values in scores.items()}
    chosen, groups = _highest(means), first.groups
    tested = _tested([cell for cell in cells if not math.isnan(means[cell.name])], chosen, metric)
    return ChoiceRecord(
        metric=known_metric(metric, first.scheme),
        fold=fold,
        images=len(first.ids),
        groups=None if groups is None else len(np.unique(groups)),
        chosen=chosen,
        candidates=tuple(
            each if each.diverged else _candidate(each, scores[each.name], tested.get(each.name), len(tested))
            for each in candidates
        ),
    )


def again(folder: Path, record: ChoiceRecord) -> ChoiceRecord:
    """Return a choice made once more, of the same runs; raises what ``choose`` does."""
    known = {"name", "settings", "runs", "diverged"}
    bare = [Candidate.model_validate(each.model_dump(include=known)) for each in record.candidates]
    return choose(folder, bare, record.metric, record.fold)


def _read(folder: Path, candidate: Candidate) -> list[Scores]:
    return [in_order(load_scores(folder / selection_file(run))) for run in candidate.runs]


def _highest(means: Mapping[str, float]) -> str:
    """Return the first name whose value is the highest; the first of all where none is defined."""
    highest = max((mean for mean in means.values() if not math.isnan(mean)), default=math.nan)
    return next((name for name, mean in means.items() if mean >= highest - EQUAL), next(iter(means)))


def _tested(cells: Sequence[Cell], chosen: str, metric: str | None) -> Mapping[str, Tested]:
    """Return, by the names of the others, each one's mean minus that of the chosen one; nothing of too few images."""
    others = [cell.name for cell in cells if cell.name != chosen]
    if not others:
        return {}
    contrasts = [{name: 1.0, chosen: -1.0} for name in others]
    try:
        members = group([cells[0].runs[0]], None)
    except Refusal:
        return {}
    return dict(zip(others, differences(cells, contrasts, PROTOCOL, SEED, members, metric), strict=True))


def _candidate(candidate: Candidate, scores: Sequence[float], tested: Tested | None, others: int) -> Candidate:
    """Return a candidate with what it reached; ``tested`` is None for the chosen one and where it is undefined."""
    figures: dict[str, Any] = {"scores": tuple(scores), "score": float(np.mean(scores))}
    if len(scores) > 1:
        figures["spread"] = float(np.std(scores, ddof=1))
    if tested is not None:
        found, adjusted = tested.difference, float(np.minimum(1.0, tested.p * others))
        told = estimate_verdict(found, adjusted) == "a"
        figures |= {"difference": found, "p": tested.p, "adjusted": adjusted, "told": told}
    return Candidate.model_validate(candidate.model_dump() | figures)
