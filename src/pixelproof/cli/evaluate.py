"""``pixelproof evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import (
    AnySplitOption,
    BackendOption,
    CostOption,
    DataArgument,
    DeviceOption,
    FindOption,
    JsonOption,
    OverwriteOption,
    RunArgument,
    ScalesOption,
    ThresholdOption,
    TtaOption,
    parse_scales,
)
from pixelproof.cli.scored import print_scored


def evaluate(
    run: RunArgument,
    data: DataArgument,
    split: AnySplitOption = "validation",
    device: DeviceOption = "auto",
    backend: BackendOption = "torch",
    tta: TtaOption = None,
    scales: ScalesOption = None,
    threshold: ThresholdOption = None,
    find: FindOption = None,
    cost: CostOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Keep the counts in this file instead.", metavar="scores.npz")
    ] = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Score a run on a split of labelled images; the counts are kept in RUN/scores/SPLIT.npz."""
    from pixelproof.evaluation.asked import answer, read_questions
    from pixelproof.runs import Run
    from pixelproof.verbs.evaluate import evaluate_run

    sizes = parse_scales(scales)
    questions = read_questions(Run.open(run).labels(), threshold, find, cost)
    scores = evaluate_run(
        run, data, split, device, backend=backend, tta=tta, scales=sizes, out=out, overwrite=overwrite
    )
    print_scored(scores, answer(scores, questions), json)
