"""What the page shows of a comparison: verdicts, differences with intervals, where they lie, and the discussion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pixelproof.comparison.phrases import Language
from pixelproof.comparison.reasons import claim_text, remarks, status_word, test_phrase
from pixelproof.comparison.sentences import sentences
from pixelproof.comparison.verdict import class_verdict
from pixelproof.comparison.words import LANGUAGES, METRICS, p_value, points
from pixelproof.numbers import UNDEFINED, count, score, share
from pixelproof.report.figures.forest import Difference, Forest, certain, forest, with_interval
from pixelproof.report.figures.wins import wins
from pixelproof.report.pictures import Picture, svg_uri
from pixelproof.runs.comparison_file import ComparisonRecord, PairRecord
from pixelproof.runs.evidence_file import Change, ClaimResult, Estimate, EvidenceRecord, Where

ANCHORS = {"where": "comparison", "boundaries": "boundaries", "mosaic": "boundaries", "effects": "effects"}
"""Where the figure of a remark stands on the page; claims have a list of their own, which shows their tests."""
Texts = Mapping[Language, str]
"""The same sentence in every language."""
EXTREMES = 5


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


@dataclass(frozen=True)
class Boundary:
    """A model's boundary figures; ``mosaics`` holds (index, whether it is beyond chance) by stride."""

    name: str
    iou: list[str]
    f1: list[str]
    mosaics: list[tuple[str, bool]]


@dataclass(frozen=True)
class Judged:
    """A claim with what became of it."""

    status: str
    word: Texts
    says: Texts
    tests: list[Texts]


@dataclass(frozen=True)
class Said:
    """A sentence of the discussion and the anchor of the figure that shows it; empty for none."""

    text: Texts
    anchor: str


def compared(comparison: ComparisonRecord | None, evidence: EvidenceRecord | None) -> dict[str, object]:
    """Return all that ``comparison.html.j2`` shows, empty where models were not compared."""
    tolerances, strides, rows = boundaries(evidence) if evidence else ([], [], [])
    return {
        "headline": headline(comparison) if comparison else None,
        "pairs": pairs(comparison, evidence) if comparison else [],
        "matrix": matrix(comparison) if comparison else [],
        "made_of": made_of(comparison) if comparison else "",
        "tolerances": tolerances,
        "strides": strides,
        "boundaries": rows,
        "effects": effects(evidence) if evidence else None,
        "claims": claims(evidence) if evidence else [],
        "discussion": discussion(comparison, evidence),
    }


def headline(comparison: ComparisonRecord) -> Texts:
    """Return the verdict between the first model and the best of the others."""
    first, *others = comparison.models
    best = max(others, key=lambda model: model.value).name
    pair = next(pair for pair in comparison.pairs if {pair.a, pair.b} == {first.name, best})
    return _texts(lambda tongue: sentences(pair, comparison, tongue)[:1])[0]


def made_of(comparison: ComparisonRecord) -> str:
    """Return on what and how models were compared."""
    pair = comparison.pairs[0]
    facts = [f"{count(pair.images)} images", comparison.task]
    facts += [f"protocol {comparison.protocol.replace('_', ' ')}"] if comparison.protocol else []
    facts += [f"{count(comparison.resamples)} resamples, seed {comparison.seed}"] if comparison.resamples else []
    facts += [f"{count(comparison.groups.count)} groups by {comparison.groups.pattern}"] if comparison.groups else []
    if fingerprint := comparison.models[0].fingerprint:
        facts.append(f"data {fingerprint}")
    return " · ".join(facts)


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
    known = {(pair.a, pair.b): pair for pair in comparison.pairs}
    return [(row, [_cell(row, column, known) for column in names]) for row in names]


def boundaries(evidence: EvidenceRecord) -> tuple[list[str], list[int], list[Boundary]]:
    """Return the tolerances in pixels, the strides, and every model's boundary figures, the truth's grid last."""
    segmented = [model for model in evidence.models if model.boundary_iou]
    if not segmented:
        return [], [], []
    tolerances = list(segmented[0].boundary_iou)
    strides = [mosaic.stride for mosaic in segmented[0].mosaics]
    rows = [
        Boundary(
            model.name,
            [score(model.boundary_iou[t], 3) for t in tolerances],
            [score(model.boundary_f1[t], 3) for t in tolerances],
            [(score(m.index, 1), m.p is not None and m.p < 0.05) for m in model.mosaics],
        )
        for model in segmented
    ]
    blank = [UNDEFINED] * len(tolerances)
    truth = [(score(m.index, 1), m.p is not None and m.p < 0.05) for m in evidence.truth]
    return tolerances, strides, [*rows, Boundary("truth (control)", blank, blank, truth)]


def effects(evidence: EvidenceRecord) -> Forest | None:
    """Return the effect of every level of every factor."""
    rows = []
    for effect in evidence.effects:
        sure = certain(effect.difference) if effect.adjusted is not None and effect.adjusted < 0.05 else ""
        name = f"{effect.factor}: {effect.level} instead of {effect.reference}"
        note = f"p {p_value(effect.adjusted)} (Holm), {count(effect.seeds)} seeds, {count(len(effect.pairs))} pairs"
        rows.append(Difference(name, effect.difference, sure, note))
    return forest(rows)


