"""What the page shows of a comparison: verdicts, boundary figures, effects, claims and the discussion."""

from __future__ import annotations

from dataclasses import dataclass

import pixelproof.report.replicates as replicates
from pixelproof.comparison.verdict import mosaics_beyond_chance, significant
from pixelproof.comparison.wording.over_seeds import over_seeds
from pixelproof.comparison.wording.reasons import claim_text, remarks, status_word, test_phrase
from pixelproof.comparison.wording.sentences import adjusted, sentences
from pixelproof.comparison.wording.words import metric_name, p_value
from pixelproof.languages import LANGUAGES, Language, Texts, translated
from pixelproof.numbers import UNDEFINED, count, counted, score
from pixelproof.report.figures.forest import Difference, Forest, certain, forest
from pixelproof.report.pair import matrix, pairs
from pixelproof.runs.comparison_file import ComparisonRecord, GroupsRecord, PairRecord
from pixelproof.runs.evidence_file import ClaimResult, EvidenceRecord, SeedGain

ANCHORS = {"where": "comparison", "boundaries": "boundaries", "mosaic": "boundaries", "effects": "effects"}
"""Where the figure of a remark stands on the page; claims have a list of their own, which shows their tests."""


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
    decides = comparison.pairs[0].metric if comparison else evidence.metric if evidence else ""
    return {
        "headline": headline(comparison, evidence) if comparison else [],
        "pairs": pairs(comparison, evidence) if comparison else [],
        "matrix": matrix(comparison) if comparison else [],
        "metric": metric_name(decides, "en") if decides else "",
        "made_of": made_of(comparison) if comparison else "",
        "over_seeds": replicates.over_seeds(evidence) if evidence else None,
        "units": "groups of images" if comparison and comparison.groups else "images",
        "images": images(comparison) if comparison else "",
        "tolerances": tolerances,
        "strides": strides,
        "boundaries": rows,
        "effects": effects(evidence) if evidence else None,
        "claims": claims(evidence) if evidence else [],
        "discussion": discussion(comparison, evidence),
    }


def headline(comparison: ComparisonRecord, evidence: EvidenceRecord | None) -> list[Texts]:
    """Return the verdict between the first model and the best of the others, and how far to believe it."""
    a, b = headline_pair(comparison, evidence)
    pair = next(each for each in comparison.pairs if (each.a, each.b) == (a, b))
    gain = next((each for each in evidence.over_seeds if (each.a, each.b) == (a, b)), None) if evidence else None

    def said(tongue: Language) -> list[str]:
        if evidence and gain:
            return over_seeds(gain, evidence, tongue)
        return [sentences(pair, comparison, tongue)[0], *adjusted(pair, comparison, tongue)]

    return translated(said)


def headline_pair(comparison: ComparisonRecord, evidence: EvidenceRecord | None) -> tuple[str, str]:
    """Return the first model and the best of the others, by their means over seeds where there are several."""
    best = evidence.best if evidence and evidence.over_seeds else comparison.headline.b
    return comparison.models[0].name, best


def verdict_on(a: str, b: str, comparison: ComparisonRecord, evidence: EvidenceRecord | None) -> list[Texts]:
    """Return the verdict between two models alone, over their seeds where there are several; none if one is missing."""
    every: list[SeedGain | PairRecord] = [*(evidence.over_seeds if evidence else ()), *comparison.pairs]
    found = [each for each in every if (each.a, each.b) == (a, b)]

    def said(tongue: Language) -> list[str]:
        return [_verdict(each, comparison, evidence, tongue) for each in found[:1]]

    return translated(said)


def _verdict(
    found: SeedGain | PairRecord, comparison: ComparisonRecord, evidence: EvidenceRecord | None, tongue: Language
) -> str:
    if isinstance(found, PairRecord):
        return sentences(found, comparison, tongue)[0]
    assert evidence is not None
    return over_seeds(found, evidence, tongue)[0]


def images(comparison: ComparisonRecord) -> str:
    """Return on what images models were compared: those of a split, where one is known for all of them."""
    splits = {model.split for model in comparison.models}
    return f"{splits.pop()} images".lstrip() if len(splits) == 1 else "images"


