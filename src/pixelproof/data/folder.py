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
    """

    id: str
    image: Path
    label: int | None = None
    mask: Path | None = None
    group: str | None = None
    was: int | None = None

    @property
    def given(self) -> int | None:
        """The class that the data give, before any correction."""
        return self.label if self.was is None else self.was

    @property
    def corrected(self) -> bool:
        """Whether its label is another one than the data give."""
        return self.label != self.given

    @property
    def as_given(self) -> Sample:
        """The same with the label that the data give; that a person has looked at it stays known."""
        return replace(self, label=self.given)

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
    """Return how many labels were corrected, by the class that the data give and the right one, most frequent first."""
    changed = (sample for sample in samples if sample.corrected)
    pairs = (f"{names[each.was or 0]} to {names[each.label or 0]}" for each in changed)
    return most_frequent(pairs)


def corrected_among(samples: Iterable[Sample]) -> str:
    """Return how many of the labels were corrected, as a score file says it: in digits, empty where none."""
    return str(sum(sample.corrected for sample in samples) or "")


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
