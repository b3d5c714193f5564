"""The effect of each level of each factor: what changes where nothing else differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pixelproof.array_types import Int64
from pixelproof.comparison.evidence.contrasts import Cell, Contrast, Levels, differences
from pixelproof.evaluation.metrics import Protocol
from pixelproof.runs.evidence_file import Effect


@dataclass(frozen=True)
class _Change:
    """A level instead of the reference, and the pairs of models that show its effect alone."""

    factor: str
    level: str
    reference: str
    pairs: tuple[tuple[Cell, Cell], ...]

    @property
    def contrast(self) -> Contrast:
        weights: dict[str, float] = {}
        for pair in self.pairs:
            for cell, sign in zip(pair, (-1, 1), strict=True):
                weights[cell.name] = weights.get(cell.name, 0.0) + sign / len(self.pairs)
        return weights


def effects(
    cells: Sequence[Cell],
    baseline: Levels,
    protocol: Protocol,
    seed: int = 0,
    groups: Int64 | None = None,
    metric: str | None = None,
) -> tuple[Effect, ...]:
    """Return the effect of every level on the score, against the factor's level in the baseline.

    An effect is the mean, over all pairs of models that differ in that level alone, of the mean over seeds; see
    ``contrasts.differences`` for its interval.

    Args:
        cells: The models.
        baseline: The reference level of each factor.
        protocol: How pixels of ignored classes count.
        seed: Seed of the resamples.
        groups: int64 [N], 0 to G-1: images of a group are resampled together; by default each is its own.
        metric: What the score is, accuracy or mIoU by default; see ``runs.metric_names``.
    """
    changes = list(_changes(cells, baseline))
    found = differences(cells, [change.contrast for change in changes], protocol, seed, groups, metric)
    return tuple(
        Effect(
            factor=change.factor,
            level=change.level,
            reference=change.reference,
            difference=each.difference,
            p=each.p,
            adjusted=each.adjusted,
            pairs=tuple((a.name, b.name) for a, b in change.pairs),
            seeds=min(len(cell.runs) for pair in change.pairs for cell in pair),
        )
        for change, each in zip(changes, found, strict=True)
    )


def _changes(cells: Sequence[Cell], baseline: Levels) -> Iterator[_Change]:
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
                yield _Change(factor, level, reference, pairs)
