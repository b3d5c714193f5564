"""``pixelproof train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import DataArgument, NewRunOption, OverwriteOption, ProcessesOption, SetOption


def train(
    data: DataArgument,
    model: Annotated[str | None, typer.Option(help="The model's name; 'pixelproof show --help' lists them.")] = None,
    out: NewRunOption = Path("run"),
    weights: Annotated[str | None, typer.Option(help="imagenet, none, or a file of weights to start from.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    no_fold: Annotated[
        bool, typer.Option("--no-fold", help="Compute every layer literally, to compare; as --set fold=false.")
    ] = False,
    processes: ProcessesOption = 1,
    overwrite: OverwriteOption = False,
    set_: SetOption = None,
) -> None:
    """Train a model on a folder of labelled images.

    The best checkpoint is chosen on a part of train set aside for it, never on validation.
    """
    from pixelproof.verbs.train import train_run

    settings = [*(set_ or []), *(["fold=false"] if no_fold else [])]
    run = train_run(
        data,
        model,
        out,
        weights=weights,
        settings=settings,
        resume=resume,
        overwrite=overwrite,
        processes=processes,
    )
    print(run.path)
