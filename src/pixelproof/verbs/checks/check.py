"""What ``verify`` finds of one file: whether it holds what follows from the files that it was made from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from pixelproof.errors import UserError
from pixelproof.numbers import counted, first_of
from pixelproof.runs import Run, load_scores
from pixelproof.runs.differing import Difference
from pixelproof.runs.study_file import SPLIT

Outcome = Literal["right", "differs", "not checked"]
KEPT = 1000
"""Differences of one file that are kept."""


@dataclass(frozen=True)
class Check:
    """What was found of one file.

    Attributes:
        file: Its path in the folder that is verified.
        outcome: Whether it is right; "not checked" where that cannot be told.
        reason: What it was checked against, or why it is not right, or was not checked.
        differences: The figures that differ.
    """

    file: str
    outcome: Outcome
    reason: str = ""
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Verification:
    """What was found of all files of a folder."""

    checks: tuple[Check, ...]

    def of(self, outcome: Outcome) -> list[Check]:
        """Return the checks that came out so."""
        return [check for check in self.checks if check.outcome == outcome]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"right": not self.of("differs"), "files": [asdict(check) for check in self.checks]}


def score_checks(folder: Path, files: Iterable[str]) -> list[Check]:
    """Return whether score files are there and whole: as they were written, by the digest in them."""
    return [_scores(folder, file) for file in dict.fromkeys(files)]


def _scores(folder: Path, file: str) -> Check:
    if not (folder / file).is_file():
        return Check(file, "not checked", "it is not there")
    try:
        scores = load_scores(folder / file)
    except UserError as error:
        return Check(file, "differs", error.problem)
    return Check(file, "right", f"whole, {counted(len(scores.ids), 'image')}")


def derived(
    folder: Path,
    file: str,
    unread: Collection[str],
    needed: Sequence[str],
    find: Callable[[Path], Iterable[Difference]],
) -> Check:
    """Return whether a file holds what follows from others.

    Args:
        folder: The folder that is verified.
        file: The file's path in it.
        unread: Files that are not there or cannot be read.
        needed: Those that it was made from.
        find: Yields the differences of the file at a path from what is made again.
    """
    if not (folder / file).is_file():
        return Check(file, "not checked", "it is not there")
    if lost := [name for name in needed if name in unread]:
        return Check(file, "not checked", f"it needs {first_of(lost, 1)}, not there or not whole")
    try:
        found = tuple(islice(find(folder / file), KEPT))
    except UserError as error:
        return Check(file, "differs", error.problem)
    wrong = tuple(each for each in found if not each.lacking)
    if wrong:
        more = "at least " if len(found) == KEPT else ""
        return Check(file, "differs", f"{more}{counted(len(wrong), 'figure')} of it", wrong)
    if found:
        names = first_of([each.figure for each in found], 3)
        return Check(file, "not checked", f"right as far as it goes; it lacks {names}, as files of earlier versions do")
    return Check(file, "right", "what follows from the score files")


def score_files(folder: Path, run: str) -> list[str]:
    """Return the score files of a run, by their paths in a folder; that of validation whether it is there or not."""
    own = Run(folder / run).scores(SPLIT)
    files = sorted({own, *own.parent.glob("[!.]*.npz")})
    return [file.relative_to(folder).as_posix() for file in files]
