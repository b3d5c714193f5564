"""``pixelproof serve``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.options import BackendOption, DeviceOption, RuleOption, ScalesOption, TtaOption, parse_scales


def serve(
    runs: Annotated[
        list[Path], typer.Argument(help="Run folders, as 'pixelproof train' makes them.", metavar="RUN...")
    ],
    host: Annotated[
        str, typer.Option(help="Name or address to listen at; 0.0.0.0 lets other machines in, without a password.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at; 0 takes a free one.")] = 8000,
    device: DeviceOption = "auto",
    backend: BackendOption = "torch",
    tta: TtaOption = None,
    scales: ScalesOption = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(metavar="CLASS=P", help="Mark images of which CLASS, or A+B, has a probability of P or more."),
    ] = None,
    rule: RuleOption = True,
    max_megabytes: Annotated[float, typer.Option(min=0.001, help="Largest image file that is taken, in MiB.")] = 64,
) -> None:
    """Serve runs: a page to drop images on and look at answers side by side, and an HTTP API. Ctrl-C ends it.

    Prints the address when it is ready.
    """
    from pixelproof.deploy.serve import serve

    serve(
        runs,
        host=host,
        port=port,
        device=device,
        backend=backend,
        tta=tta,
        scales=parse_scales(scales),
        threshold=threshold or (),
        rule=rule,
        max_megabytes=max_megabytes,
        ready=lambda address: print(address, flush=True),
    )
    os._exit(0)  # Python would wait for the image that is being computed, and nobody is there for the answer any more
