"""What a folder of labelled images is, once it is understood."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import NamedTuple

from pixelproof.config import Task
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme
from pixelproof.schema import nearest


@dataclass(frozen=True)
class Patch:
    """What a person has found who has looked at a region of a mask.

    Attributes:
        outline: The region, as ``labels.outlines`` writes it.
        label: The class that it is of, or ``corrections_file.UNTELLABLE``.
        was: The class that it was of; empty where it may have been any.
        reason: Why, as the file says; empty where it says nothing.
        place: Where this is written, in words.
        heeded: False where the data are to be read as given.
    """

    outline: str
    label: str
    was: str = ""
    reason: str = ""
    place: str = field(default="", compare=False)
    heeded: bool = True

    @property
    def change(self) -> str:
        """Both classes in words; empty where they are the same."""
        return "" if self.was == self.label else f"{self.was or 'any'} to {self.label}"


@dataclass(frozen=True)
class Sample:
    """One labelled image.

    Attributes:
        id: Unique within its split and stable: "0010" for a pair, "cat/7.png" or "3_450.png" for a classified image.
        image: The image file.
        label: Class index, for classification.
        mask: The mask file, for segmentation.
        group: Of which scene, patient or tile it is, with others; None where it stands for itself.
        was: The class that the data give, where a person has looked at it; equal to the label if that is right, or is
            to be as the data give it.
        patches: Regions of its mask that a person has looked at; of those that overlap, the last one counts.
    """

    id: str
    image: Path
    label: int | None = None
    mask: Path | None = None
    group: str | None = None
    was: int | None = None
    patches: tuple[Patch, ...] = ()

    @property
    def given(self) -> int | None:
        """The class that the data give, before any correction."""
        return self.label if self.was is None else self.was

    @property
    def corrected(self) -> bool:
        """Whether its label, or that of a region of its mask, is another one than the data give."""
        return self.label != self.given or any(patch.heeded and patch.change for patch in self.patches)

    @property
    def as_given(self) -> Sample:
        """The same with the label that the data give; that a person has looked at it stays known."""
        patches = tuple(replace(patch, heeded=False) for patch in self.patches)
        return replace(self, label=self.given, patches=patches)

    def changes(self, names: Sequence[str]) -> list[str]:
        """Return both classes, by the names of all, of its label or of each region that is corrected, in words."""
        if self.label is not None:
            return [f"{names[self.was or 0]} to {names[self.label]}"] if self.corrected else []
        return [patch.change for patch in self.patches if patch.heeded and patch.change]

    @property
    def scene(self) -> str:
        """The group; an image without one is a scene of its own."""
        return self.group or self.id


Parts = Mapping[str, Sequence[Sample]]
"""The images of each part of the data, such as of its splits."""


@dataclass(frozen=True)
class LeftOut:
    """A file that is left out, as a list says.

    Attributes:
        file: The image; or a mask without one.
        reason: Why, as the list has it; empty where it says nothing.
        note: What else the list says of it.
        split: The split it would be in; empty for a file that is part of no sample.
        sample: The sample that it would be.
        called: What its class is called there, for classification.
    """

    file: Path
    reason: str = ""
    note: str = ""
    split: str = ""
    sample: Sample | None = None
    called: str = ""


class Looked(NamedTuple):
    """What a person has found who has looked at an image, for classification.

    Attributes:
        was: What the data call its class.
        label: What they call the class that it is of.
        reason: Why, as the file says; empty where it says nothing.
    """

    was: str
    label: str
    reason: str = ""

    @property
    def change(self) -> str:
        """Both classes in words; empty where they are the same."""
        return "" if self.was == self.label else f"{self.was} to {self.label}"


@dataclass(frozen=True)
class DataFolder:
    """A labelled data set: what the layout finders and the label contract make of a folder.

    ``splits`` are without the images that are left out.
    """

    root: Path
    layout: str
    scheme: LabelScheme
    splits: dict[str, tuple[Sample, ...]]
    left_out: tuple[LeftOut, ...] = ()
    folders: Mapping[str, Path] = field(default_factory=dict)
    """The folders that are one data set, by name, where it consists of such."""

    @property
    def task(self) -> Task:
        """Classification or segmentation."""
        return self.scheme.task

    def place(self, file: Path) -> str:
        """Return the path of a file in the data set; see ``place_in``."""
        return place_in(self.root, self.folders, file)

    @property
    def as_given(self) -> DataFolder:
        """The same with the labels that the data give, none of them corrected."""
        splits = {name: tuple(sample.as_given for sample in own) for name, own in self.splits.items()}
        left_out = tuple(replace(each, sample=each.sample and each.sample.as_given) for each in self.left_out)
        return replace(self, splits=splits, left_out=left_out)

    @property
    def whole(self) -> dict[str, tuple[Sample, ...]]:
        """The splits with the images that are left out among them."""
        return with_left_out(self.splits, self.left_out)

    def split(self, name: str) -> tuple[Sample, ...]:
        """Return the samples of a split.

        Raises:
            UserError: There is no such split.
        """
        if name not in self.splits:
            raise UserError(f"{self.root} has no split '{name}'", nearest(name, list(self.splits)))
        return self.splits[name]


def most_frequent(words: Iterable[str]) -> dict[str, int]:
    """Return how often each stands there, the most frequent first, and of equals by their letters."""
    return dict(sorted(Counter(words).items(), key=lambda item: (-item[1], item[0])))


def changes_of(samples: Iterable[Sample], names: Sequence[str]) -> dict[str, int]:
    """Return how many labels, or regions, were corrected, by what the data give and what is right, most first."""
    return most_frequent(change for sample in samples for change in sample.changes(names))


def place_in(root: Path, folders: Mapping[str, Path], file: Path) -> str:
    """Return the path of a file in a data set, with forward slashes.

    Args:
        root: The data set's folder.
        folders: The folders that it consists of, by the name that stands before paths in them; empty where it is one.
        file: The file.
    """
    for name, folder in (*folders.items(), ("", root)):
        inside = str(file).removeprefix(f"{folder}{os.sep}")  # ten times as fast as pathlib, for images by the million
        if len(inside) < len(str(file)):
            return (f"{name}/" if name else "") + inside.replace(os.sep, "/")
    return PurePath(os.path.relpath(file, root)).as_posix()


def with_left_out(splits: Parts, left_out: Sequence[LeftOut]) -> dict[str, tuple[Sample, ...]]:
    """Return splits with those images among them that would be in them, were they not left out."""
    return {
        name: (*samples, *(each.sample for each in left_out if each.split == name and each.sample))
        for name, samples in splits.items()
    }