def made_of(comparison: ComparisonRecord) -> str:
    """Return on what and how models were compared."""
    pair = comparison.pairs[0]
    facts = [counted(pair.images, "image"), comparison.task]
    facts += [f"protocol {comparison.protocol.replace('_', ' ')}"] if comparison.protocol else []
    facts += [f"{count(comparison.resamples)} resamples, seed {comparison.seed}"] if comparison.resamples else []
    facts += [_grouping(comparison.groups)] if comparison.groups else []
    if fingerprint := comparison.models[0].fingerprint:
        facts.append(f"data {fingerprint}")
    return " · ".join(facts)


def _grouping(groups: GroupsRecord) -> str:
    return f"{count(groups.count)} groups" + (f" by {groups.pattern}" if groups.pattern else "")


def boundaries(evidence: EvidenceRecord) -> tuple[list[str], list[int], list[Boundary]]:
    """Return the tolerances in pixels, the strides, and every model's boundary figures, the truth's grid last."""
    segmented = [model for model in evidence.models if model.boundary_iou]
    if not segmented:
        return [], [], []
    tolerances = list(segmented[0].boundary_iou)
    strides = [mosaic.stride for mosaic in segmented[0].mosaics]
    mosaics = _mosaics(evidence)
    rows = [
        Boundary(
            model.name,
            [score(model.boundary_iou[t], 3) for t in tolerances],
            [score(model.boundary_f1[t], 3) for t in tolerances],
            found,
        )
        for model, found in zip(evidence.models, mosaics, strict=False)
        if model.boundary_iou
    ]
    blank = [UNDEFINED] * len(tolerances)
    return tolerances, strides, [*rows, Boundary("truth (control)", blank, blank, mosaics[-1])]


def _mosaics(evidence: EvidenceRecord) -> list[list[tuple[str, bool]]]:
    """Return (index, whether it is above what chance yields) of every figure of the models, the truth's last."""
    return [
        [(score(m.index, 1), m in found) for m in row]
        for row, found in zip(evidence.mosaics, mosaics_beyond_chance(evidence), strict=True)
    ]


def effects(evidence: EvidenceRecord) -> Forest | None:
    """Return the effect of every level of every factor."""
    rows = []
    for effect in evidence.effects:
        sure = certain(effect.difference) if significant(effect.adjusted) else ""
        name = f"{effect.factor}: {effect.level} instead of {effect.reference}"
        behind = f"{counted(effect.seeds, 'seed')}, {counted(len(effect.pairs), 'pair')}"
        note = f"p {p_value(effect.adjusted)}, {behind}"
        rows.append(Difference(name, effect.difference, sure, note))
    return forest(rows)


def claims(evidence: EvidenceRecord) -> list[Judged]:
    """Return the claims with their status."""
    return [_judged(result) for result in evidence.claims]


def discussion(comparison: ComparisonRecord | None, evidence: EvidenceRecord | None) -> list[Said]:
    """Return the discussion: who is better, where, how and why, each sentence with its figure."""
    said = []
    if comparison is not None:
        said += [Said(text, "comparison") for text in verdicts(comparison, evidence)]
    if evidence is not None:
        about = [remark.about for remark in remarks(evidence, "en", comparison)]
        texts = translated(lambda tongue: [remark.text for remark in remarks(evidence, tongue, comparison)])
        said += [Said(t, ANCHORS.get(what, "")) for t, what in zip(texts, about, strict=True) if what != "claims"]
    return said


def verdicts(comparison: ComparisonRecord, evidence: EvidenceRecord | None) -> list[Texts]:
    """Return the verdict on each pair of models: over all seeds, where they were trained with several."""
    seeds = {(gain.a, gain.b): gain for gain in evidence.over_seeds} if evidence else {}

    def said(tongue: Language) -> list[str]:
        return [
            over_seeds(seeds[pair.a, pair.b], evidence, tongue)[0]
            if evidence and (pair.a, pair.b) in seeds
            else sentences(pair, comparison, tongue)[0]
            for pair in comparison.pairs
        ]

    return translated(said)


def _judged(result: ClaimResult) -> Judged:
    return Judged(
        status=result.status,
        word={tongue: status_word(result, tongue) for tongue in LANGUAGES},
        says={tongue: claim_text(result, tongue) for tongue in LANGUAGES},
        tests=translated(lambda tongue: [test_phrase(test, tongue) for test in result.results]),
    )
