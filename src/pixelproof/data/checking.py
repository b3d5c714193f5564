"""Find the files that cannot be used before hours are spent on the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pixelproof.data.decoded import read_sample
from pixelproof.data.folder import Parts
from pixelproof.data.reader import RGB, ImageReader
from pixelproof.errors import UserError
from pixelproof.labels import LabelScheme
from pixelproof.progress import track

Item = TypeVar("Item")


def check_images(paths: Sequence[Path], reader: ImageReader) -> None:
    """Decode every image.

    Raises:
        UserError: One cannot be read.
    """
    _check(paths, reader, "checking images")


def unreadable(paths: Mapping[str, Path], reader: ImageReader) -> dict[str, UserError]:
    """Decode every image, and return by name why those cannot be read that cannot."""
    broken: dict[str, UserError] = {}
    for name, path in track(paths.items(), "checking images", len(paths), "files"):
        try:
            reader(path)
        except UserError as error:
            broken[name] = error
    return broken


def check_parts(parts: Parts, scheme: LabelScheme, reader: ImageReader) -> None:
    """Check what a run will read.

    Images and masks that choose the checkpoint or give the score are decoded, because a fault there would show only
    after an epoch, or after the last; so are those with corrected masks. Of other training images, which the first
    epoch decodes, the header is read.

    Args:
        parts: The samples of "train", "selection" and "validation"; other parts are not read.
        scheme: The label contract of the masks.
        reader: Reads the images.

    Raises:
        UserError: A file cannot be read, or a mask is of another size than its image or holds unknown values.
    """
    training = [(sample.image, reader) for sample in parts["train"]]
    training += [(sample.mask, RGB) for sample in parts["train"] if sample.mask is not None]
    scored = [sample for name in ("selection", "validation") for sample in parts[name]]
    scored += [sample for sample in parts["train"] if sample.patches and sample.corrected]
    _check(scored, lambda sample: read_sample(sample, scheme, reader), "checking validation images")
    _check(training, lambda file: file[1].header(file[0]), "checking training images")


def _check(items: Sequence[Item], use: Callable[[Item], object], label: str) -> None:
    broken: list[UserError] = []
    for item in track(items, label, len(items), "files"):
        try:
            use(item)
        except UserError as error:
            broken.append(error)
    if broken:
        more = f" (and {len(broken) - 1} more cannot be used)" if len(broken) > 1 else ""
        raise UserError(f"{broken[0].problem}{more}", broken[0].remedy)
