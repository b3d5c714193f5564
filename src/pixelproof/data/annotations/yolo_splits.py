"""Which split each image is of, by the folders and lists that YOLO names. Input is hostile until it is read."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pixelproof.data.annotations.places import by_name, ending_alike, plain
from pixelproof.data.annotations.shapes import posix
from pixelproof.data.layouts.listing import file_in
from pixelproof.errors import UserError
from pixelproof.numbers import counted, room, shortened
from pixelproof.progress import say
from pixelproof.runs.files import read_text

AGAIN = "export it again"
LARGEST = 50e6
"""Bytes of the labels of an image, or of a list of images."""
SHOWN = 60
"""Letters of a path that a note shows."""


class Splits:
    """What a file says of the splits of the images beside it; what it names that is not there is said.

    Args:
        file: It, in the folder that holds the images.
        said: The folder that it says they lie in; may be of another machine.
        images: They, by their paths in that of the file.
    """

    def __init__(self, file: Path, said: str | None, images: Sequence[Path]) -> None:
        self.file, self.root = file, file.parent
        self._bases = tuple({Path(os.path.normpath(self.root.absolute())), self.root.resolve()})
        self._starts = (Path(), Path(posix(said or "")))
        self._at = {image.relative_to(self.root): image for image in images}
        self._folders = {folder for place in self._at for folder in place.parents}
        self._called = by_name(images)

    def of(self, entries: Mapping[str, Sequence[str]]) -> dict[Path, str]:
        """Return the split of each image that is named.

        Args:
            entries: The folders and lists of each split. Of an image in two splits, the first counts.

        Raises:
            UserError: A list is damaged.
        """
        by_path: dict[Path, dict[str, None]] = defaultdict(dict)
        by_name: dict[Path, dict[str, None]] = defaultdict(dict)
        for split, entry in ((split, entry) for split, named in entries.items() for entry in named):
            found = list(self._named(entry))
            if not found:
                say(f"note: {self.file} says that '{shortened(entry, SHOWN)}' is {split}, and no image here is in it")
            for image, sure in found:
                (by_path if sure else by_name)[image][split] = None
        named = {**by_name, **by_path}  # a name counts less than a path
        for splits, number in Counter(tuple(each) for each in named.values() if len(each) > 1).items():
            both = " and in ".join(splits)
            say(f"note: {counted(number, 'image')} of {self.file} in {both}: what is in both counts as {splits[0]}")
        return {image: next(iter(splits)) for image, splits in named.items()}

    def _named(self, entry: str) -> Iterator[tuple[Path, bool]]:
        """Yield the images in a folder or in a list of them, and whether they are known by their paths."""
        place = self._place(entry)
        if place in self._folders:
            yield from ((image, True) for at, image in self._at.items() if place in at.parents)
        elif place is not None:
            found = [self._image(place.parent, line) for _, line in lines(self.root / place)]
            if lost := found.count(None):
                several = f"{counted(lost, 'line')} of {len(found):,} that name no image here, or one of several"
                say(f"note: {self.root / place} has {several}")
            yield from filter(None, found)

    def _place(self, entry: str) -> Path | None:
        """Return the path in the root of a folder or list, which may be of another machine or from a split's folder."""
        parts = posix(entry).parts
        ends = (Path(*parts[-length:]) for length in range(len(parts) - 1, 0, -1))
        for place in (*self._inside(Path(), entry), *ends):
            listed = place.suffix == ".txt" and file_in(self.root, place.as_posix())
            if place in self._folders or listed:
                return place
        return None

    def _image(self, folder: Path, line: str) -> tuple[Path, bool] | None:
        """Return an image by its path from a list, or the only one of its name, and whether by its path."""
        for place in self._inside(folder, line):
            if place in self._at:
                return self._at[place], True
        file = posix(line)
        alike = ending_alike(self._called.get(plain(file.name), []), file)
        return (alike[0], False) if len(alike) == 1 else None

    def _inside(self, folder: Path, text: str) -> Iterator[Path]:
        """Yield what paths in the root a text may mean that stands in a folder of it."""
        for start in (folder, *self._starts):
            for base in self._bases:
                path = Path(os.path.normpath(base / start / posix(text)))
                yield from (path.relative_to(whole) for whole in self._bases if path.is_relative_to(whole))


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text that are not blank, with their numbers.

    Raises:
        UserError: It is larger than such a text can be, or no text.
    """
    if (size := path.stat().st_size) > LARGEST:
        raise UserError(f"{path} has {room(size)}, more than the labels of images have", AGAIN)
    texts = enumerate(map(str.strip, read_text(path).split("\n")), start=1)
    yield from ((number, line) for number, line in texts if line)
