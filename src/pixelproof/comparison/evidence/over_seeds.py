"""Each two models over all of their seeds: is one better, whichever the seeds?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from pixelproof.array_types import Int64
from pixelproof.comparison.evidence.contrasts import Cell, differences
from pixelproof.comparison.verdict import estimate_verdict
from pixelproof.evaluation.metrics import Protocol
from pixelproof.runs.evidence_file import SeedGain


def seed_gains(
    cells: Sequence[Cell], protocol: Protocol, seed: int = 0, groups: Int64 | None = None, metric: str | None = None
) -> tuple[SeedGain, ...]:
    """Return the difference of every two models' mean scores over seeds, of whom one has several at least.

    The runs of two that were trained once are compared as runs are: no other seeds are known of them.

    Args:
        cells: The models.
        protocol: How pixels of ignored classes count.
        seed: Seed of the resamples.
        groups: int64 [N], 0 to G-1: images of a group are resampled together; by default each is its own.
        metric: What the score is, accuracy or mIoU by default; see ``runs.metric_names``.
    """
    pairs = [(a, b) for a, b in itertools.combinations(cells, 2) if len(a.runs) > 1 or len(b.runs) > 1]
    found = differences(cells, [{a.name: -1.0, b.name: 1.0} for a, b in pairs], protocol, seed, groups, metric)
    return tuple(
        SeedGain(
            a=a.name,
            b=b.name,
            seeds=(len(a.runs), len(b.runs)),
            difference=each.difference,
            p=each.p,
            adjusted=each.adjusted,
            verdict=estimate_verdict(each.difference, each.p),
        )
        for (a, b), each in zip(pairs, found, strict=True)
    )
