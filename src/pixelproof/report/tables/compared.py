"""Tables of a comparison: every pair as a whole and by class, effects, claims, and what the models reach."""

from __future__ import annotations

from collections.abc import Iterator

from pixelproof.comparison.verdict import class_verdict, estimate_verdict, over_pairs
from pixelproof.report.tables.table import Cell, Row, Table
from pixelproof.runs.comparison_file import ComparisonRecord, PairRecord, Verdict
from pixelproof.runs.evidence_file import EvidenceRecord
from pixelproof.runs.fields import Estimate
from pixelproof.runs.metric_names import of_each

Marks = frozenset[tuple[str, str]]
"""Models with a class, or with no name for the whole, that are better there than every other one."""
WHOLE = ""


def compared_tables(comparison: ComparisonRecord | None, evidence: EvidenceRecord | None) -> list[Table]:
    """Return the tables of how models compare."""
    rows = [*(_over_seeds(evidence) if evidence else ()), *(_pairs(comparison) if comparison else ())]
    says = "Each two models: the second minus the first. p_adjusted is p after Holm's method over all pairs."
    found = [Table("pairs", says, rows)]
    if comparison is not None:
        found += [Table("pair-classes", "The same by class; p is adjusted over the classes.", [*_classes(comparison)])]
    if evidence is not None:
        found += [Table("where", "Where the gain in mIoU lies, by distance to the true boundary.", [*_where(evidence)])]
        found += [Table("boundaries", "Mean over classes by tolerance in pixels.", [*_boundaries(evidence)])]
        found += [Table("mosaic", "How far boundaries lie on the grid of a stride.", [*_mosaics(evidence)])]
        found += [Table("effects", "What each level of a factor changes in the score.", [*_effects(evidence)])]
        found += [Table("claims", "What becomes of each claim, by its tests.", [*_claims(evidence)])]
    return found


def models_of(comparison: ComparisonRecord) -> Table:
    """Return what the models reach, where nothing but their comparison is at hand."""
    pair = comparison.pairs[0]
    rows: list[Row] = [
        {"model": each.name, "path": each.path, "split": each.split, "images": pair.images, pair.metric: each.value}
        for each in comparison.models
    ]
    return Table("models", "What each model reaches on the same images.", rows)


def classes_of(comparison: ComparisonRecord) -> Table:
    """Return what the models reach on each class, likewise."""
    figure = of_each(comparison.pairs[0].metric)
    rows: list[Row] = [
        {"model": model, "class": name, "images": each.images, figure: each.a if model == pair.a else each.b}
        for model, pair in _first_pairs(comparison)
        for name, each in pair.classes.items()
    ]
    return Table("classes", "What each model reaches on each class.", rows)


def images_of(comparison: ComparisonRecord) -> Table:
    """Return what the models reach on each image, likewise."""
    found = [
        (model, each.id, each.a if model == pair.a else each.b)
        for model, pair in _first_pairs(comparison)
        for each in pair.per_image
    ]
    if comparison.task == "classification":
        rows: list[Row] = [{"model": model, "id": name, "correct": value == 1} for model, name, value in found]
        return Table("images", "Whether each model is right on each image.", rows)
    rows = [{"model": model, "id": name, comparison.pairs[0].metric: value} for model, name, value in found]
    return Table("images", "What each model reaches on each image alone.", rows)


def decides(comparison: ComparisonRecord | None, evidence: EvidenceRecord | None) -> str:
    """Return by what models are compared; empty where they are not."""
    if evidence is not None:
        return evidence.metric
    return comparison.pairs[0].metric if comparison is not None else ""


def better_than_others(comparison: ComparisonRecord | None, evidence: EvidenceRecord | None) -> Marks:
    """Return which models are known to be better than every other one, as a whole and by class.

    As a whole with p adjusted over all pairs, and over the seeds where there are several; by class with p adjusted over
    the classes, of the first runs.
    """
    marks = {(model, WHOLE) for model in _best(_whole(comparison, evidence))}
    if comparison is not None:
        for name in comparison.pairs[0].classes:
            won = {(pair.a, pair.b): class_verdict(pair.classes[name]) for pair in comparison.pairs}
            marks |= {(model, name) for model in _best(won)}
    return frozenset(marks)


