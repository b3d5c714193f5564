"""What killed processes left of files and folders that they were writing."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pixelproof.runs.locks import lock


def remove_leftovers(path: Path) -> None:
    """Remove what killed processes left beside ``path`` while they were writing it."""
    for entry in path.parent.glob(f".{glob.escape(path.stem)}.*.part{glob.escape(path.suffix)}*"):
        if not abandoned(entry, entry.name[len(path.stem) + 2 :].partition(".")[0]):
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            with suppress(OSError):
                entry.unlink()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder that is being written, for those who do not see this process: in other containers and machines."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        lock(handle)
        yield
    finally:
        os.close(handle)


def abandoned(entry: Path, process: str) -> bool:
    """Return whether what the process of this number was writing is left of one that no longer runs, anywhere.

    In containers, a process often has the number of the one that was killed; folders are held, so that they tell.
    """
    if entry.is_dir() and process == str(os.getpid()):
        return not _is_held(entry)
    return _ended(process) and not _is_held(entry)


def _is_held(entry: Path) -> bool:
    try:
        handle = os.open(entry, os.O_RDONLY)
    except OSError:  # gone, or another user's
        return False
    try:
        return not lock(handle)
    finally:
        os.close(handle)


def _ended(process: str) -> bool:
    """Return whether this is the number of a process that no longer runs here."""
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError, ValueError):  # another user's, or no number of a process
        pass
    return False


def is_leftover(path: Path) -> bool:
    """Return whether ``path`` is what a killed process was writing."""
    return path.name.startswith(".") and path.name.endswith(".part")
