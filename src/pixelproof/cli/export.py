"""``pixelproof export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pixelproof.cli.options import JsonOption, OverwriteOption, RuleOption, RunArgument, print_json


def export(
    run: RunArgument,
    format: Annotated[str, typer.Option("--format", "--to", help="onnx, openvino or ncnn.")],
    out: Annotated[Path, typer.Option(help="File to write: .onnx, .xml or .param; or its folder.", metavar="FILE")],
    data: Annotated[
        Path | None, typer.Option(help="Labelled images for the proof, instead of the few that the run keeps.")
    ] = None,
    images: Annotated[int | None, typer.Option(min=1, help="How many images of --data are compared [16].")] = None,
    tolerance: Annotated[
        float, typer.Option(min=0.0, help="Largest difference of a logit, and share of classes that change.")
    ] = 1e-4,
    rule: RuleOption = True,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> None:
    """Export a network with its preprocessing and labels, proven to be the same; else refuse and say where it differs.

    An example script, a description and the proof are written beside it.
    """
    from pixelproof.deploy.export import export_run

    facts = export_run(run, format, out, data, tolerance=tolerance, images=images, overwrite=overwrite, rule=rule)
    if json:
        print_json(facts)
        return
    for line in _lines(facts):
        print(line)


def _lines(facts: dict[str, Any]) -> list[str]:
    from pixelproof.deploy.export.proof import scored, seen, sentence

    return [f"the same network on {seen(facts)}: {sentence(facts)}", *scored(facts), *facts["files"]]
