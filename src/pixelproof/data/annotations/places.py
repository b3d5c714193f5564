"""Which images annotations are of: tools write paths of the machine that they ran on, and rename images."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from urllib.parse import unquote

from pixelproof.data.annotations.shapes import Drawing
from pixelproof.data.layouts import folders_below, images_in
from pixelproof.errors import UserError, require_utf8

PREFIX = re.compile(r"[0-9a-f]{8}-")
"""What Label Studio writes before the name of an image that was uploaded to it."""


class Places:
    """The images of a folder and of those in it, by what annotations call them."""

    def __init__(self, root: Path) -> None:
        self.root, self._real = root, root.resolve()
        self._known: dict[Path, Path] = {}
        for folder in folders_below(root):
            real = folder.resolve()
            for image in images_in(folder):
                self._known[real / image.name] = image
        self._called = by_name(self._known.values())

    def of(self, found: Sequence[Drawing]) -> dict[Path, list[Drawing]]:
        """Return what is drawn on each image that is there.

        Raises:
            UserError: None is, one may be several, two would have one mask, or several are said to be one.
        """
        placed: dict[Path, list[Drawing]] = defaultdict(list)
        for each in found:
            if (image := self._image(each)) is not None:
                placed[image].append(each)
        if not placed:
            what = f"{found[0].file} and all other images that are annotated are" if found else "annotated images are"
            raise UserError(f"{what} not in {self.root}", "say by --images which folder holds them")
        self._refuse_confusion(placed)
        return placed

    def _refuse_confusion(self, placed: dict[Path, list[Drawing]]) -> None:
        stems: dict[Path, Path] = {}
        for image, drawn in placed.items():
            require_utf8(image)
            if image.name != image.name.strip():
                raise UserError(f"the name of '{image}' begins or ends with a blank", "rename it, there and here")
            if (other := stems.setdefault(image.with_suffix(""), image)) != image:
                raise UserError(f"{other} and {image} would have one mask", "rename one of them, there and here")
            names = sorted({each.called.as_posix() for each in drawn if each.source == drawn[0].source})
            if len(names) > 1:
                problem = f"{drawn[0].source} names '{names[0]}' and '{names[1]}', and of these {image} alone is found"
                raise UserError(problem, "give the folder that holds both")

    def _image(self, each: Drawing) -> Path | None:
        if each.image is not None:
            return self._known.get(each.image)
        return self._beside(each) or self._anywhere(each)

    def _beside(self, each: Drawing) -> Path | None:
        """Return the image by its path from the file of annotations, or from the folder of images."""
        for base in (each.source.parent, each.source.parent / "images", self.root, self.root / "images"):
            path = Path(os.path.normpath(base.resolve() / each.file))
            if path.is_relative_to(self._real):
                image = self.root / path.relative_to(self._real)
                if image in self._called.get(plain(image.name), ()):
                    return image
        return None

    def _anywhere(self, each: Drawing) -> Path | None:
        """Return the only image of that name, or the only one whose path ends so."""
        for name in _names(each):
            called = ending_alike(self._called.get(name, []), each.file)
            if len(called) > 1:
                both = f"{called[0]} or {called[1]}"
                raise UserError(f"{each.source} names '{each.file}', which may be {both}", "give each its own name")
            if called:
                return called[0]
        return None


def by_name(images: Iterable[Path]) -> dict[str, list[Path]]:
    """Return images by their ``plain`` names."""
    called: dict[str, list[Path]] = defaultdict(list)
    for image in images:
        called[plain(image.name)].append(image)
    return called


def ending_alike(images: list[Path], file: PurePath) -> list[Path]:
    """Return those of some images whose paths agree with another in most parts from the end."""
    for length in range(1, len(file.parts) + 1):
        images = [image for image in images if image.parts[-length:] == file.parts[-length:]] or images
    return images


def _names(each: Drawing) -> Iterator[str]:
    """Yield by what names an image may be found: its own, that without what a tool added, and that of its file."""
    name = plain(each.file.name)
    yield name
    yield PREFIX.sub("", name, count=1)
    if not each.listed:
        yield plain(f"{each.source.stem}{each.file.suffix}")


def plain(name: str) -> str:
    """Return a name as all systems and tools may write it."""
    return unicodedata.normalize("NFC", unquote(name)).casefold()
