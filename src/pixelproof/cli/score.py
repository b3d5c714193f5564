"""``pixelproof score``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import JsonOption, OverwriteOption, print_json


def score(
    predictions: Annotated[Path, typer.Argument(help="A folder of masks, a CSV (filename,label), or a score file.")],
    truth: Annotated[Path | None, typer.Argument(help="A folder of masks or labelled images, or a CSV.")] = None,
    labels: Annotated[Path | None, typer.Option(help="A labels.yaml, if none stands beside the truth.")] = None,
    out: Annotated[Path | None, typer.Option(help="Keep the counts in this file.", metavar="scores.npz")] = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Score masks or a table of predictions that any tool made."""
    from pixelproof.evaluation import summarise
    from pixelproof.evaluation.score import score
    from pixelproof.evaluation.tables import print_scores
    from pixelproof.runs import save_scores
    from pixelproof.runs.atomic import refuse_existing

    if out is not None:
        refuse_existing([out], overwrite)
    scores = score(predictions, truth, labels)
    if out is not None:
        refuse_existing([out], overwrite)  # for what another process has written meanwhile
        save_scores(out, scores)
    if json:
        print_json(summarise(scores))
    else:
        print_scores(scores)
