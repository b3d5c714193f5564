"""``pixelproof cam``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import DeviceOption, OutFolderOption, OverwriteOption, RunArgument


def cam(
    run: RunArgument,
    images: Annotated[list[Path], typer.Argument(help="Image files, or folders of them.")],
    out: OutFolderOption,
    target: Annotated[
        str | None, typer.Option("--class", help="The class to look for [the one predicted for each image].")
    ] = None,
    device: DeviceOption = "auto",
    overwrite: OverwriteOption = False,
) -> None:
    """Show where in an image lies what speaks for a class (Grad-CAM)."""
    from pixelproof.verbs.cam import cam_run

    for path in cam_run(run, images, out, target=target, device=device, overwrite=overwrite):
        print(path)
