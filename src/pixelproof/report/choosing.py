"""What the page shows of models that were chosen among candidates: by what, how clearly, and how validation sees it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pixelproof.comparison.choice import EQUAL
from pixelproof.comparison.evidence.measures import value_of
from pixelproof.comparison.wording.words import metric_heading, metric_name, p_value
from pixelproof.numbers import UNDEFINED, count, counted, first_of
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.figures.forest import with_interval
from pixelproof.report.key_results import COUNTED
from pixelproof.report.model_artefacts import ModelArtefacts
from pixelproof.runs.choice_record import Candidate, ChoiceRecord
from pixelproof.runs.metric_names import told
from pixelproof.runs.study_file import ModelRecord

NAMED = 5
"""Names in a sentence."""


@dataclass(frozen=True)
class Row:
    """One candidate; of several seeds ``score`` is the mean, and ``runs`` has each one's."""

    name: str
    settings: str
    score: str
    spread: str
    runs: str
    difference: str
    p: str
    chosen: bool
    worse: bool


@dataclass(frozen=True)
class InFolds:
    """One candidate in all folds: its score in each, and whether it was chosen there."""

    name: str
    settings: str
    scores: list[tuple[str, bool]]


@dataclass(frozen=True)
class Chosen:
    """One model: what is to be said of its choice, and its candidates, the best first or, of folds, in their order."""

    model: str
    heading: str
    said: list[str]
    seeds: int
    rows: list[Row]
    folds: list[InFolds]


def chosen(part: PartArtefacts) -> list[Chosen]:
    """Return the models of a part that were chosen."""
    models = zip(part.record.models, part.models, strict=True)
    return [_chosen(record, model, part) for record, model in models if record.choices]


def line(part: PartArtefacts) -> str:
    """Return in a sentence which models were chosen; empty where none was."""
    found = [(record.name, len(record.choices[0].candidates)) for record in part.record.models if record.choices]
    if not found:
        return ""
    (name, candidates), *others = found
    more = "".join(f", and {other} among {n}" for other, n in others)
    how = "by the selection part of train: validation had no say in that"
    return f"{name} was chosen among {counted(candidates, 'candidate')}{more}, {how}."


def _chosen(record: ModelRecord, model: ModelArtefacts, part: PartArtefacts) -> Chosen:
    first, folded = record.choices[0], part.record.folds is not None
    said = [_in_folds(record)] if folded else [_one(record.name, first)]
    said += [_on_validation(record, model, part), *([] if folded else _clearness(first))]
    return Chosen(
        model=record.name,
        heading=metric_heading(first.metric, "en"),
        said=[*said, *_peeked(model)],
        seeds=len(first.candidates[0].runs),
        rows=[] if folded else [_row(each, first) for each in sorted(first.candidates, key=_rank)],
        folds=[*_folds(record)] if folded else [],
    )


def _one(name: str, choice: ChoiceRecord) -> str:
    best, metric = choice.best, metric_name(choice.metric, "en")
    where = f"on {_images(choice)} of the selection part of train"
    if best.score is None:
        return (
            f"{name} is the candidate {choice.chosen}, the first of {len(choice.candidates)}: {where} the {metric} of "
            f"none is defined."
        )
    seeds = f", as the mean over {len(best.runs)} seeds" if len(best.runs) > 1 else ""
    return (
        f"{name} is the candidate {choice.chosen}: of {len(choice.candidates)} it has the highest {metric}{seeds} "
        f"{where}, {_figure(choice, best.score)}."
    )


def _in_folds(record: ModelRecord) -> str:
    first, names = record.choices[0], [choice.chosen for choice in record.choices]
    times = ", ".join(f"{name} in {names.count(name)}" for name in dict.fromkeys(names))
    return (
        f"{record.name} is chosen anew in each of {len(names)} folds, by {metric_name(first.metric, 'en')} on the "
        f"selection part of that fold, so that no image has a say in who answers for it: {times}. "
        f"What is scored is this way of choosing and training."
    )


