"""``pixelproof stress``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pixelproof.cli.compare import MetricOption
from pixelproof.cli.options import (
    AnySplitOption,
    BackendOption,
    DataArgument,
    DeviceOption,
    JsonOption,
    LanguageOption,
    OverwriteOption,
    TtaOption,
    print_json,
)

if TYPE_CHECKING:
    from pixelproof.languages import Language
    from pixelproof.runs.stress_file import StressRecord

RunsArgument = Annotated[list[Path], typer.Argument(help="One or more run folders.", metavar="RUN [RUN ...]")]
StressFolderOption = Annotated[
    Path, typer.Option(help="Write score files, stress.json and a page to this folder.", metavar="DIR")
]
OnlyOption = Annotated[
    str | None, typer.Option(help="Which stresses, such as darker,blurred; by default all.", metavar="NAMES")
]
StrengthsOption = Annotated[
    list[str] | None,
    typer.Option(help="Other strengths of a stress, such as darker=1,2,3; may be repeated.", metavar="NAME=LIST"),
]
MarginOption = Annotated[
    float, typer.Option(help="Say from which strength on the score has fallen by so much.", metavar="POINTS")
]
DriftOption = Annotated[
    Path | None,
    typer.Option(help="A folder that drift wrote: say which strengths are like what it found.", metavar="DIR"),
]


def stress(
    runs: RunsArgument,
    data: DataArgument,
    out: StressFolderOption,
    split: AnySplitOption = "validation",
    only: OnlyOption = None,
    strengths: StrengthsOption = None,
    most: Annotated[int | None, typer.Option(help="Take so many images at most.", metavar="N")] = None,
    metric: MetricOption = None,
    margin: MarginOption = 5.0,
    seed: Annotated[int, typer.Option(help="Seed of what is random in stresses, and of resamples.")] = 0,
    drift: DriftOption = None,
    tta: TtaOption = None,
    device: DeviceOption = "auto",
    backend: BackendOption = "torch",
    lang: LanguageOption = "en",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Say what it costs runs if images become darker, hazier, blurred, noisier and the like, and who stands it best."""
    from pixelproof.languages import known_language
    from pixelproof.runs.folder import PAGE
    from pixelproof.verbs.stress import stress_runs

    tongue = known_language(lang)
    record = stress_runs(
        runs,
        data,
        out,
        split=split,
        only=None if only is None else [name.strip() for name in only.split(",")],
        strengths=_strengths(strengths or []),
        most=most,
        metric=metric,
        margin=margin,
        seed=seed,
        drift=drift,
        tta=tta,
        device=device,
        backend=backend,
        language=lang,
        overwrite=overwrite,
    )
    if json:
        print_json(record.model_dump(mode="json"))
        return
    _print(record, tongue)
    print(out / PAGE)


def _strengths(words: list[str]) -> dict[str, list[float]]:
    """Return what "darker=1,2,3" and others like it say.

    Raises:
        UserError: One says something else.
    """
    from pixelproof.errors import UserError

    found = {}
    for text in words:
        name, _, values = text.partition("=")
        try:
            found[name.strip()] = [float(value) for value in values.split(",")]
        except ValueError:
            problem = f"--strengths '{text}' is not the name of a stress and its strengths"
            raise UserError(problem, "write --strengths darker=1,2,3") from None
    return found


def _print(record: StressRecord, language: Language) -> None:
    from pixelproof.comparison.wording.stress import sentences
    from pixelproof.comparison.wording.stress_cells import curve_cells, heads, pairs, standing_cells, standing_heads
    from pixelproof.comparison.wording.words import say
    from pixelproof.errors import visible
    from pixelproof.terminal import add_row, console, table

    printed = console()
    for model in record.models:
        shown = table(*heads(record, language), title=model.name)
        for curve in model.curves:
            add_row(shown, *curve_cells(curve, language))
        printed.print(shown)
    printed.print(say("stress_words", language), soft_wrap=True)
    for title, standings in pairs(record, language).items():
        shown = table(*standing_heads(language), title=title)
        for each in standings:
            add_row(shown, *standing_cells(each, language))
        printed.print(shown)
    for sentence in sentences(record, language):
        printed.print(visible(sentence), soft_wrap=True)
