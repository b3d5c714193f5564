"""What each artefact of a study was made from, so that a second run redoes only what changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from pixelproof.errors import UserError
from pixelproof.progress import say
from pixelproof.runs import write_json
from pixelproof.runs.files import file_digest, read_object

Reader = Callable[[Path], object]
WRITTEN = "written "
"""Before the name of a step: the digest of the file that it wrote, where nothing else may write there."""


class Steps:
    """The inputs of every step that was taken, kept in ``steps.json``.

    Args:
        folder: The study's output folder.
        lock: Held while steps are noted, where several processes note theirs.

    Raises:
        UserError: ``steps.json`` is damaged.
    """

    def __init__(self, folder: Path, lock: AbstractContextManager[Any] | None = None) -> None:
        self.path = folder / "steps.json"
        self._lock = nullcontext() if lock is None else lock
        self._taken = _read(self.path)

    def same(self, step: str, inputs: Any) -> bool:
        """Return whether ``step`` was last taken from the same inputs."""
        return self._taken.get(step) == _digest(inputs)

    def made(self, step: str, inputs: Any, path: Path, reader: Reader) -> bool:
        """Return whether ``step`` was last taken from the same inputs and the file it made is there and whole."""
        if not path.is_file() or not self.same(step, inputs):
            return False
        try:
            reader(path)
        except UserError as error:
            say(f"{error.problem}: it is made again")
            return False
        return True

    def wrote(self, step: str, inputs: Any, path: Path, reader: Reader) -> bool:
        """Return the same of a file that a study alone writes, and which must be the very one that it wrote."""
        if not self.made(step, inputs, path, reader):
            return False
        if self._taken.get(WRITTEN + step) != file_digest(path):
            say(f"{path} is not known to be what this study wrote: it is made again")
            return False
        return True

    def inputs(self, step: str) -> str:
        """Return the digest of what ``step`` was last taken from; empty if it never was."""
        return self._taken.get(step, "")

    def forget(self, run: str) -> None:
        """Note that whatever was made of the answers of a run does not hold any more; what it learned from does."""
        kept = f"{run}/train"
        self._change(lambda taken: {s: d for s, d in taken.items() if s == kept or not s.startswith(f"{run}/")})

    def take(self, step: str, inputs: Any) -> None:
        """Note that ``step`` is taken from ``inputs``."""
        self._change(lambda taken: taken | {step: _digest(inputs)})

    def write(self, step: str, inputs: Any, path: Path) -> None:
        """Note that ``step`` is taken from ``inputs`` and wrote the file at ``path``, in which nothing else writes."""
        written = {step: _digest(inputs), WRITTEN + step: file_digest(path)}
        self._change(lambda taken: taken | written)

    def _change(self, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
        with self._lock:
            self._taken = change(_read(self.path))
            write_json(self.path, dict(sorted(self._taken.items())))


def _read(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    remedy = "restore it, or delete it to run the whole study anew"
    taken = read_object(path, remedy)
    if not all(isinstance(digest, str) for digest in taken.values()):
        raise UserError(f"{path} does not hold what a study keeps there", remedy)
    return taken


def _digest(inputs: Any) -> str:
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode()).hexdigest()[:16]
