"""The decision rule that a run keeps: chosen by its scores, and used wherever the run answers."""

from __future__ import annotations

from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.evaluation.asked import Questions
from pixelproof.evaluation.rule import By, Held, held, only_one, rule_of
from pixelproof.progress import say
from pixelproof.runs import Run, Scores, load_scores
from pixelproof.runs.calibration_file import fitted_temperature
from pixelproof.runs.files import file_digest
from pixelproof.runs.kept_rule import doubt, kept_rule, misfit
from pixelproof.runs.outdated import outdated
from pixelproof.runs.rule_file import ChosenOn, Rule, save_rule


def run_of(file: Path) -> Run | None:
    """Return the run whose score file this is; None where it is no run's own."""
    folder = file.absolute().parent
    given = file.parent.parent if file.parent.name == "scores" else folder.parent
    return Run(given) if folder.name == "scores" and file.suffix == ".npz" and Run.lies_in(folder.parent) else None


def refuse_unkept(run: Run, questions: Questions, overwrite: bool, out: Path | None = None) -> None:
    """Refuse, before anything is computed, a rule that could not be kept.

    Raises:
        UserError: The run keeps one, not one question is asked, or the scores do not stay in the run folder.
    """
    only_one(questions)
    refuse_kept(run, overwrite)
    if out is not None:
        problem = f"--keep keeps a rule beside the scores that chose it, and --out puts these into {out}"
        raise UserError(problem, "leave --out out, or keep none")


def refuse_kept(run: Run, overwrite: bool) -> None:
    """Refuse to replace a rule that a run keeps, unless that is asked for.

    Raises:
        UserError: It keeps one.
    """
    if run.rule.exists() and not overwrite:
        raise UserError(f"{run.path} keeps a rule already, {run.rule.name}", "give --overwrite to replace it")


def keep_rule(
    run: Run,
    file: Path,
    questions: Questions,
    by: By | None = None,
    any_of: str | None = None,
    overwrite: bool = False,
) -> Rule:
    """Choose a rule by a run's scores, write it into the run folder and return it.

    Args:
        run: The run.
        file: One of its score files.
        questions: What is asked, one question alone.
        by: Of groups, whether their mean or any of their images has to reach the threshold; None for images.
        any_of: The class that a group is of if any of its images is.
        overwrite: Replace the rule that the run keeps.

    Raises:
        UserError: It keeps one, the scores are not of its weights and labels, or they cannot choose a rule.
    """
    refuse_unkept(run, questions, overwrite)
    scores = load_scores(file)
    rule = chosen_rule(run, file, scores, questions, by, any_of)
    refuse_kept(run, overwrite)  # for what another process has written meanwhile
    save_rule(run.rule, rule)
    say(f"{run.rule}: {rule.says}; {rule.origin}; predict, serve and export use it from now on")
    if rule.goal.kind == "find" and not rule.goal.promised:
        say(f"warning: {rule.promise}")
    return rule


def chosen_rule(run: Run, file: Path, scores: Scores, questions: Questions, by: By | None, any_of: str | None) -> Rule:
    """Return the rule that a run's scores choose; raises what ``keep_rule`` raises."""
    again = "evaluate the run again"
    if scores.scheme.hash != run.labels().hash:
        raise UserError(f"{file} is of other classes than the run", again)
    if not scores.source.weights or outdated(run, scores):
        problem = f"{file} is of other weights than the run has now, or does not say of which"
        raise UserError(problem, again)
    chosen = ChosenOn(
        split=scores.source.split,
        scores=f"scores/{file.name}",
        digest=file_digest(file),
        fingerprint=scores.source.fingerprint,
        images=len(scores.ids),
        rows=0,
        weights=scores.source.weights,
        temperature=fitted_temperature(run.calibration),
        looks=scores.source.looks,
    )
    return rule_of(scores, questions, by, any_of, chosen)


def rule_in_use(run: Run, use: bool, looks: str = "", by_hand: bool = False) -> Rule | None:
    """Return the rule that a run keeps, where it is to be used, and say so and where it comes from.

    Args:
        run: The run.
        use: Whether a rule is to be used at all.
        looks: How images are looked at now; empty where that is not known.
        by_hand: Whether thresholds are given by hand, which take its place.

    Raises:
        UserError: The rule is none for the run as it is now, or its file is damaged.
    """
    if not use or not run.rule.exists():
        return None
    if by_hand:
        say(f"note: thresholds by hand take the place of the rule that {run.rule} keeps")
        return None
    rule = kept_rule(run)
    assert rule is not None
    if unfit := misfit(run, rule):
        raise unfit
    say(f"kept rule ({run.rule}): {rule.says}; {rule.origin}; --no-rule leaves it out")
    if warning := doubt(run, rule):
        say(f"warning: {warning}")
    if other := other_looks(rule, looks):
        say(f"warning: {other}")
    return rule


def other_looks(rule: Rule, looks: str) -> str:
    """Return that a rule was chosen with other looks at an image, whose probabilities are others; empty if not."""
    if not looks or not rule.chosen.looks or looks == rule.chosen.looks:
        return ""
    how = f"images are looked at as {looks} (flips and turns x sizes), and the kept rule was chosen at"
    return f"{how} {rule.chosen.looks}: ask with the same --tta, or choose the rule again"


def rule_on(run: Run, scores: Scores) -> Held | None:
    """Return what the rule that a run keeps does on scores of it, and warn where it is stale or they cannot tell.

    Raises:
        UserError: The rule's file is damaged.
    """
    if (rule := kept_rule(run)) is None:
        return None
    try:
        if unfit := misfit(run, rule):
            raise unfit
        found = held(rule, scores)
    except UserError as error:
        say(f"warning: the kept rule is not tested here: {error}")
        return None
    for warning in (doubt(run, rule), other_looks(rule, scores.source.looks)):
        if warning:
            say(f"warning: {warning}")
    return found
