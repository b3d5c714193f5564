"""The effect of each level of each factor: what changes where nothing else differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pixelproof.array_types import Float64, Int64
from pixelproof.comparison import paired
from pixelproof.comparison.evidence.runs import measured, weighted
from pixelproof.comparison.evidence.seeds import over_images_and_seeds
from pixelproof.evaluation.metrics import Protocol
from pixelproof.runs import Scores
from pixelproof.runs.evidence_file import Effect

Levels = Mapping[str, str]


@dataclass(frozen=True)
class Cell:
    """A model with its level of each factor and its runs, one for each seed, all scored on the same images."""

    name: str
    levels: Levels
    runs: Sequence[Scores]


@dataclass(frozen=True)
class _Contrast:
    factor: str
    level: str
    reference: str
    pairs: tuple[tuple[Cell, Cell], ...]


def effects(
    cells: Sequence[Cell],
    baseline: Levels,
    protocol: Protocol,
    seed: int = 0,
    groups: Int64 | None = None,
    metric: str | None = None,
) -> tuple[Effect, ...]:
    """Return the effect of every level on the score, against the factor's level in the baseline.

    An effect is the mean, over all pairs of models that differ in that level alone, of the mean over seeds. Its
    interval takes both chances into account: images are resampled, the same for all models; the variance over seeds is
    pooled over all models, as in an analysis of variance, because a few seeds of one model say little of it.

    Args:
        cells: The models.
        baseline: The reference level of each factor.
        protocol: How pixels of ignored classes count.
        seed: Seed of the resamples.
        groups: int64 [N], 0 to G-1: images of a group are resampled together; by default each is its own.
        metric: What the score is, accuracy or mIoU by default; see ``runs.metric_names``.
    """
    contrasts = list(_contrasts(cells, baseline))
    runs = [run for cell in cells for run in cell.runs]
    if not contrasts:
        return ()
    score = measured(runs, metric, protocol, groups, seed)
    variance, freedom = _over_seeds(cells, score.values)
    found, p_values = [], []
    for contrast in contrasts:
        weights = _weights(cells, contrast)
        spread = variance * float((weights**2).sum())
        value = float(weighted(score.values, weights))
        estimate, p = over_images_and_seeds(value, *score.varies(weights), spread, freedom)
        p_values.append(p)
        found.append((contrast, estimate))
    return tuple(
        Effect(
            factor=contrast.factor,
            level=contrast.level,
            reference=contrast.reference,
            difference=estimate,
            p=p,
            adjusted=adjusted,
            pairs=tuple((a.name, b.name) for a, b in contrast.pairs),
            seeds=min(len(cell.runs) for pair in contrast.pairs for cell in pair),
        )
        for (contrast, estimate), p, adjusted in zip(
            found, p_values, paired.holm(np.array(p_values)).tolist(), strict=True
        )
    )


def _contrasts(cells: Sequence[Cell], baseline: Levels) -> Iterator[_Contrast]:
    """Yield each level with the pairs of models that show its effect alone."""
    for factor, reference in baseline.items():
        levels = dict.fromkeys(cell.levels[factor] for cell in cells if cell.levels[factor] != reference)
        for level in levels:
            pairs = tuple(
                (a, b)
                for b in cells
                for a in cells
                if b.levels[factor] == level and dict(a.levels) == {**b.levels, factor: reference}
            )
            if pairs:
                yield _Contrast(factor, level, reference, pairs)


def _weights(cells: Sequence[Cell], contrast: _Contrast) -> Float64:
    """Return the weight of each run in a contrast, in the order of cells and their runs."""
    weights = {cell.name: 0.0 for cell in cells}
    for a, b in contrast.pairs:
        weights[a.name] -= 1 / len(contrast.pairs)
        weights[b.name] += 1 / len(contrast.pairs)
    return np.concatenate([np.full(len(cell.runs), weights[cell.name] / len(cell.runs)) for cell in cells])


def _over_seeds(cells: Sequence[Cell], values: Float64) -> tuple[float, int]:
    """Return the pooled variance of a single run's score over seeds, and its degrees of freedom."""
    squares, freedom, start = 0.0, 0, 0
    for cell in cells:
        own = values[start : start + len(cell.runs)]
        start += len(cell.runs)
        squares += float(((own - own.mean()) ** 2).sum())
        freedom += len(own) - 1
    return (squares / freedom if freedom else float("nan")), freedom
