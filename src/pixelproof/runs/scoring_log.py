"""``scores/log.csv``: a line for every time a run was scored, so that choosing by the final score would show."""

from __future__ import annotations

import csv
import io
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.runs.files import as_csv, read_text, write_text
from pixelproof.runs.folder import Run
from pixelproof.runs.locks import alone_in


@dataclass(frozen=True)
class Scoring:
    """One scoring of a run."""

    time: str
    """UTC, as ISO 8601."""
    split: str
    fingerprint: str
    """Of the images and labels."""
    images: str
    asked: str
    """How often each image was predicted: once, or as many times as it has views that were averaged over."""
    figure: str
    """mIoU with unknown counted, or accuracy."""


PATIENCE = 10.0
"""Seconds to wait for another process that adds a line, which takes it thousandths of one."""
HEAD = [field.name for field in fields(Scoring)]


def log_scoring(run: Run, split: str, fingerprint: str, images: int, asked: int, figure: float) -> None:
    """Add a line to a run's log of scorings."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    path = scoring_log(run)
    with alone_in(path.parent, patience=PATIENCE):
        rows = read_scorings(path) if path.is_file() else []
        row = (now, split, fingerprint, images, asked, f"{figure:.6f}")
        write_text(path, as_csv([HEAD, *map(astuple, rows), row]))


def read_scorings(path: Path) -> list[Scoring]:
    """Read a log of scorings.

    Raises:
        UserError: It is missing or no such log.
    """
    try:
        head, *lines = csv.reader(io.StringIO(read_text(path)))
        if head != HEAD:
            raise ValueError
        return [Scoring(*line) for line in lines]
    except (csv.Error, ValueError, TypeError):
        raise UserError(f"{path} is not a log of scorings", "restore it, or delete it to begin a new one") from None


def scoring_log(run: Run) -> Path:
    """Return where a run's log of scorings lies."""
    return run.path / "scores" / "log.csv"
