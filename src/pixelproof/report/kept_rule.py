"""What a page shows of the rule that a run keeps: what was promised of it, and what is held on other splits."""

from __future__ import annotations

from dataclasses import dataclass

from pixelproof.errors import UserError
from pixelproof.evaluation.rule import Held, held
from pixelproof.evaluation.rule_tables import held_line, promised_line, rule_rows
from pixelproof.numbers import if_known
from pixelproof.report.artefacts import PartArtefacts
from pixelproof.report.class_table import Part
from pixelproof.report.model_artefacts import ModelArtefacts


@dataclass(frozen=True)
class RuleCell:
    """A figure with its interval, and its counts."""

    figure: Part
    counts: str


@dataclass(frozen=True)
class KeptRule:
    """The rule of one model; ``stale`` says why it is not used any more, and is empty where it is."""

    model: str
    says: str
    origin: str
    promise: str
    stale: str
    places: list[str]
    rows: list[tuple[str, list[RuleCell]]]
    lines: list[str]


def kept_rules(part: PartArtefacts) -> list[KeptRule]:
    """Return the rules that the runs of a part keep, in the models' order."""
    return [found for model in part.models if (found := _shown(model)) is not None]


def _shown(model: ModelArtefacts) -> KeptRule | None:
    rule = model.rule
    if rule is None:
        return None
    found = [] if model.unfit else _elsewhere(model)
    says = f"{rule.says[0].upper()}{rule.says[1:]}."
    origin = f"It was {rule.origin}."
    places = [f"{rule.chosen.split}, which chose it", *(each.place for each in found)]
    rows = [
        (name, [RuleCell(Part(value, if_known(ends)), if_known(counts)) for value, ends, counts in cells])
        for name, cells in rule_rows(rule, found)
    ]
    lines = [line for each in found if (line := held_line(each))]
    again = f"evaluate the run, and choose it again by score {rule.chosen.scores} {rule.options} --keep --overwrite"
    stale = model.unfit and f"The rule is not used any more, as it {model.unfit}: {again}."
    return KeptRule(model.name, says, origin, promised_line(rule), stale, places, rows, lines)


def _elsewhere(model: ModelArtefacts) -> list[Held]:
    """Return what a rule does on the splits that it was not chosen on, where their scores tell."""
    assert model.rule is not None
    validation = () if model.scores is None or model.outdated else (model.scores,)
    found = []
    for scores in (*validation, *model.others):
        try:
            each = held(model.rule, scores)
        except UserError:  # scores without probabilities or groups say nothing of it
            continue
        if not each.own:
            found.append(each)
    return found