def _on_validation(record: ModelRecord, model: ModelArtefacts, part: PartArtefacts) -> str:
    """Return what the chosen one reaches on the images that did not choose it."""
    first = record.choices[0]
    known = [each.score for choice in record.choices if (each := choice.best) and each.score is not None]
    there = _validated(record.name, model, part)
    if there is None or not known:
        return "What it reaches on validation is undefined, or not known yet."
    here = sum(known) / len(known)
    mean = " on average" if len(record.choices) > 1 else ""
    return (
        f"On validation it has {_figure(first, there)} beside {_figure(first, here)}{mean} on the selection part, "
        f"whose figure is flattered: it chose the epoch and the candidate."
    )


def _validated(name: str, model: ModelArtefacts, part: PartArtefacts) -> float | None:
    """Return a model's figure on validation, the mean over its seeds."""
    figures = [each for each in (part.evidence.models if part.evidence else ()) if each.name == name]
    if figures or model.scores is None:
        return figures[0].score if figures else None
    value = value_of(model.scores, COUNTED, part.record.metric)
    return None if math.isnan(value) else value


def _clearness(choice: ChoiceRecord) -> Iterator[str]:
    """Yield how clear a choice was."""
    best, alike = choice.best, choice.open
    if best.score is None:
        return
    diverged = [each.name for each in choice.candidates if each.diverged]
    lost = [each.name for each in choice.candidates if each.score is None and not each.diverged]
    told = any(each.told for each in choice.candidates)
    if tied := [each.name for each in alike if abs((each.score or 0.0) - best.score) <= EQUAL]:
        yield f"{first_of(tied, NAMED)} {'has' if len(tied) == 1 else 'have'} the same score; the first one is taken."
    if told and not alike:
        yield f"Each of the others{' that has a score' if lost or diverged else ''} is worse beyond chance."
    elif not told and alike:
        yield "These images cannot tell any other from it: each may be taken for another reason, such as its speed."
    elif alike:
        yield (
            f"{counted(len(alike), 'other')} cannot be told from it on these images: with 95% certainty the best "
            f"candidate is one of these {len(alike) + 1}, and each of them may be taken for another reason."
        )
    if lost:
        yield f"Undefined, and so not chosen: {first_of(lost, NAMED)}."
    if diverged:
        yield f"Training diverged, so that nothing is known of: {first_of(diverged, NAMED)}."


def _peeked(model: ModelArtefacts) -> list[str]:
    """Say which other candidates validation has seen all the same, as its figures could have had a say then."""
    if not model.peeked:
        return []
    names = first_of(list(model.peeked), NAMED)
    return [
        f"Scored on validation as well, by an earlier choice or by hand: {names}. Whoever saw it may have chosen by it."
    ]


def _folds(record: ModelRecord) -> Iterator[InFolds]:
    for place, each in enumerate(record.choices[0].candidates):
        found = [(choice, choice.candidates[place]) for choice in record.choices]
        scores = [(_score(choice, own), own.name == choice.chosen) for choice, own in found]
        yield InFolds(each.name, settings_text(each.settings), scores)


def _row(each: Candidate, choice: ChoiceRecord) -> Row:
    known = each.difference is not None
    return Row(
        name=each.name,
        settings=settings_text(each.settings),
        score=_score(choice, each),
        spread=_figure(choice, each.spread),
        runs=", ".join(_figure(choice, value) for value in each.scores),
        difference=with_interval(each.difference) if each.difference is not None else UNDEFINED,
        p=p_value(each.adjusted).removeprefix("= ") if known else UNDEFINED,
        chosen=each.name == choice.chosen,
        worse=each.told,
    )


def settings_text(settings: Mapping[str, Any]) -> str:
    """Return settings as ``--set`` takes them."""
    said = {key: value if isinstance(value, str) else json.dumps(value) for key, value in settings.items()}
    return ", ".join(f"{key}={value}" for key, value in said.items())


def _rank(each: Candidate) -> float:
    return math.inf if each.score is None else -each.score


def _score(choice: ChoiceRecord, each: Candidate) -> str:
    return "diverged" if each.diverged else _figure(choice, each.score)


def _figure(choice: ChoiceRecord, value: float | None) -> str:
    return told(choice.metric, value)


def _images(choice: ChoiceRecord) -> str:
    images = f"the {counted(choice.images, 'image')}"
    return images if choice.groups is None else f"{images} in {count(choice.groups)} groups"