def _whole(comparison: ComparisonRecord | None, evidence: EvidenceRecord | None) -> dict[tuple[str, str], Verdict]:
    """Return who is better in each pair once p is adjusted over all of them."""
    won: dict[tuple[str, str], Verdict] = {}
    if comparison is not None:
        adjusted = over_pairs(comparison)
        won = {(p.a, p.b): estimate_verdict(p.estimate, adjusted[p.a, p.b]) for p in comparison.pairs}
    gains = evidence.over_seeds if evidence is not None else ()  # in the place of what the first runs say
    return won | {(g.a, g.b): estimate_verdict(g.difference, g.adjusted) for g in gains}


def _best(won: dict[tuple[str, str], Verdict]) -> set[str]:
    """Return the models that win each pair they are in."""
    lost = {name for (a, b), found in won.items() for name, it in ((a, "a"), (b, "b")) if found != it}
    return {name for pair in won for name in pair} - lost


def _first_pairs(comparison: ComparisonRecord) -> Iterator[tuple[str, PairRecord]]:
    """Yield each model with the first pair that it is in, which has its figures."""
    for model in comparison.models:
        yield model.name, next(pair for pair in comparison.pairs if model.name in (pair.a, pair.b))


def _ends(found: Estimate) -> dict[str, Cell]:
    return {"difference": found.value, "low": found.low, "high": found.high}


def _over_seeds(evidence: EvidenceRecord) -> Iterator[Row]:
    for gain in evidence.over_seeds:
        row: dict[str, Cell] = {"a": gain.a, "b": gain.b, "metric": evidence.metric, "over": "images and seeds"}
        row |= _ends(gain.difference) | {"p": gain.p, "p_adjusted": gain.adjusted, "verdict": gain.verdict}
        yield row | {"images": evidence.images, "runs_a": gain.seeds[0], "runs_b": gain.seeds[1]}


def _pairs(comparison: ComparisonRecord) -> Iterator[Row]:
    adjusted = over_pairs(comparison)
    for pair in comparison.pairs:
        row: dict[str, Cell] = {"a": pair.a, "b": pair.b, "metric": pair.metric, "over": "images"}
        row |= _ends(pair.estimate) | {"p": pair.p}
        row |= {"p_adjusted": adjusted[pair.a, pair.b], "verdict": pair.verdict, "images": pair.images}
        row |= {"runs_a": 1, "runs_b": 1}
        yield row | {"wins_a": pair.wins.a, "wins_b": pair.wins.b, "ties": pair.ties}


def _classes(comparison: ComparisonRecord) -> Iterator[Row]:
    for pair in comparison.pairs:
        for name, each in pair.classes.items():
            row: dict[str, Cell] = {"a": pair.a, "b": pair.b, "class": name}
            yield row | each.model_dump(exclude={"a", "b"}) | {"value_a": each.a, "value_b": each.b}


def _where(evidence: EvidenceRecord) -> Iterator[Row]:
    for gain in evidence.gains:
        parts = [("edges", gain.where.edges), ("interior", gain.where.interior)]
        parts += [(part.name, part.gain) for part in gain.where.bands]
        for name, found in (("all", gain.where.total), *parts):
            yield {"a": gain.a, "b": gain.b, "pixels": name} | _ends(found)


def _boundaries(evidence: EvidenceRecord) -> Iterator[Row]:
    for model in evidence.models:
        for tolerance, value in model.boundary_iou.items():
            row: dict[str, Cell] = {"model": model.name, "tolerance": tolerance, "boundary_iou": value}
            yield row | {"boundary_f1": model.boundary_f1.get(tolerance)}


def _mosaics(evidence: EvidenceRecord) -> Iterator[Row]:
    """Yield the figures of the models, those of the truth last and without a model's name."""
    for name, row in [*((model.name, model.mosaics) for model in evidence.models), (None, evidence.truth)]:
        for mosaic in row:
            yield {"model": name} | mosaic.model_dump()


def _effects(evidence: EvidenceRecord) -> Iterator[Row]:
    for effect in evidence.effects:
        row: dict[str, Cell] = {"factor": effect.factor, "level": effect.level, "reference": effect.reference}
        row |= _ends(effect.difference) | {"p": effect.p, "p_adjusted": effect.adjusted}
        yield row | {"seeds": effect.seeds, "pairs": len(effect.pairs)}


def _claims(evidence: EvidenceRecord) -> Iterator[Row]:
    for result in evidence.claims:
        for found in result.results:
            row: dict[str, Cell] = {"id": result.claim.id, "says": result.claim.says.get("en"), "status": result.status}
            row |= {key: value for key, value in found.test if value is None or isinstance(value, str | int)}
            yield row | {"outcome": found.outcome} | _ends(found.difference) | {"p": found.p, "runs": result.seeds}
