"""``pixelproof speed``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pixelproof.cli.options import BackendOption, DeviceOption, JsonOption, TtaOption, print_json


def speed(
    runs: Annotated[list[Path], typer.Argument(help="One or more run folders.", metavar="RUN [...]")],
    batch: Annotated[str, typer.Option(help="Images that are answered at once.", metavar="N,N")] = "1,32",
    size: Annotated[int | None, typer.Option(help="Pixels a side of the images [a run's own].")] = None,
    backend: BackendOption = "torch",
    tta: TtaOption = None,
    device: DeviceOption = "auto",
    rounds: Annotated[int, typer.Option(help="How often each batch is answered.")] = 15,
    json: JsonOption = False,
) -> None:
    """Say how fast runs answer, timed in turn, and how large they are."""
    from pixelproof.verbs.speed import time_runs

    found = time_runs(runs, batch=_numbers(batch), size=size, backend=backend, tta=tta, device=device, rounds=rounds)
    if json:
        print_json(found)
    else:
        _print(found)


def _numbers(text: str) -> list[int]:
    from pixelproof.errors import UserError

    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise UserError(f"--batch '{text}' is no list of numbers", "give numbers such as 1,32")
    return [int(part) for part in parts]


def _print(found: dict[str, Any]) -> None:
    from pixelproof.evaluation.calibration import ONE_LOOK
    from pixelproof.numbers import counted
    from pixelproof.terminal import add_row, console, table

    shown = table("run", "backend", "parameters", "MB", "batch", "ms a batch", "images/s")
    for run in found["runs"]:
        named = run["run"] if run["looks"] == ONE_LOOK else f"{run['run']}, {run['looks']} looks"
        facts = (named, run["backend"], f"{run['parameters']:,}", f"{run['megabytes']:.1f}")
        for place, each in enumerate(run["speeds"]):
            low, middle, high = (1000 * value for value in (min(each["seconds"]), each["median"], max(each["seconds"])))
            span = f"{middle:.1f} ({low:.1f} to {high:.1f})"
            cells = (str(each["batch"]), span, f"{each['images_per_second']:.1f}")
            add_row(shown, *(facts if not place else ("",) * 4), *cells)
    printed = console()
    printed.print(shown)
    side, threads = found["size"], counted(found["threads"], "thread")
    printed.print(
        f"{found['device']}, {threads}; {side} x {side} pixels, from memory to logits; "
        f"median (least to most) of {counted(found['rounds'], 'round')}, all in turn.",
        soft_wrap=True,
    )
