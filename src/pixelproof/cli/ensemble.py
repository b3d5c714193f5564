"""``pixelproof ensemble``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import DeviceOption, NewRunOption, OverwriteOption


def ensemble(
    runs: Annotated[list[Path], typer.Argument(help="Two or more run folders.", metavar="RUN...", show_default=False)],
    data: Annotated[Path, typer.Option(help="The labelled images they learned from.", metavar="DATA")],
    out: NewRunOption,
    device: DeviceOption = "auto",
    overwrite: OverwriteOption = False,
) -> None:
    """Make one run of several, such as those of different seeds: the mean of their probabilities.

    It is a run like any other, for evaluate, predict, map, export and all else.
    """
    from pixelproof.verbs.ensemble import ensemble_runs

    print(ensemble_runs(runs, out, data, device=device, overwrite=overwrite).path)
