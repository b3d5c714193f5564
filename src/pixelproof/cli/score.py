"""``pixelproof score``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import JsonOption, OverwriteOption, ThresholdOption
from pixelproof.cli.scored import print_scored


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
    threshold: ThresholdOption = None,
    out: Annotated[Path | None, typer.Option(help="Keep the counts in this file.", metavar="scores.npz")] = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Score masks or a table of predictions that any tool made, or put score files together."""
    from pixelproof.errors import UserError
    from pixelproof.evaluation.score import score
    from pixelproof.evaluation.threshold import looked, read_thresholds
    from pixelproof.labels.merging import parse_merges
    from pixelproof.runs import save_scores
    from pixelproof.runs.atomic import refuse_existing

    if out is not None:
        refuse_existing([out], overwrite)
    merges = parse_merges(merge or [])
    if all(file.suffix == ".npz" for file in predictions):
        scores = score(predictions, None, labels, merges)
    elif len(predictions) <= 2:
        scores = score(predictions[0], predictions[1] if len(predictions) == 2 else None, labels, merges)
    else:
        raise UserError(f"{len(predictions)} places are too many", "give predictions and truth, or score files alone")
    thresholds = read_thresholds(threshold or (), scores.scheme)
    for each in thresholds:
        looked(scores, *each)  # which refuses what cannot be answered, before anything is replaced
    if out is not None:
        refuse_existing([out], overwrite)  # for what another process has written meanwhile
        save_scores(out, scores)
    print_scored(scores, thresholds, json)
