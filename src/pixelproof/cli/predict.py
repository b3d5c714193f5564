"""``pixelproof predict``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import (
    AnyOption,
    BackendOption,
    DeviceOption,
    OutFolderOption,
    OverwriteOption,
    RuleOption,
    RunArgument,
    ScalesOption,
    TtaOption,
    parse_scales,
)
from pixelproof.numbers import counted

ProbabilitiesOption = Annotated[
    bool,
    typer.Option("--probabilities", help="Write the probabilities of all classes, too, 2 bytes a class and pixel."),
]
GroupsOption = Annotated[
    str | None,
    typer.Option(
        metavar="groups.csv|REGEX",
        help="Also write an answer for each group of images, such as a patient; a table or what finds it in names.",
    ),
]

PartOption = Annotated[
    str, typer.Option(metavar="K/N", help="Every N-th image from the K-th on, where N machines share them.")
]
LookOption = Annotated[
    list[str] | None,
    typer.Option(metavar="CLASS=P", help="Write for which images CLASS, or A+B, has a probability of P or more."),
]
SkipOption = Annotated[
    bool, typer.Option("--skip-unreadable", help="Leave out images that cannot be read, and list them.")
]


def predict(
    run: RunArgument,
    images: Annotated[list[Path], typer.Argument(help="Image files, or folders of them, searched to the bottom.")],
    out: OutFolderOption,
    device: DeviceOption = "auto",
    backend: BackendOption = "torch",
    tta: TtaOption = None,
    scales: ScalesOption = None,
    part: PartOption = "1/1",
    probabilities: ProbabilitiesOption = False,
    threshold: LookOption = None,
    per_group: GroupsOption = None,
    any_of: AnyOption = None,
    rule: RuleOption = True,
    skip_unreadable: SkipOption = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Predict images of any size and mode.

    Segmentation writes masks in the scheme's colours, index masks and overlays; classification writes predictions.csv.
    """
    from pixelproof.verbs.predict import predict_run

    files = predict_run(
        run,
        images,
        out,
        device=device,
        backend=backend,
        overwrite=overwrite,
        tta=tta,
        scales=parse_scales(scales),
        part=part,
        probabilities=probabilities,
        skip_unreadable=skip_unreadable,
        threshold=threshold or (),
        per_group=per_group,
        any_of=any_of,
        rule=rule,
    )
    print(f"{counted(len(files), 'image')} predicted: {out}")
