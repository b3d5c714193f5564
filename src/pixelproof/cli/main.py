"""``pixelproof``: the list of verbs, and how an error reaches the user."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import typer

from pixelproof.cli.assess import assess
from pixelproof.cli.cam import cam
from pixelproof.cli.compare import compare
from pixelproof.cli.correct import correct
from pixelproof.cli.cut import cut
from pixelproof.cli.demo import demo
from pixelproof.cli.doctor import doctor
from pixelproof.cli.drift import drift
from pixelproof.cli.embed import embed
from pixelproof.cli.ensemble import ensemble
from pixelproof.cli.evaluate import evaluate
from pixelproof.cli.explain import explain
from pixelproof.cli.export import export
from pixelproof.cli.leave_out import leave_out
from pixelproof.cli.map import map_scene
from pixelproof.cli.masks import masks
from pixelproof.cli.pack import pack
from pixelproof.cli.predict import predict
from pixelproof.cli.report import report
from pixelproof.cli.sample import sample
from pixelproof.cli.score import score
from pixelproof.cli.serve import serve
from pixelproof.cli.show import show
from pixelproof.cli.speed import speed
from pixelproof.cli.stress import stress
from pixelproof.cli.study import study
from pixelproof.cli.train import train
from pixelproof.cli.usage import UsageError, explained
from pixelproof.cli.verify import verify
from pixelproof.errors import INTERRUPTED, UserError
from pixelproof.process import keep_freed_memory, let_threads_sleep, return_freed_memory, write_stderr_nowhere

app = typer.Typer(
    help="From a folder of images to a model you can trust.",
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

VERBS: dict[str, list[Callable[..., None]]] = {  # in the order of the work
    "Studies": [demo, study],
    "Data": [doctor, correct, leave_out, masks, cut],
    "Models": [show, train, ensemble],
    "How good is it, and which is better?": [evaluate, score, compare, speed],
    "Why, and will it hold?": [explain, embed, cam, drift, stress],
    "Results that others can check": [report, verify, pack],
    "Answers, files and servers": [predict, export, serve],
    "Maps": [map_scene, sample, assess],
}

for panel, verbs in VERBS.items():
    for verb in verbs:
        app.command("map" if verb is map_scene else None, rich_help_panel=panel)(verb)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
    version: bool = typer.Option(False, "--version", help="Print the version."),
) -> None:
    """From a folder of images to a model you can trust."""
    if version:
        from pixelproof import __version__

        print(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())
    elif context.invoked_subcommand in ("map", "sample", "cut"):
        return_freed_memory()  # they promise bounded memory, and kept memory has gaps
    else:
        keep_freed_memory()


@cache
def commands() -> Callable[..., Any]:
    """Return the verbs as they are parsed, which a process makes once."""
    return typer.main.get_command(app)


def run() -> None:
    """Entry point of the console script: an error is one sentence on stderr and an exit code, never a traceback."""
    debug = "--debug" in sys.argv[1:]
    sys.argv[1:] = [word for word in sys.argv[1:] if word != "--debug"]  # wherever it stands
    let_threads_sleep()
    if sys.stderr is None:  # closed by whoever started us; print() would take stdout in its place
        write_stderr_nowhere()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a console of few characters shows an arrow as a question mark
    try:
        code = commands()(prog_name="pixelproof", standalone_mode=False)
        if code == INTERRUPTED:  # how typer answers Ctrl-C
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would only disturb the way out
            print(f"pixelproof: stopped{_how_to_go_on()}.", file=sys.stderr)
        sys.exit(code)
    except (UserError, UsageError) as caught:
        error = caught if isinstance(caught, UserError) else explained(caught)
        if debug:
            traceback.print_exc()
        stop = "" if str(error).endswith("?") else "."
        print(f"pixelproof: {error}{stop}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of stdout left, as `head` does; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        from pixelproof.errors import explain_os_error

        if debug:
            traceback.print_exc()
        print(f"pixelproof: {explain_os_error(error, Path(os.fsdecode(error.filename or 'a file')))}.", file=sys.stderr)
        sys.exit(2)
    except Exception as error:  # a fault of ours; the user still gets a sentence
        if debug:
            traceback.print_exc()
        print(f"pixelproof: {_unexpected(error)}.", file=sys.stderr)
        sys.exit(2)


def _unexpected(error: Exception) -> str:
    """Return the sentence for an error that none of ours explains."""
    if isinstance(error, MemoryError) or "tried to allocate" in str(error).lower():  # as torch says, on any device
        return "the memory is not enough; use a smaller batch_size, crop or input_size, or images of fewer pixels"
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return f"unexpected error ({what}); run it again with --debug and report it"


def _how_to_go_on() -> str:
    """Return what a stopped command keeps, for those that keep something."""
    verb = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    if verb in ("demo", "study", "cut", "stress", "map"):
        return "; the same command goes on where it was"
    return "; 'pixelproof train DATA --out RUN --resume' goes on where it was" if verb == "train" else ""
