"""``pixelproof compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import AnySplitOption, JsonOption, OverwriteOption, print_json

GroupsOption = Annotated[
    str | None,
    typer.Option(
        help="What in an image's id names its scene, such as `([^/_]+)_`, or none; without, as the scores know.",
        metavar="REGEX",
    ),
]
MetricOption = Annotated[
    str | None,
    typer.Option(help="What decides, such as f1 or recall:CLASS; without, accuracy or mIoU.", metavar="NAME"),
]
MarginOption = Annotated[
    float | None,
    typer.Option(help="Say whether each model is no worse than the other, but for this much.", metavar="POINTS"),
]


def compare(
    models: Annotated[
        list[Path], typer.Argument(help="Two or more run folders or score files.", metavar="A B [C ...]")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Write the evidence and its page to this folder.", metavar="DIR")
    ] = None,
    split: AnySplitOption = "validation",
    protocol: Annotated[str, typer.Option(help="unknown_counted or unknown_ignored.")] = "unknown_counted",
    groups: GroupsOption = None,
    metric: MetricOption = None,
    margin: MarginOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the resamples.")] = 0,
    lang: Annotated[str, typer.Option(help="Language of the sentences: en or zh-Hant.")] = "en",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Say which model is better on the same images, by how much, and how sure that is."""
    from pixelproof.comparison.wording.tables import as_json, print_comparison
    from pixelproof.languages import known_language
    from pixelproof.runs.folder import PAGE
    from pixelproof.verbs.compare import compare_models

    tongue = known_language(lang)
    record = compare_models(
        models,
        out,
        split=split,
        protocol=protocol,
        groups=groups,
        metric=metric,
        margin=margin,
        seed=seed,
        language=lang,
        overwrite=overwrite,
    )
    if json:
        print_json(as_json(record, tongue))
        return
    print_comparison(record, tongue)
    if out is not None:
        print(out / PAGE)
