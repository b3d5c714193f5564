"""What a finder makes of a folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from pixelproof.config import Task
from pixelproof.data.folder import LeftOut, Looked, Sample, most_frequent, place_in
from pixelproof.labels import LabelScheme


@dataclass
class Found:
    """One reading of a folder.

    Attributes:
        layout: The reading in words.
        task: What such a layout is for.
        splits: Samples by split; for classification ``class_of`` holds each sample's class.
        class_of: Class name by image file.
        unpaired: Images without a mask and masks without an image.
        doubled: Two files, each of which would be the image, or the mask, of one sample.
        imageless: Folders without images where folders are classes.
        by_name: True if what an image is called is all that tells its class.
        passed_over: Tables of labels that name these images otherwise, and are not read.
        tables: Files that say which images belong together, and were read for it.
        ungrouped: Why a table of labels is not read for it; empty if it is, or says nothing of that.
        lists: Files that say which images belong to which split, and were read for it.
        unlisted: How many images none of them names, and are left out.
        folders: The folders that are one data set, by the name that stands before ids and paths, where it consists of
            such; a single one has none.
        beside: Images in its own folder that are in none of these.
        scheme: What labels mean in all of these, as far as they say it themselves; None where it is one folder.
        notes: What else there is to say of the reading.
        left_out: The files that ``leave_out.csv`` names, which are in none of the above.
        looked: Images that ``corrections.csv`` names, with what a person has found; ``class_of`` has their right class.
            What was found of masks is with their samples.
        certain: True if names or contents of the files rule out any other reading.
        unclear: Why the reading cannot be used although it fits; empty if it can.
    """

    layout: str
    task: Task
    splits: dict[str, list[Sample]]
    class_of: dict[Path, str] = field(default_factory=dict)
    unpaired: list[Path] = field(default_factory=list)
    doubled: list[tuple[Path, Path]] = field(default_factory=list)
    imageless: list[Path] = field(default_factory=list)
    by_name: bool = False
    passed_over: list[Path] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)
    ungrouped: str = ""
    lists: list[Path] = field(default_factory=list)
    unlisted: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    looked: dict[Path, Looked] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    beside: list[Path] = field(default_factory=list)
    scheme: LabelScheme | None = None
    notes: list[str] = field(default_factory=list)
    certain: bool = False
    unclear: str = ""

    @property
    def changes(self) -> dict[str, int]:
        """How many labels, or regions of masks, were corrected, by both classes in words."""
        if self.task == "classification":
            return most_frequent(each.change for each in self.looked.values() if each.change)
        return most_frequent(change for sample in self.whole for change in sample.changes(()))

    @property
    def unit_corrected(self) -> str:
        """What is corrected one by one, in words."""
        return "label" if self.task == "classification" else "region"

    @property
    def whole(self) -> list[Sample]:
        """The samples of all splits and those that are left out."""
        left_out = (each.sample for each in self.left_out if each.sample)
        return [*chain.from_iterable(self.splits.values()), *left_out]

    def place(self, root: Path, file: Path) -> str:
        """Return the path of a file in the data set in ``root``; see ``place_in``."""
        return place_in(root, self.folders, file)
