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
        cams: Of the most confident errors, what speaks for the predicted class; classification.
        worst: Folder of the worst images with truth and prediction, numbered in their order; segmentation.
        doubtful: Folder of the images of the first suspects, likewise.
        scores: The scores of the split that is described, where the explanation stands outside of a study.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.explanation = path / "explanation.json"
        self.suspects = path / "suspects.csv"
        self.next = path / "next.csv"
        self.images = path / "next"
        self.pictures = path / "pictures.npz"
        self.cams = path / "cams.npz"
        self.worst = path / "worst"
        self.doubtful = path / "doubtful"
        self.scores = path / "scores.npz"

    def exists(self) -> bool:
        """Return whether an explanation lies there."""
        return self.suspects.exists() or self.next.exists() or self.explanation.exists()

    def clear(self) -> None:
        """Remove an earlier explanation, and nothing else."""
        for file in (self.explanation, self.suspects, self.next, self.pictures, self.cams, self.scores):
            file.unlink(missing_ok=True)
        if self.images.is_dir():
            for copy in self.images.iterdir():
                if re.match(r"\d{3}-", copy.name):
                    copy.unlink()
        for folder in (self.worst, self.doubtful):
            shutil.rmtree(folder, ignore_errors=True)