def claims(evidence: EvidenceRecord) -> list[Judged]:
    """Return the claims with their status."""
    return [_judged(result) for result in evidence.claims]


def discussion(comparison: ComparisonRecord | None, evidence: EvidenceRecord | None) -> list[Said]:
    """Return the discussion: who is better, where, how and why, each sentence with its figure."""
    said = []
    if comparison is not None:
        verdicts = _texts(lambda tongue: [sentences(pair, comparison, tongue)[0] for pair in comparison.pairs])
        said += [Said(text, "comparison") for text in verdicts]
    if evidence is not None:
        about = [remark.about for remark in remarks(evidence, "en")]
        texts = _texts(lambda tongue: [remark.text for remark in remarks(evidence, tongue)])
        said += [Said(t, ANCHORS.get(what, "")) for t, what in zip(texts, about, strict=True) if what != "claims"]
    return said


def _pair(pair: PairRecord, comparison: ComparisonRecord, where: Where | None) -> Pair:
    ranked = sorted((each for each in pair.per_image if each.difference), key=lambda each: -(each.difference or 0.0))
    metric = METRICS[pair.metric]
    gained = [(each.id, points(each.difference)) for each in ranked if (each.difference or 0) > 0][:EXTREMES]
    lost = [(each.id, points(each.difference)) for each in reversed(ranked) if (each.difference or 0) < 0][:EXTREMES]
    known = [each.difference for each in pair.per_image if each.difference is not None]
    alt = f"{metric} of {pair.b} minus {pair.a} on {count(len(known))} images, sorted"
    return Pair(
        a=pair.a,
        b=pair.b,
        verdict=_texts(lambda tongue: sentences(pair, comparison, tongue)),
        classes=forest(_class_differences(pair, metric)),
        where=forest(_parts(where)) if where else None,
        bands=_changes(where.error_rates) if where else [],
        objects=_changes(where.recalls) if where else [],
        confusions=_confusions(where) if where else [],
        images=Picture(svg_uri(wins(known, f"{metric}, points")), alt, alt + "."),
        gains=gained if pair.metric == "miou" else [],
        losses=lost if pair.metric == "miou" else [],
    )


def _class_differences(pair: PairRecord, metric: str) -> list[Difference]:
    rows = []
    for name, record in pair.classes.items():
        sure = {"b": "better", "a": "worse"}.get(class_verdict(record), "")
        estimate = Estimate(value=record.difference, low=record.low, high=record.high)
        rows.append(Difference(name, estimate, sure, f"p {p_value(record.p)} (Holm)"))
    whole = Estimate(value=pair.difference, low=pair.low, high=pair.high)
    sure = {"b": "better", "a": "worse"}.get(pair.verdict, "")
    return [*rows, Difference(metric, whole, sure, f"p {p_value(pair.p)}")]


def _parts(where: Where) -> list[Difference]:
    near = f"edges: within {where.width} px"
    named = [(near, where.edges), ("interior", where.interior)]
    named += [(f"{part.name} px", part.gain) for part in where.bands]
    return [Difference(name, estimate, certain(estimate)) for name, estimate in named]


def _changes(changes: tuple[Change, ...]) -> list[tuple[str, str, str, str]]:
    return [(c.name, share(c.a), share(c.b), with_interval(c.difference)) for c in changes]


def _confusions(where: Where) -> list[tuple[str, str, str, str, str]]:
    return [(c.true, c.predicted, count(c.a), count(c.b), with_interval(c.repaired)) for c in where.confusions]


def _cell(row: str, column: str, known: Mapping[tuple[str, str], PairRecord]) -> Cell | None:
    if row == column:
        return None
    pair, sign = (known[column, row], 1) if (column, row) in known else (known[row, column], -1)
    winner = {"a": pair.a, "b": pair.b}.get(pair.verdict)
    change = "" if winner is None else "better" if winner == row else "worse"
    ends = sorted((sign * pair.low, sign * pair.high))
    estimate = Estimate(value=sign * pair.difference, low=ends[0], high=ends[1])
    return Cell(points(estimate.value), change, f"{row} minus {column}: {with_interval(estimate)}, p {p_value(pair.p)}")


def _judged(result: ClaimResult) -> Judged:
    return Judged(
        status=result.status,
        word={tongue: status_word(result, tongue) for tongue in LANGUAGES},
        says={tongue: claim_text(result, tongue) for tongue in LANGUAGES},
        tests=_texts(lambda tongue: [test_phrase(test, tongue) for test in result.results]),
    )


def _texts(sentences_in: Callable[[Language], list[str]]) -> list[Texts]:
    """Return sentences that exist in every language, each with its translations."""
    by_language = {tongue: sentences_in(tongue) for tongue in LANGUAGES}
    return [dict(zip(by_language, row, strict=True)) for row in zip(*by_language.values(), strict=True)]
