"""``pixelproof embed``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import (
    AnySplitOption,
    DataArgument,
    DeviceOption,
    OutFolderOption,
    OverwriteOption,
    RunArgument,
)

LayerOption = Annotated[
    str | None,
    typer.Option(help="Whose output is mapped, by default second-last; 'pixelproof show' names a network's layers."),
]
PerplexityOption = Annotated[
    float | None, typer.Option(min=1.0, help="About how many neighbours each image has, by default 30.")
]
MapSeedOption = Annotated[int | None, typer.Option(min=0, max=2**32 - 1, help="Seed of the projection, by default 0.")]
OntoOption = Annotated[
    Path | None,
    typer.Option(
        help="Place the images on this map, which the same run made; it decides layer, perplexity and seed.",
        metavar="features.npz",
    ),
]


def embed(
    run: RunArgument,
    data: DataArgument,
    out: OutFolderOption,
    split: AnySplitOption = "validation",
    layer: LayerOption = None,
    perplexity: PerplexityOption = None,
    seed: MapSeedOption = None,
    onto: OntoOption = None,
    device: DeviceOption = "auto",
    overwrite: OverwriteOption = False,
) -> None:
    """Map a layer's features by t-SNE: explanation.html to explore, tsne.png and tsne.svg to print, features.npz."""
    from pixelproof.verbs.embed import embed_run

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
