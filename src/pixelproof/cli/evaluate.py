"""``pixelproof evaluate``."""

from __future__ import annotations

from pixelproof.cli.options import (
    BackendOption,
    DataArgument,
    DeviceOption,
    JsonOption,
    RunArgument,
    ScalesOption,
    SplitOption,
    TtaOption,
    parse_scales,
    print_json,
)


def evaluate(
    run: RunArgument,
    data: DataArgument,
    split: SplitOption = "validation",
    device: DeviceOption = "auto",
    backend: BackendOption = "torch",
    tta: TtaOption = None,
    scales: ScalesOption = None,
    json: JsonOption = False,
) -> None:
    """Score a run on a split of labelled images; the counts are kept in RUN/scores/SPLIT.npz."""
    from pixelproof.evaluation import summarise
    from pixelproof.evaluation.tables import print_scores
    from pixelproof.verbs.evaluate import evaluate_run

    scores = evaluate_run(run, data, split, device, backend=backend, tta=tta, scales=parse_scales(scales))
    if json:
        print_json(summarise(scores))
    else:
        print_scores(scores)
