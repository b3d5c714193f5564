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
    KeepOption,
    OverwriteOption,
    RuleOption,
    RunArgument,
    ScalesOption,
    ThresholdOption,
    TtaOption,
    parse_scales,
)
from pixelproof.cli.scored import print_scored

ScoresFileOption = Annotated[
    Path | None, typer.Option(help="Keep the counts in this file instead.", metavar="scores.npz")
]


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
    keep: KeepOption = False,
    rule: RuleOption = True,
    out: ScoresFileOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Score a run on a split of labelled images; the counts are kept in RUN/scores/SPLIT.npz."""
    from pixelproof.errors import UserError
    from pixelproof.evaluation.asked import NO_ANSWERS, answer, read_questions
    from pixelproof.runs import Run
    from pixelproof.verbs.evaluate import evaluate_run
    from pixelproof.verbs.rule import keep_rule, refuse_unkept, rule_on

    sizes, opened = parse_scales(scales), Run.open(run)
    questions = read_questions(opened.labels(), threshold, find, cost)
    if keep:
        refuse_unkept(opened, questions, overwrite, out)
    scores = evaluate_run(
        run, data, split, device, backend=backend, tta=tta, scales=sizes, out=out, overwrite=overwrite
    )
    answers, refused = NO_ANSWERS, None
    try:
        answers = answer(scores, questions)
        if keep:
            keep_rule(opened, opened.scores(scores.source.split), questions, overwrite=overwrite)
    except UserError as error:  # the figures, which may have taken an hour, are printed all the same
        refused = error
    print_scored(scores, answers, json, rule_on(opened, scores) if rule and not keep else None)
    if refused is not None:
        raise refused
