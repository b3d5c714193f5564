"""The reasons for a difference in plain words, each with the figure that it speaks of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pixelproof.comparison.figures import TOLERANCE
from pixelproof.comparison.verdict import mosaics_beyond_chance
from pixelproof.comparison.wording.over_seeds import reach
from pixelproof.comparison.wording.words import bound, listed, metric_name, p_value, points, say, set_in
from pixelproof.languages import Language
from pixelproof.numbers import count, score, share
from pixelproof.runs.comparison_file import ComparisonRecord
from pixelproof.runs.evidence_file import ClaimResult, EvidenceRecord, MosaicFigure, TestResult

About = Literal["where", "boundaries", "mosaic", "effects", "claims", "seeds"]
_SAME_GRID = 0.9
"""A coarser grid explains as much as a finer one if it holds at least this share of its boundaries."""


@dataclass(frozen=True)
class Remark:
    """One sentence and the figure that shows it."""

    about: About
    text: str


def remarks(evidence: EvidenceRecord, language: Language, comparison: ComparisonRecord | None = None) -> list[Remark]:
    """Return what the evidence shows, in the order of a discussion: where, how, why, and how sure.

    Args:
        evidence: What was gathered.
        language: The language.
        comparison: That of the same models, if there is one: a gain that it leaves undecided lies nowhere.
    """
    undecided = [{pair.a, pair.b} for pair in comparison.pairs if pair.verdict == "undecided"] if comparison else []
    said = [Remark("where", text) for text in _where(evidence, undecided, language)]
    said += [Remark("boundaries", text) for text in _boundary_f1(evidence, language)]
    said += [Remark("mosaic", text) for text in _mosaics(evidence, language)]
    said += [Remark("effects", text) for text in _effects(evidence, language)]
    said += [Remark("claims", claim_sentence(result, language)) for result in evidence.claims]
    return said + [Remark("seeds", text) for text in _seeds(evidence, language)]


def claim_sentence(result: ClaimResult, language: Language) -> str:
    """Return a claim with its status and the outcome of its tests."""
    return say(
        "claim",
        language,
        says=claim_text(result, language),
        status=status_word(result, language),
        tests=listed((test_phrase(test, language) for test in result.results), language),
    )


def claim_text(result: ClaimResult, language: Language) -> str:
    """Return a claim's own words, in another language where its author gave none in this one."""
    says = result.claim.says
    return says.get(language, next(iter(says.values()))).rstrip(".。")


def status_word(result: ClaimResult, language: Language) -> str:
    """Return the word for confirmed, refuted or undecided."""
    return say("undecided_claim" if result.status == "undecided" else result.status, language)


def test_phrase(result: TestResult, language: Language) -> str:
    """Return the outcome of one test of a claim."""
    test, difference = result.test, result.difference
    measure = _measure(test.metric, language)
    if difference.value is None:
        return say("undefined_test", language, measure=measure, model=test.model)
    if test.against is None:
        words = {"stride": str(test.stride), "index": score(difference.value, 1), "p": p_value(result.p)}
        return say("test_mosaic", language, model=test.model, **words)
    return say(
        "test_gain",
        language,
        measure=measure,
        model=test.model,
        against=test.against,
        difference=points(difference.value),
        low=bound(difference.low),
        high=bound(difference.high),
        p=p_value(result.p),
    )


def _measure(metric: str, language: Language) -> str:
    """Return in what a model is said to surpass another."""
    if metric in ("edges", "interior", "mosaic"):
        return say(f"measure_{metric}", language)
    return say("measure", language, metric=set_in(metric_name(metric, language), language))


def telling_grid(found: Sequence[MosaicFigure]) -> MosaicFigure | None:
    """Return the coarsest of the grids beyond chance that explains about as many boundaries as the finest."""
    if not found:
        return None
    finest = grid_share(min(found, key=lambda each: each.stride))
    return max((m for m in found if grid_share(m) >= _SAME_GRID * finest), key=lambda each: each.stride)


def grid_share(mosaic: MosaicFigure) -> float:
    """Return the share of boundaries that lie on a grid: chance would put one in ``stride`` there."""
    return (mosaic.index or 0.0) / mosaic.stride


def _where(evidence: EvidenceRecord, undecided: Sequence[set[str]], language: Language) -> Iterator[str]:
    for pair in evidence.gains:
        total = pair.where.total
        if (
            {pair.a, pair.b} in undecided
            or total.value is None
            or total.low is None
            or total.high is None
            or total.low <= 0 <= total.high
        ):
            continue  # there is no gain to be found anywhere
        up = total.value > 0
        better, worse = (pair.b, pair.a) if up else (pair.a, pair.b)
        edges, interior = (each if up else each.turned for each in (pair.where.edges, pair.where.interior))
        yield say(
            "where",
            language,
            better=better,
            worse=worse,
            total=points(abs(total.value)),
            width=str(pair.where.width),
            edges=points(edges.value),
            edges_low=bound(edges.low),
            edges_high=bound(edges.high),
            interior=points(interior.value),
            interior_low=bound(interior.low),
            interior_high=bound(interior.high),
        )


def _boundary_f1(evidence: EvidenceRecord, language: Language) -> Iterator[str]:
    known = [(m.name, m.boundary_f1.get(str(TOLERANCE))) for m in evidence.models if m.boundary_f1]
    if known:
        values = listed((f"{name} {score(value, 3)}" for name, value in known), language)
        yield say("boundary_f1", language, tolerance=str(TOLERANCE), values=values)


def _mosaics(evidence: EvidenceRecord, language: Language) -> Iterator[str]:
    for model, found in zip(evidence.models, mosaics_beyond_chance(evidence), strict=False):
        if any(mosaic.index is not None for mosaic in model.mosaics):
            yield _mosaic(model.name, telling_grid(found), evidence.truth, language)


def _mosaic(name: str, grid: MosaicFigure | None, truth: tuple[MosaicFigure, ...], language: Language) -> str:
    if grid is None:
        return say("no_mosaic", language, model=name)
    control = next((each.index for each in truth if each.stride == grid.stride), None)
    return say(
        "mosaic",
        language,
        model=name,
        stride=str(grid.stride),
        share=share(grid_share(grid), 0),
        index=score(grid.index, 1),
        low=score(grid.low, 1),
        high=score(grid.high, 1),
        truth=score(control, 1),
    )


def _effects(evidence: EvidenceRecord, language: Language) -> Iterator[str]:
    for effect in evidence.effects:
        yield say(
            "effect",
            language,
            factor=effect.factor,
            level=effect.level,
            reference=effect.reference,
            difference=points(effect.difference.value),
            low=bound(effect.difference.low),
            high=bound(effect.difference.high),
            p=p_value(effect.adjusted),
            effects=count(len(evidence.effects)),
        )


def _seeds(evidence: EvidenceRecord, language: Language) -> Iterator[str]:
    runs = [model.runs for model in evidence.models]
    folds, several = len(evidence.models[0].folds), max(runs) > 1
    if several:
        yield say("many_seeds" if len(runs) > 1 else "lone_model", language, seeds=reach(runs))
    if folds:
        yield say("seeds_in_folds" if several else "in_folds", language, folds=count(folds))
    elif not several and (evidence.claims or evidence.effects):
        yield say("one_seed", language)
