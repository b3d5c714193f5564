"""Read a whole data set once, whatever state its files are in."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

from pixelproof.data.doctor.finding import MOST_FILES, Finding
from pixelproof.data.doctor.looks import ImageLook, MaskLook, look_at_image, look_at_mask
from pixelproof.data.fingerprint import pixel_digest
from pixelproof.data.folder import Sample
from pixelproof.data.layouts import Found
from pixelproof.data.parallel import in_threads
from pixelproof.data.patches import read_truth
from pixelproof.data.reader import RGB, ImageReader
from pixelproof.data.schemes import find_scheme
from pixelproof.errors import UserError, printable
from pixelproof.numbers import first_of
from pixelproof.progress import track
from pixelproof.runs.diagnosis_file import Severity

Look = TypeVar("Look", ImageLook, MaskLook)
Looks = tuple[ImageLook | UserError, MaskLook | UserError | None]
_THREADS = 4  # each may hold a large image
_AT_ONCE = 256  # samples handed to the threads, so that an interruption waits for few


@dataclass
class Survey:
    """Everything there is to know of a data set's files.

    Attributes:
        root: The data set's folder.
        found: How the folder is laid out.
        reader: How images are read.
        images: What each readable image holds.
        masks: What each readable mask holds.
        broken: Why a file cannot be read.
        others: Files that belong to no split.
        empty_folders: Folders with no file in them or below, hidden ones aside.
    """

    root: Path
    found: Found
    reader: ImageReader = RGB
    images: dict[Path, ImageLook] = field(default_factory=dict)
    masks: dict[Path, MaskLook] = field(default_factory=dict)
    broken: dict[Path, UserError] = field(default_factory=dict)
    others: list[Path] = field(default_factory=list)
    empty_folders: list[Path] = field(default_factory=list)

    @cached_property
    def samples(self) -> list[Sample]:
        """The samples of all splits."""
        return [sample for samples in self.found.splits.values() for sample in samples]

    @cached_property
    def splits(self) -> dict[Path, str]:
        """The split of every image and mask."""
        return {
            path: split
            for split, samples in self.found.splits.items()
            for sample in samples
            for path in (sample.image, sample.mask)
            if path is not None
        }

    @property
    def carved(self) -> bool:
        """Whether training sets a part of train aside for the score, there being no validation split."""
        return "train" in self.found.splits and "validation" not in self.found.splits

    @cached_property
    def identical(self) -> list[list[Sample]]:
        """The samples whose images have the same pixels, in groups; images of one colour are another check's matter."""
        same: dict[bytes, list[Sample]] = defaultdict(list)
        for sample in self.samples:
            look = self.images.get(sample.image)
            if look and not look.constant:
                same[look.digest].append(sample)
        return [group for group in same.values() if len(group) > 1]

    @cached_property
    def truths(self) -> dict[Path, bytes]:
        """Digests of masks as they are read with their corrections, of identical images of which one has any.

        None are of those that cannot be read so, and of the others there: these are told apart as they are stored.
        """
        groups = [group for group in self.identical if any(sample.mask and sample.corrected for sample in group)]
        truths: dict[Path, bytes] = {}
        if not groups:
            return truths
        with suppress(UserError):  # which other checks say
            scheme = find_scheme(self.root, self.found)
            for group in groups:
                with suppress(UserError):
                    truths |= {each.mask: pixel_digest(read_truth(each, scheme)) for each in group if each.mask}
        return truths

    def name(self, path: Path) -> str:
        """Return a path relative to the data root, with forward slashes."""
        return printable(self.place(path))

    def place(self, path: Path) -> str:
        """Return the same as it is, though no file of ours could hold it."""
        return self.found.place(self.root, path)

    def relative(self, text: str) -> str:
        """Return a message with the paths in it relative to the data root."""
        for name, folder in (*self.found.folders.items(), ("", self.root)):
            text = text.replace(f"{folder}{os.sep}", f"{name}/" if name else "")
        return printable(text)

    def names(self, paths: Iterable[Path], most: int = 3) -> str:
        """Return the first few paths as words."""
        return first_of([self.name(path) for path in paths], most)

    def finding(self, check: str, severity: Severity, paths: Iterable[Path], message: str, fix: str) -> Finding:
        """Return a finding about files, the list cut where it grows too long to read."""
        paths = list(dict.fromkeys(paths))
        names = tuple(self.name(p) for p in paths[:MOST_FILES])
        return Finding(check, severity, names, len(paths), printable(message), fix)


def survey_folder(root: Path, found: Found, reader: ImageReader = RGB) -> Survey:
    """Look at every file of a data set once; a file that cannot be read is noted, never raised."""
    survey = Survey(root, found, reader)
    samples = survey.samples
    looks = in_threads(partial(_look_at, reader=reader), samples, _AT_ONCE, _THREADS)
    for sample, (image, mask) in zip(samples, track(looks, "reading", len(samples)), strict=True):
        _note(survey.images, survey.broken, sample.image, image)
        if sample.mask is not None:
            _note(survey.masks, survey.broken, sample.mask, mask)
    _walk(survey)
    return survey


def _look_at(sample: Sample, reader: ImageReader) -> Looks:
    """Return what there is to know of a sample's files, or why they cannot be read."""
    image: ImageLook | UserError
    mask: MaskLook | UserError | None = None
    black = None
    try:
        image, black = look_at_image(sample.image, reader)
    except UserError as error:
        image = error
    try:
        mask = look_at_mask(sample.mask, black) if sample.mask else None
    except UserError as error:
        mask = error
    return image, mask


def _note(looks: dict[Path, Look], broken: dict[Path, UserError], path: Path, look: Look | UserError | None) -> None:
    if isinstance(look, UserError):
        broken[path] = look
    elif look is not None:
        looks[path] = look


def _walk(survey: Survey) -> None:
    """Note the files that no split uses and the folders that hold nothing."""
    found = survey.found
    noted = {*found.unpaired, *found.lists, *found.tables, *found.passed_over}
    noted |= {file for each in found.left_out for file in (each.file, each.sample and each.sample.mask) if file}
    used = set(survey.splits) | noted | {*chain.from_iterable(found.doubled)}
    filled: set[Path] = set()
    roots = [*found.folders.values()] or [survey.root]
    walked = ((root, *step) for root in roots for step in os.walk(root, topdown=False))
    for root, parent, folders, files in walked:
        folder = Path(parent)
        if any(part.startswith(".") for part in folder.relative_to(root).parts):
            continue
        paths = [folder / name for name in sorted(files)]
        survey.others += [path for path in paths if path not in used]
        visible = any(not name.startswith(".") for name in files)
        if visible or any(folder / name in filled or (folder / name).is_symlink() for name in folders):
            filled.add(folder)
        else:
            survey.empty_folders.append(folder)
    survey.others += found.beside
    survey.others.sort()
    survey.empty_folders.sort()
