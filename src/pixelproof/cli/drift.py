"""``pixelproof drift``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pixelproof.cli.options import (
    DeviceOption,
    JsonOption,
    LanguageOption,
    OverwriteOption,
    RunArgument,
    SplitOption,
    print_json,
)

if TYPE_CHECKING:
    from pixelproof.languages import Language
    from pixelproof.runs.drift_file import DriftRecord

OldArgument = Annotated[Path, typer.Argument(help="The labelled images that the run was scored on.", metavar="OLD")]
NewArgument = Annotated[Path, typer.Argument(help="New images, a file or a folder of them.", metavar="NEW")]
LabelledOption = Annotated[
    str | None,
    typer.Option(help="Take this split of NEW with its labels, and see how often the run is right.", metavar="SPLIT"),
]
GroupsOption = Annotated[
    str | None,
    typer.Option(
        help="What in an image's id names its patient or scene, or a table of the new images' groups; by default "
        "groups.csv in NEW, or as the run.",
        metavar="REGEX|CSV",
    ),
]
PageFolderOption = Annotated[
    Path | None, typer.Option(help="Write drift.json and a page with pictures to this folder.", metavar="DIR")
]


def drift(
    run: RunArgument,
    old: OldArgument,
    new: NewArgument,
    split: SplitOption = "validation",
    labelled: LabelledOption = None,
    groups: GroupsOption = None,
    out: PageFolderOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the halves in which images are told apart.")] = 0,
    device: DeviceOption = "auto",
    lang: LanguageOption = "en",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Say whether new images are of the kind that a run was scored on, and by what they differ; needs no labels."""
    from pixelproof.languages import known_language
    from pixelproof.runs.folder import PAGE
    from pixelproof.verbs.drift import drift_images

    tongue = known_language(lang)
    record = drift_images(
        run,
        old,
        new,
        split=split,
        labelled=labelled,
        groups=groups,
        out=out,
        seed=seed,
        device=device,
        language=lang,
        overwrite=overwrite,
    )
    if json:
        print_json(record.model_dump(mode="json"))
        return
    _print(record, tongue)
    if out is not None:
        print(out / PAGE)


def _print(record: DriftRecord, language: Language) -> None:
    from pixelproof.comparison.wording.drift import KINDS, between, called, sentences, value
    from pixelproof.comparison.wording.words import named, p_value, say
    from pixelproof.errors import visible
    from pixelproof.terminal import add_row, console, table

    printed = console()
    sides = (("head_old", record.old), ("head_new", record.new))
    heads = (say(key, language, count=f"{side.images:,}") for key, side in sides)
    shown = table("", *heads, say("head_change_of", language), "p")
    for kind in KINDS:
        signs = [sign for sign in record.signs if sign.kind == kind]
        if signs:
            add_row(shown, named("kind", kind, language), style="bold")
        for sign in signs:
            cells = (value(sign, sign.old), value(sign, sign.new), between(sign, language), p_value(sign.adjusted))
            add_row(shown, f"  {called(sign, language)}", *cells)
    printed.print(shown)
    for sentence in sentences(record, language):
        printed.print(visible(sentence), soft_wrap=True)
