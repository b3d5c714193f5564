"""The folder of ``drift``: what was found of new images, with pictures of these and of the old ones."""

from __future__ import annotations

from pathlib import Path

from pixelproof.runs.drift_file import FILE, DriftRecord, load_drift, save_drift
from pixelproof.runs.folder import PAGE
from pixelproof.runs.thumbnails import Thumbnails, save_thumbnails, thumbnails_if_any


class DriftFolder:
    """Where its files lie.

    Attributes:
        path: The folder.
        record: What was found.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / FILE
        self._old, self._new = (path / f"{name}_images.npz" for name in ("old", "new"))

    def files(self) -> list[Path]:
        """Return all files that ``drift`` writes there."""
        return [self.record, self._old, self._new, self.path / PAGE]

    def exists(self) -> bool:
        """Return whether something was found there."""
        return self.record.is_file()

    def save(self, record: DriftRecord, old: Thumbnails, new: Thumbnails) -> None:
        """Write what was found, and pictures of some old and new images."""
        save_thumbnails(self._old, old)
        save_thumbnails(self._new, new)
        save_drift(self.record, record)

    def read(self) -> tuple[DriftRecord, Thumbnails, Thumbnails]:
        """Read what ``save`` wrote; pictures may have been removed.

        Raises:
            UserError: A file is damaged.
        """
        old, new = map(thumbnails_if_any, (self._old, self._new))
        return load_drift(self.record), old, new
