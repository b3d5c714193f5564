"""A run that another one replaces stays beside it, hidden, until the new one has a checkpoint."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.progress import say
from pixelproof.runs.folder import Run, is_only_a_run


def place_of_replaced(path: Path) -> Path:
    """Return where the run that is replaced in ``path`` stays; known to those who go on where this one is killed."""
    path = path.absolute()  # "." has no name
    return path.with_name(f".{path.name}.replaced")


def set_aside(path: Path) -> None:
    """Make room for a new run; what has learned nothing is removed if it stands itself in the place of one aside.

    Raises:
        UserError: It is the folder in which this was started.
    """
    if not is_only_a_run(path):
        return
    if path.resolve() == Path.cwd():
        raise UserError(f"{path} is the folder in which this was started", "start it from another one")
    note_lost_rule(path)
    aside = place_of_replaced(path)
    if aside.exists() and not (Run(path).last.is_file() or Run(path).best.is_file()):  # an ensemble has only the best
        shutil.rmtree(path)
        return
    shutil.rmtree(aside, ignore_errors=True)
    path.rename(aside)


def note_lost_rule(path: Path) -> None:
    """Say that the rule which a run keeps goes with it, as it is none for the weights of the run in its place."""
    if Run(path).rule.is_file():
        say(
            f"note: {Run(path).rule} goes with the run that is replaced; choose a rule again when the new one is scored"
        )


@contextmanager
def replacing(run: Run) -> Iterator[None]:
    """Remove the run that ``run`` replaces once that one has a checkpoint, and bring it back where it fails without.

    Where it is stopped or killed without one, the earlier run stays aside for those who go on or replace it again.
    """
    aside = place_of_replaced(run.path)
    try:
        yield
    except KeyboardInterrupt:
        if aside.is_dir() and not run.last.is_file():
            say(f"the earlier run is kept in {aside} until this one has a checkpoint")
        raise
    except Exception:  # whatever it is, the earlier run is worth more than one without a checkpoint
        if aside.is_dir() and not run.last.is_file():
            shutil.rmtree(run.path, ignore_errors=True)
            aside.rename(run.path)
            say(f"{run.name}: training failed before its first checkpoint, so the earlier run is back")
        raise
    finally:
        if run.last.is_file():
            shutil.rmtree(aside, ignore_errors=True)
