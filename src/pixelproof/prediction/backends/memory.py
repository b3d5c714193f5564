"""What trials of other libraries have found, kept in the run beside the converted networks.

It holds for the weights, the versions and the converted networks that were tried, and for no others.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pixelproof
from pixelproof.config import run_settings
from pixelproof.errors import UserError
from pixelproof.models import packages_of
from pixelproof.prediction.backends.runtimes import RUNTIMES
from pixelproof.runs import Run, write_json
from pixelproof.runs.files import file_digest, read_json
from pixelproof.runs.packages import version
from pixelproof.schema import Strict, parse

TRIALS = "trials.json"


class _Found(Strict):
    """What trials of one library found."""

    seconds: float | None = None
    difference: float | None = None
    changed: float | None = None
    reason: str | None = None


class _Trials(Strict):
    """The file."""

    made_from: dict[str, Any]
    files: dict[str, str]
    """Digests of the converted networks by their names: what was proven is what is used."""
    trials: dict[str, dict[str, _Found]]


class Memory:
    """The trials of a run.

    Attributes:
        trials: What was found of each library, by processor and size; changed in place and kept by ``save``.
    """

    def __init__(self, run: Run, folder: Path) -> None:
        self._folder = folder
        self._made_from = _made_from(run)
        self.trials = self._read()

    def save(self) -> None:
        """Keep what has been found."""
        known = {"made_from": self._made_from, "files": self._digests(), "trials": self.trials}
        write_json(self._folder / TRIALS, known)

    def _read(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return what is known; where it does not hold any more, it is removed with the networks it is of."""
        with suppress(UserError):  # there is none, or it is damaged
            known = parse(_Trials, read_json(self._folder / TRIALS), TRIALS)
            if known.made_from == self._made_from and known.files == self._digests():
                return {
                    key: {name: found.model_dump(exclude_none=True) for name, found in trial.items()}
                    for key, trial in known.trials.items()
                }
        shutil.rmtree(self._folder, ignore_errors=True)
        return {}

    def _digests(self) -> dict[str, str]:
        return {path.name: file_digest(path) for path in sorted(self._folder.glob("network.*"))}


def _made_from(run: Run) -> dict[str, Any]:
    needed = {package for runtime in RUNTIMES.values() for package in runtime.packages}
    packages = sorted(needed | {"torch", *packages_of(run_settings(run).model)})
    versions = {package: version(package) for package in packages}
    return {"weights": file_digest(run.best), "versions": versions | {"pixelproof": pixelproof.__version__}}
