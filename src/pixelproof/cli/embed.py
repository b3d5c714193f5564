"""``pixelproof embed``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import DataArgument, DeviceOption, OverwriteOption, RunArgument, SplitOption


def embed(
    run: RunArgument,
    data: DataArgument,
    out: Annotated[Path, typer.Option(help="Folder to write to.", metavar="DIR")],
    split: SplitOption = "validation",
    perplexity: Annotated[float, typer.Option(min=1.0, help="About how many neighbours each image has.")] = 30.0,
    seed: Annotated[int, typer.Option(help="Seed of the projection.")] = 0,
    device: DeviceOption = "auto",
    overwrite: OverwriteOption = False,
) -> None:
    """Map the second-last layer's features by t-SNE, as features.npz, tsne.png and tsne.svg."""
    from pixelproof.study.embed import embed_run

    for path in embed_run(run, data, out, split, perplexity=perplexity, seed=seed, device=device, overwrite=overwrite):
        print(path)
