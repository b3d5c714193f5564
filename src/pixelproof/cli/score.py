"""``pixelproof score``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pixelproof.cli.options import (
    AnyOption,
    CostOption,
    FindOption,
    JsonOption,
    KeepOption,
    OverwriteOption,
    RuleOption,
    ThresholdOption,
)
from pixelproof.cli.scored import print_scored

if TYPE_CHECKING:
    from pixelproof.errors import UserError
    from pixelproof.evaluation.asked import Questions
    from pixelproof.evaluation.rule import By, Held
    from pixelproof.runs import Run, Scores

PredictionsArgument = Annotated[
    list[Path],
    typer.Argument(
        help="Predictions and truth: folders of masks, or of labelled images, or a CSV (filename,label), of "
        "predictions also one with the probability of each class in a column. Or score files of different images, "
        "such as those of all folds. A run folder stands for its scores on validation.",
        metavar="PREDICTIONS TRUTH | SCORES...",
    ),
]
LabelsOption = Annotated[Path | None, typer.Option(help="A labels.yaml, if none stands beside the truth.")]
MergeOption = Annotated[
    list[str] | None,
    typer.Option(help="Count classes as one, or rename one; may be repeated.", metavar="NEW=OLD,OLD"),
]
PerGroupOption = Annotated[
    bool, typer.Option("--per-group", help="Answer for each group of images, such as a patient, instead.")
]
ScoresFileOption = Annotated[Path | None, typer.Option(help="Keep the counts in this file.", metavar="scores.npz")]


def score(
    predictions: PredictionsArgument,
    labels: LabelsOption = None,
    merge: MergeOption = None,
    per_group: PerGroupOption = False,
    any_of: AnyOption = None,
    threshold: ThresholdOption = None,
    find: FindOption = None,
    cost: CostOption = None,
    keep: KeepOption = False,
    rule: RuleOption = True,
    out: ScoresFileOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Score masks or a table of predictions that any tool made, or put score files together."""
    from pixelproof.evaluation.asked import answer, read_questions
    from pixelproof.evaluation.sentences import learned_line, stress_line
    from pixelproof.progress import say
    from pixelproof.runs import save_scores
    from pixelproof.runs.atomic import refuse_existing

    own = _own_scores(predictions)
    run = _run_to_keep(own, predictions[0], merge) if keep else None
    if out is not None:
        _refuse_out(out, overwrite)
    scores = _scored(predictions, labels, merge or [], per_group, any_of)
    questions = read_questions(scores.scheme, threshold, find, cost)
    answers = answer(scores, questions)  # which refuses what cannot be answered, before anything is replaced
    if line := learned_line(scores):
        say(f"warning: {line}")
    if line := stress_line(scores):
        say(f"note: {line}")
    refused = _keep(run, own, questions, per_group, any_of, overwrite) if own and run else None
    if out is not None and refused is None:
        refuse_existing([out], overwrite)  # for what another process has written meanwhile
        save_scores(out, scores)
    print_scored(scores, answers, json, _kept(own) if rule and not keep else None)
    if refused is not None:
        raise refused


def _own_scores(places: list[Path]) -> Path | None:
    """Return the score file that is given where it is a run's own, and all that is given."""
    from pixelproof.evaluation.score import scores_of_run
    from pixelproof.verbs.rule import run_of

    file = scores_of_run(places[0])
    return file if len(places) == 1 and run_of(file) is not None else None


def _run_to_keep(own: Path | None, given: Path, merge: list[str] | None) -> Run:
    """Return the run whose folder a rule can be kept in.

    Raises:
        UserError: Something else is given than its own score file, or its classes are others.
    """
    from pixelproof.errors import UserError
    from pixelproof.verbs.rule import run_of

    if merge:
        problem = "--keep keeps a rule for a run's own classes, and --merge makes others"
        raise UserError(problem, "name several as one, such as --find scratch+dent=0.98")
    if own is None or (run := run_of(own)) is None:
        problem = f"--keep keeps a rule in the folder of one run, and {given} is not, or not alone, its own score file"
        raise UserError(problem, "give RUN/scores/validation.npz alone; of folds and seeds each run keeps its own rule")
    return run


def _keep(
    run: Run, own: Path, questions: Questions, per_group: bool, any_of: str | None, overwrite: bool
) -> UserError | None:
    """Write the rule that was asked for into the folder of the run whose score file is given.

    Returns:
        Why these scores choose none, which their figures tell; None where one is kept.

    Raises:
        UserError: Something else is asked for than a rule that can be kept.
    """
    from pixelproof.errors import UserError
    from pixelproof.verbs.rule import keep_rule, refuse_unkept

    refuse_unkept(run, questions, overwrite)
    of_groups: By = "mean" if any_of is None else "any"
    try:
        keep_rule(run, own, questions, of_groups if per_group else None, any_of, overwrite)
    except UserError as error:
        return error
    return None


def _kept(own: Path | None) -> Held | None:
    """Return what the rule of the run whose score file is given does on it, whatever else is asked of that."""
    from pixelproof.runs import load_scores
    from pixelproof.verbs.rule import rule_on, run_of

    if own is None or (run := run_of(own)) is None or not run.rule.exists():
        return None
    return rule_on(run, load_scores(own))


def _refuse_out(out: Path, overwrite: bool) -> None:
    """Refuse a name by which nobody, ``compare`` neither, would take the file for what it is, and one that is taken."""
    from pixelproof.errors import UserError
    from pixelproof.runs.atomic import refuse_existing

    if out.suffix != ".npz":
        problem = f"{out} does not end in .npz, as files of scores do"
        raise UserError(problem, f"give {out.stem or 'scores'}.npz, or take --json for figures to read elsewhere")
    refuse_existing([out], overwrite)


def _scored(places: list[Path], labels: Path | None, merge: list[str], per_group: bool, any_of: str | None) -> Scores:
    """Return the scores of predictions and their truth, or of score files, however many of these."""
    from pixelproof.errors import UserError
    from pixelproof.evaluation.score import score, scores_of_run
    from pixelproof.labels.merging import parse_merges

    merges = parse_merges(merge)
    if all(scores_of_run(file).suffix == ".npz" for file in places):
        return score(places, None, labels, merges, per_group, any_of)
    if len(places) > 2:
        raise UserError(f"{len(places)} places are too many", "give predictions and truth, or score files alone")
    return score(places[0], places[1] if len(places) == 2 else None, labels, merges, per_group, any_of)
