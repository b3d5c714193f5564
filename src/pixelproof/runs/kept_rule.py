"""The decision rule that a run keeps, and whether it is still one of the run's network and of its scores."""

from __future__ import annotations

from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme
from pixelproof.labels.thresholds import classes_of
from pixelproof.runs.calibration_file import fitted_temperature
from pixelproof.runs.files import file_digest
from pixelproof.runs.folder import Run
from pixelproof.runs.rule_file import Rule, load_rule


def kept_rule(run: Run) -> Rule | None:
    """Return the rule that a run keeps, whether it still fits or not; None where it keeps none.

    Raises:
        UserError: The file is damaged.
    """
    return load_rule(run.rule) if run.rule.exists() else None


def chosen_again(run: Run, rule: Rule) -> str:
    """Return the command that chooses the rule again by the scores that lie there now."""
    return f"'pixelproof score {run.path / rule.chosen.scores} {rule.options} --keep --overwrite'"


def unfit(run: Run, rule: Rule) -> str:
    """Return why a rule is none for the run as it is now, in words that name no place; empty where it fits.

    A threshold is one of the probabilities of one network at one temperature: of others it says nothing.

    Raises:
        UserError: The weights, the labels or the temperature cannot be read.
    """
    scheme = run.labels()
    if rule.labels != scheme.hash or not set(rule.classes) <= set(scheme.names):
        return "is a rule for other classes than those of the run"
    if not _named(rule, scheme):
        return "contradicts itself: its name stands for other classes than it has"
    if run.best.is_file() and rule.chosen.weights != file_digest(run.best):
        return "was chosen for other weights than the run has now"
    if rule.chosen.temperature != fitted_temperature(run.calibration):
        return "was chosen at another temperature than that of the run"
    return ""


def _named(rule: Rule, scheme: LabelScheme) -> bool:
    """Return whether the name of a rule stands for the classes that it has."""
    try:
        return set(classes_of(rule.name, scheme)) == set(rule.classes)
    except UserError:  # it stands for none
        return False


def misfit(run: Run, rule: Rule) -> UserError | None:
    """Return why a rule is none for the run as it is now, and what to do; None where it fits; raises likewise."""
    if not (why := unfit(run, rule)):
        return None
    again = f"evaluate the run again and choose the rule anew with {chosen_again(run, rule)}, or give --no-rule"
    return UserError(f"{run.rule} {why}", again)


def doubt(run: Run, rule: Rule) -> str:
    """Return that the scores which chose the rule were made anew since; empty where they were not, or are not there.

    The same network gave them, so that the rule can be used, but what was promised was so of others.
    """
    file = run.path / rule.chosen.scores
    if not file.is_file() or file_digest(file) == rule.chosen.digest:
        return ""
    return (
        f"{file} was made anew since {run.rule} was chosen by it, so that what was promised is of other scores; "
        f"choose the rule again with {chosen_again(run, rule)}"
    )
