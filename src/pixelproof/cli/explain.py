"""``pixelproof explain``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import (
    DataArgument,
    DeviceOption,
    OutFolderOption,
    OverwriteOption,
    RunArgument,
    SplitOption,
)


def explain(
    run: RunArgument,
    data: DataArgument,
    out: OutFolderOption,
    split: SplitOption = "validation",
    layer: Annotated[str, typer.Option(help="Classification: whose output is the feature space.")] = "second-last",
    unlabelled: Annotated[
        list[Path] | None,
        typer.Option(help="Images, or folders of them, without labels; they join the list of what to label next."),
    ] = None,
    most: Annotated[int | None, typer.Option(min=1, help="Look at no more training images than this.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap replicates.")] = 0,
    device: DeviceOption = "auto",
    overwrite: OverwriteOption = False,
) -> None:
    """Say which classes mix, which labels are probably wrong, and what to look at next.

    Writes report.html, to look at, and what it is made of: explanation.json (classification), suspects.csv, next.csv,
    the images at its head in next/, scores.npz, and leave_out.csv, for those that are to be left out of the data.
    """
    from pixelproof.verbs.explain import explain_run

    paths = explain_run(
        run,
        data,
        out,
        split,
        layer=layer,
        unlabelled=unlabelled or [],
        most=most,
        seed=seed,
        device=device,
        overwrite=overwrite,
    )
    for path in paths:
        print(path)
