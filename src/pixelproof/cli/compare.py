"""``pixelproof compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pixelproof.cli.options import AnySplitOption, EvidenceFolderOption, JsonOption, OverwriteOption, print_json

if TYPE_CHECKING:
    from pixelproof.languages import Language
    from pixelproof.runs.comparison_file import ComparisonRecord
    from pixelproof.runs.unpaired_file import UnpairedRecord

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

ModelsArgument = Annotated[
    list[Path], typer.Argument(help="Two or more run folders or score files.", metavar="A B [C ...]")
]
UnpairedOption = Annotated[
    bool, typer.Option("--unpaired", help="They are two sets of images: how much the figure differs between them.")
]


def compare(
    models: ModelsArgument,
    out: EvidenceFolderOption = None,
    split: AnySplitOption = "validation",
    protocol: Annotated[str, typer.Option(help="unknown_counted or unknown_ignored.")] = "unknown_counted",
    groups: GroupsOption = None,
    metric: MetricOption = None,
    margin: MarginOption = None,
    unpaired: UnpairedOption = False,
    seed: Annotated[int, typer.Option(help="Seed of the resamples.")] = 0,
    lang: Annotated[str, typer.Option(help="Language of the sentences: en or zh-Hant.")] = "en",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Say which model is better on the same images, by how much, and how sure that is."""
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
        unpaired=unpaired,
    )
    if json:
        print_json(_as_json(record, tongue))
        return
    _print(record, tongue)
    if out is not None:
        print(out / PAGE)


def _as_json(record: ComparisonRecord | UnpairedRecord, language: Language) -> dict[str, Any]:
    from pixelproof.comparison.wording import tables, unpaired
    from pixelproof.runs.unpaired_file import UnpairedRecord

    return (
        unpaired.as_json(record, language) if isinstance(record, UnpairedRecord) else tables.as_json(record, language)
    )


def _print(record: ComparisonRecord | UnpairedRecord, language: Language) -> None:
    from pixelproof.comparison.wording import tables, unpaired
    from pixelproof.runs.unpaired_file import UnpairedRecord

    if isinstance(record, UnpairedRecord):
        unpaired.print_sets(record, language)
    else:
        tables.print_comparison(record, language)
