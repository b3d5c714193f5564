"""Places that one process at a time may write to. A lock ends with its process, however that ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.progress import say

FOREVER = float("inf")
WORKERS_END = 10.0
"""Seconds after which the loading workers of a training that was killed have ended, too; they hold its locks."""
PAUSE = 0.1
"""Seconds between two tries."""


@contextmanager
def alone_in(folder: Path, patience: float = 0.0) -> Iterator[None]:
    """Keep other processes that ask for the same folder out of it. Leaves nothing in it.

    Args:
        folder: A folder; one that does not exist is nobody's.
        patience: Seconds to wait for another process to end.

    Raises:
        UserError: Another process is in it for longer than that.
    """
    if not folder.is_dir():
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        start, said = time.monotonic(), False
        while not lock(handle):
            waited = time.monotonic() - start
            if waited >= patience:
                raise in_use(folder)
            if waited >= WORKERS_END and not said:
                say(f"waiting for another process, which is writing {folder}")
                said = True
            time.sleep(PAUSE)
        yield
    finally:
        os.close(handle)


def lock(handle: int) -> bool:
    """Lock an open file or folder until it is closed; return whether no other process holds it.

    Where the file system knows no locks, everybody gets one.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def in_use(path: Path) -> UserError:
    """Return the sentence for a place that another process writes to."""
    return UserError(f"another process is writing {path}", "wait for it, or choose another --out")
