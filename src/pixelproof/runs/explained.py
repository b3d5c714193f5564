"""The layout of an explanation's folder."""

from __future__ import annotations

import re
import shutil
from pathlib import Path


class Explained:
    """Where the files of an explanation lie. Holds paths; the artefacts' own modules read and write them.

    Attributes:
        path: The folder.
        explanation: How the classes lie to each other; classification.
        suspects: Labels that are probably wrong.
        next: What to label or check next.
        images: Copies of the images at the head of ``next``.
        pictures: The images that galleries show; classification.
        worst: Folder of the worst images with truth and prediction; segmentation.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.explanation = path / "explanation.json"
        self.suspects = path / "suspects.csv"
        self.next = path / "next.csv"
        self.images = path / "next"
        self.pictures = path / "pictures.npz"
        self.worst = path / "worst"

    def exists(self) -> bool:
        """Return whether an explanation lies there."""
        return self.suspects.exists() or self.next.exists() or self.explanation.exists()

    def shown(self, sample_id: str) -> Path:
        """File of one of the worst images."""
        return self.worst / f"{sample_id}.npz"

    def clear(self) -> None:
        """Remove an earlier explanation, and nothing else."""
        for file in (self.explanation, self.suspects, self.next, self.pictures):
            file.unlink(missing_ok=True)
        if self.images.is_dir():
            for copy in self.images.iterdir():
                if re.match(r"\d{3}-", copy.name):
                    copy.unlink()
        shutil.rmtree(self.worst, ignore_errors=True)
