"""What a folder of labelled images is, once it is understood."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pixelproof.config import Task
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme
from pixelproof.schema import nearest


@dataclass(frozen=True)
class Sample:
    """One labelled image.

    Attributes:
        id: Unique within its split and stable: "0010" for a pair, "cat/7.png" or "3_450.png" for a classified image.
        image: The image file.
        label: Class index, for classification.
        mask: The mask file, for segmentation.
        group: Of which scene, patient or tile it is, with others; None where it stands for itself.
    """

    id: str
    image: Path
    label: int | None = None
    mask: Path | None = None
    group: str | None = None

    @property
    def scene(self) -> str:
        """The group; an image without one is a scene of its own."""
        return self.group or self.id


@dataclass(frozen=True)
class DataFolder:
    """A labelled data set: what the layout finders and the label contract make of a folder."""

    root: Path
    layout: str
    scheme: LabelScheme
    splits: dict[str, tuple[Sample, ...]]

    @property
    def task(self) -> Task:
        """Classification or segmentation."""
        return self.scheme.task

    def split(self, name: str) -> tuple[Sample, ...]:
        """Return the samples of a split.

        Raises:
            UserError: There is no such split.
        """
        if name not in self.splits:
            raise UserError(f"{self.root} has no split '{name}'", nearest(name, list(self.splits)))
        return self.splits[name]
