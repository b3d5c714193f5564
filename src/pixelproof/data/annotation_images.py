"""Which images annotations are of: tools write paths of the machine that they ran on."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from pixelproof.data.annotations import Annotated
from pixelproof.data.layouts import folders_below, images_in
from pixelproof.errors import UserError


class Places:
    """The images of a folder and of those in it, by what annotations call them."""

    def __init__(self, root: Path) -> None:
        self.root, self._real = root, root.resolve()
        self._called: dict[str, list[Path]] = defaultdict(list)
        for folder in folders_below(root):
            for image in images_in(folder):
                self._called[image.name].append(image)

    def of(self, found: Sequence[Annotated]) -> dict[Path, list[Annotated]]:
        """Return what is drawn on each image that is there.

        Raises:
            UserError: None is, or one may be several.
        """
        placed: dict[Path, list[Annotated]] = defaultdict(list)
        for each in found:
            if (image := self._beside(each) or self._anywhere(each)) is not None:
                placed[image].append(each)
        if not placed:
            what = f"{found[0].file} and all other images that are annotated are" if found else "annotated images are"
            raise UserError(f"{what} not in {self.root}", "say by --images which folder holds them")
        return placed

    def _beside(self, each: Annotated) -> Path | None:
        """Return the image by its path from the file of annotations, or from the folder of images."""
        for base in (each.source.parent, self.root, self.root / "images"):
            path = Path(os.path.normpath(base.resolve() / each.file))
            if path.is_relative_to(self._real):
                image = self.root / path.relative_to(self._real)
                if image in self._called.get(image.name, ()):
                    return image
        return None

    def _anywhere(self, each: Annotated) -> Path | None:
        """Return the only image of that name, or the only one whose path ends so."""
        called = self._called.get(each.file.name, [])
        for length in range(1, len(each.file.parts) + 1):
            called = [i for i in called if i.parts[-length:] == each.file.parts[-length:]] or called
        if len(called) > 1:
            both = f"{called[0]} or {called[1]}"
            raise UserError(f"{each.source} names '{each.file}', which may be {both}", "give each its own name")
        return called[0] if called else None
