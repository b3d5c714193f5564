"""``pixelproof evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import (
    AnySplitOption,
    BackendOption,
    DataArgument,
    DeviceOption,
    JsonOption,
    OverwriteOption,
    RunArgument,
    ScalesOption,
    TtaOption,
    parse_scales,
    print_json,
)


def evaluate(
    run: RunArgument,
    data: DataArgument,
    split: AnySplitOption = "validation",
    device: DeviceOption = "auto",
    backend: BackendOption = "torch",
    tta: TtaOption = None,
    scales: ScalesOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Keep the counts in this file instead.", metavar="scores.npz")
    ] = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Score a run on a split of labelled images; the counts are kept in RUN/scores/SPLIT.npz."""
    from pixelproof.evaluation import summarise
    from pixelproof.evaluation.tables import print_scores
    from pixelproof.verbs.evaluate import evaluate_run

    sizes = parse_scales(scales)
    scores = evaluate_run(
        run, data, split, device, backend=backend, tta=tta, scales=sizes, out=out, overwrite=overwrite
    )
    if json:
        print_json(summarise(scores))
    else:
        print_scores(scores)
