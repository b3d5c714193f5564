"""``pixelproof score``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pixelproof.cli.options import CostOption, FindOption, JsonOption, OverwriteOption, ThresholdOption
from pixelproof.cli.scored import print_scored

if TYPE_CHECKING:
    from pixelproof.runs import Scores


def score(
    predictions: Annotated[
        list[Path],
        typer.Argument(
            help="Predictions and truth: folders of masks, or of labelled images, or a CSV (filename,label), of "
            "predictions also one with the probability of each class in a column. Or score files of different images, "
            "such as those of all folds.",
            metavar="PREDICTIONS TRUTH | SCORES...",
        ),
    ],
    labels: Annotated[Path | None, typer.Option(help="A labels.yaml, if none stands beside the truth.")] = None,
    merge: Annotated[
        list[str] | None,
        typer.Option(help="Count classes as one, or rename one; may be repeated.", metavar="NEW=OLD,OLD"),
    ] = None,
    per_group: Annotated[
        bool, typer.Option("--per-group", help="Answer for each group of images, such as a patient, instead.")
    ] = False,
    any_of: Annotated[
        str | None,
        typer.Option("--any", help="A group is of this class if any of its images is.", metavar="CLASS"),
    ] = None,
    threshold: ThresholdOption = None,
    find: FindOption = None,
    cost: CostOption = None,
    out: Annotated[Path | None, typer.Option(help="Keep the counts in this file.", metavar="scores.npz")] = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Score masks or a table of predictions that any tool made, or put score files together."""
    from pixelproof.evaluation.asked import answer, read_questions
    from pixelproof.evaluation.sentences import learned_line
    from pixelproof.progress import say
    from pixelproof.runs import save_scores
    from pixelproof.runs.atomic import refuse_existing

    if out is not None:
        _refuse_ending(out)
        refuse_existing([out], overwrite)
    scores = _scored(predictions, labels, merge or [], per_group, any_of)
    # This refuses what cannot be answered, before anything is replaced.
    answers = answer(scores, read_questions(scores.scheme, threshold, find, cost))
    if line := learned_line(scores):
        say(f"warning: {line}")
    if out is not None:
        refuse_existing([out], overwrite)  # for what another process has written meanwhile
        save_scores(out, scores)
    print_scored(scores, answers, json)


def _refuse_ending(out: Path) -> None:
    """Refuse a name by which nobody, ``compare`` neither, would take the file for what it is."""
    from pixelproof.errors import UserError

    if out.suffix != ".npz":
        problem = f"{out} does not end in .npz, as files of scores do"
        raise UserError(problem, f"give {out.stem or 'scores'}.npz, or take --json for figures to read elsewhere")


def _scored(places: list[Path], labels: Path | None, merge: list[str], per_group: bool, any_of: str | None) -> Scores:
    """Return the scores of predictions and their truth, or of score files, however many of these."""
    from pixelproof.errors import UserError
    from pixelproof.evaluation.score import score
    from pixelproof.labels.merging import parse_merges

    merges = parse_merges(merge)
    if all(file.suffix == ".npz" for file in places):
        return score(places, None, labels, merges, per_group, any_of)
    if len(places) > 2:
        raise UserError(f"{len(places)} places are too many", "give predictions and truth, or score files alone")
    return score(places[0], places[1] if len(places) == 2 else None, labels, merges, per_group, any_of)
