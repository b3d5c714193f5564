"""What the page shows of two models side by side: differences with intervals, and where they lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pixelproof.comparison.verdict import class_verdict, estimate_verdict, over_pairs
from pixelproof.comparison.wording.sentences import sentences
from pixelproof.comparison.wording.words import metric_name, p_value, points
from pixelproof.languages import Texts, translated
from pixelproof.numbers import count, share
from pixelproof.report.figures.forest import Difference, Forest, certain, forest, with_interval
from pixelproof.report.figures.wins import wins
from pixelproof.report.pictures import Picture, drawn
from pixelproof.runs.comparison_file import ComparisonRecord, PairRecord, Verdict
from pixelproof.runs.evidence_file import Change, EvidenceRecord, Where

CHANGE: Mapping[Verdict, str] = {"b": "better", "a": "worse", "undecided": ""}
"""How the page marks a verdict on the second model against the first."""
EXTREMES = 5
"""Images named at either end."""


@dataclass(frozen=True)
class Cell:
    """Row's model minus column's in the matrix of all pairs."""

    text: str
    change: str
    title: str


@dataclass(frozen=True)
class Pair:
    """Two models side by side; every difference is the second's minus the first's."""

    a: str
    b: str
    verdict: list[Texts]
    classes: Forest | None
    where: Forest | None
    bands: list[tuple[str, str, str, str]]
    objects: list[tuple[str, str, str, str]]
    confusions: list[tuple[str, str, str, str, str]]
    images: Picture
    gains: list[tuple[str, str]]
    losses: list[tuple[str, str]]


def pairs(comparison: ComparisonRecord, evidence: EvidenceRecord | None) -> list[Pair]:
    """Return every pair of a comparison, those with the first model first."""
    found = {(gain.a, gain.b): gain.where for gain in evidence.gains} if evidence else {}
    first = comparison.models[0].name
    ordered = sorted(comparison.pairs, key=lambda pair: pair.a != first)
    return [_pair(pair, comparison, found.get((pair.a, pair.b))) for pair in ordered]


def matrix(comparison: ComparisonRecord) -> list[tuple[str, list[Cell | None]]]:
    """Return, for three or more models, each one's difference to every other; None on the diagonal."""
    names = [model.name for model in comparison.models]
    if len(names) < 3:
        return []
    adjusted = over_pairs(comparison)
    known = {(pair.a, pair.b): (pair, adjusted[pair.a, pair.b]) for pair in comparison.pairs}
    return [(row, [_cell(row, column, known) for column in names]) for row in names]


def _pair(pair: PairRecord, comparison: ComparisonRecord, where: Where | None) -> Pair:
    metric, segmented = metric_name(pair.metric, "en"), comparison.task == "segmentation"
    # A classifier's images are right or wrong, so that none of them is an extreme.
    gains, losses = pair.extremes(EXTREMES) if segmented else ([], [])
    of_images = metric if segmented else metric_name("accuracy", "en")
    known = [each.difference for each in pair.per_image if each.difference is not None]
    alt = f"{of_images} of {pair.b} minus {pair.a} on {count(len(known))} images, sorted"
    return Pair(
        a=pair.a,
        b=pair.b,
        verdict=translated(lambda tongue: sentences(pair, comparison, tongue)),
        classes=forest(_class_differences(pair, metric)),
        # The verdict on another metric says nothing of mIoU.
        where=forest(_parts(where, pair.metric == "miou" and pair.verdict != "undecided")) if where else None,
        bands=_changes(where.error_rates) if where else [],
        objects=_changes(where.recalls) if where else [],
        confusions=_confusions(where) if where else [],
        images=drawn(wins(known, f"{of_images}, points"), (pair.b, pair.a, "images"), alt, alt + "."),
        gains=[(each.id, points(each.difference)) for each in gains],
        losses=[(each.id, points(each.difference)) for each in losses],
    )


def _class_differences(pair: PairRecord, metric: str) -> list[Difference]:
    rows = []
    for name, record in pair.classes.items():
        sure = CHANGE[class_verdict(record)]
        rows.append(Difference(name, record.estimate, sure, f"p {p_value(record.p)}"))
    sure = CHANGE[pair.verdict]
    return [*rows, Difference(metric, pair.estimate, sure, f"p {p_value(pair.p)}")]


def _parts(where: Where, decided: bool) -> list[Difference]:
    near = f"edges: within {where.width} px"
    named = [(near, where.edges), ("interior", where.interior)]
    named += [(f"{part.name} px", part.gain) for part in where.bands]
    return [Difference(name, estimate, certain(estimate) if decided else "") for name, estimate in named]


def _changes(changes: tuple[Change, ...]) -> list[tuple[str, str, str, str]]:
    return [(c.name, share(c.a), share(c.b), with_interval(c.difference)) for c in changes]


def _confusions(where: Where) -> list[tuple[str, str, str, str, str]]:
    return [(c.true, c.predicted, count(c.a), count(c.b), with_interval(c.repaired)) for c in where.confusions]


def _cell(row: str, column: str, known: Mapping[tuple[str, str], tuple[PairRecord, float | None]]) -> Cell | None:
    if row == column:
        return None
    pair, p = known.get((column, row)) or known[row, column]
    winner = {"a": pair.a, "b": pair.b}.get(estimate_verdict(pair.estimate, p))
    change = "" if winner is None else "better" if winner == row else "worse"
    estimate = pair.estimate if pair.b == row else pair.estimate.turned
    return Cell(points(estimate.value), change, f"{row} minus {column}: {with_interval(estimate)}, p {p_value(p)}")
