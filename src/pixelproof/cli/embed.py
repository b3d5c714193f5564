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
    layer: Annotated[str, typer.Option(help="Whose output is mapped; 'pixelproof show' names a network's layers.")] = (
        "second-last"
    ),
    perplexity: Annotated[float, typer.Option(min=1.0, help="About how many neighbours each image has.")] = 30.0,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of the projection.")] = 0,
    onto: Annotated[
        Path | None,
        typer.Option(help="Place the images on this map, which the same run made.", metavar="features.npz"),
    ] = None,
    device: DeviceOption = "auto",
    overwrite: OverwriteOption = False,
) -> None:
    """Map a layer's features by t-SNE: explanation.html to explore, tsne.png and tsne.svg to print, features.npz."""
    from pixelproof.study.embed import embed_run

    paths = embed_run(
        run,
        data,
        out,
        split,
        layer=layer,
        perplexity=perplexity,
        seed=seed,
        onto=onto,
        device=device,
        overwrite=overwrite,
    )
    for path in paths:
        print(path)
