"""What each artefact of a study was made from, so that a second run redoes only what changed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pixelproof.runs import write_json
from pixelproof.runs.atomic import read_json


class Steps:
    """The inputs of every step that was taken, kept in ``steps.json``.

    Args:
        folder: The study's output folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "steps.json"
        self._taken: dict[str, str] = read_json(self.path) if self.path.is_file() else {}

    def same(self, step: str, inputs: Any) -> bool:
        """Return whether ``step`` was last taken from the same inputs."""
        return self._taken.get(step) == _digest(inputs)

    def inputs(self, step: str) -> str:
        """Return the digest of what ``step`` was last taken from; empty if it never was."""
        return self._taken.get(step, "")

    def take(self, step: str, inputs: Any) -> None:
        """Note that ``step`` is taken from ``inputs``."""
        self._taken[step] = _digest(inputs)
        write_json(self.path, dict(sorted(self._taken.items())))


def _digest(inputs: Any) -> str:
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode()).hexdigest()[:16]
