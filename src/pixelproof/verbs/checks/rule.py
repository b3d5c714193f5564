"""What ``verify`` finds of the rule that a run keeps: whether the scores that chose it choose it again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.evaluation.asked import Questions
from pixelproof.evaluation.rule import rule_of
from pixelproof.runs import Run, load_scores
from pixelproof.runs.differing import Difference, differences
from pixelproof.runs.files import file_digest, read_json
from pixelproof.runs.kept_rule import kept_rule
from pixelproof.runs.rule_file import Rule, load_rule
from pixelproof.verbs.checks.check import Check, derived


def rule_checks(folder: Path, runs: Sequence[str], scored: Iterable[Check]) -> list[Check]:
    """Return the check of the rule of each run that keeps one.

    Args:
        folder: The folder that is verified.
        runs: The runs, by their paths in it.
        scored: The checks of their score files.
    """
    unread = {check.file for check in scored if check.outcome != "right"}
    return [_rule(folder, run, unread) for run in runs if Run(folder / run).rule.exists()]


def _rule(folder: Path, place: str, unread: set[str]) -> Check:
    run = Run(folder / place)
    file = run.rule.relative_to(folder).as_posix()
    try:
        rule = kept_rule(run)
    except UserError as error:
        return Check(file, "differs", error.problem)
    assert rule is not None
    scores = run.path / rule.chosen.scores
    needed = scores.relative_to(folder).as_posix()
    if scores.is_file() and needed not in unread and file_digest(scores) != rule.chosen.digest:
        return Check(file, "not checked", f"{needed} was made anew since; keep the rule anew by it")
    lost = unread if scores.is_file() else {*unread, needed}
    return derived(folder, file, lost, [needed], lambda path: _differences(path, rule, scores))


def _differences(path: Path, rule: Rule, scores: Path) -> Iterator[Difference]:
    load_rule(path)  # which refuses what contradicts itself
    asked = (rule.name, rule.probability if rule.goal.value is None else rule.goal.value)
    kind = {"hand": "thresholds", "find": "goals", "cost": "costs"}[rule.goal.kind]
    found = load_scores(scores)
    known = {
        "images": len(found.ids),
        "split": found.source.split,
        "fingerprint": found.source.fingerprint,
        "weights": found.source.weights,
        "looks": found.source.looks,
    }
    any_of = rule.name if rule.by == "any" else None
    again = rule_of(found, Questions(**{kind: [asked]}), rule.by, any_of, rule.chosen.model_copy(update=known))
    return differences(read_json(path), again.model_dump(mode="json"))
