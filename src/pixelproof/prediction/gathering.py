"""Which image files are meant by files and folders, and how each is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from pixelproof.config import Task
from pixelproof.data.layouts import (
    folders_below,
    folders_in,
    images_in,
    note_other_images,
    unread_in,
    without_mask_folders,
    without_masks,
)
from pixelproof.data.layouts.folders_file import is_united, read_folders
from pixelproof.errors import UserError, require_utf8
from pixelproof.numbers import counted
from pixelproof.progress import say_once
from pixelproof.runs.names import check_length
from pixelproof.runs.predictions_file import CLASSES

MARK = "PREDICTIONS.txt"
"""Stands in a folder that predict has written, so that no other folder's masks are ever removed."""


def gather(paths: Sequence[Path], task: Task, *, drawn: bool = False) -> dict[str, Path]:
    """Return the image files among ``paths`` by the name under which they are predicted.

    That is the file's name, with its place in the folder that was given, without suffix where pictures are written.
    Hidden files and earlier predictions are left out, and for segmentation masks that lie beside their images.

    Args:
        paths: Files, or folders of them; of one with a ``folders.yaml``, those that it names.
        task: What the network does with them.
        drawn: Whether a picture is written of each image, as segmentation always does.

    Raises:
        UserError: A path is missing, there are no images, two have the same name, or a table cannot hold a name.
    """
    files: dict[str, Path] = {}
    drawn = drawn or task == "segmentation"
    for path in paths:
        for file, place in _images_of(path, task):
            name = (place.with_suffix("") if drawn else place).as_posix()
            if not drawn:  # a table holds text alone
                require_utf8(name)
            if (other := files.setdefault(name, file)) != file:
                raise UserError(f"{other} and {file} would both be predicted as '{name}'", "predict them one by one")
    if not files:
        raise UserError(f"{paths[0]} holds no images" if paths else "no images are given", "give image files")
    if drawn:
        _refuse_undrawable(files)
    return files


def _refuse_undrawable(files: Mapping[str, Path]) -> None:
    """Refuse names of which no picture can be called.

    Raises:
        UserError: One is too long, or the picture would stand where a folder does.
    """
    for file in files.values():
        check_length(file)
    _refuse_folders(files, ".png", "picture")


def refuse_unstorable(files: Mapping[str, Path]) -> None:
    """Refuse names of which no array of probabilities can be called.

    Raises:
        UserError: An array, or the list of their classes, would stand where a folder does.
    """
    _refuse_folders(files, ".npy", "array of probabilities")
    if inside := next((file for name, file in files.items() if name.startswith(f"{CLASSES}/")), None):
        raise UserError(f"the list of classes would be called as the folder of {inside} is", "rename the folder")


def _refuse_folders(files: Mapping[str, Path], suffix: str, what: str) -> None:
    """Refuse images of which something is written that would be called as a folder of others is."""
    folders = {str(folder) for name in files for folder in PurePosixPath(name).parents}
    if taken := next((name for name in files if f"{name}{suffix}" in folders), None):
        problem = f"the {what} of {files[taken]} would be called as the folder {taken}{suffix} is"
        raise UserError(problem, "rename one of them")


def _images_of(path: Path, task: Task) -> Iterator[tuple[Path, Path]]:
    """Yield the image files that a path stands for, and the place of each in it."""
    if is_united(path):
        members = read_folders(path)[0]
        for member in members:  # called as ``score`` finds them in that data set
            name = member.name if len(members) > 1 else ""
            yield from ((file, name / place) for file, place in _images_of(member.path, task))
    elif path.is_dir():
        files = _without_masks(path) if task == "segmentation" else _below(path)
        yield from ((file, file.relative_to(path)) for file in files)
    elif path.is_file():
        yield path, Path(path.name)
    else:
        raise UserError(f"{path} does not exist", "give image files or folders of them")


def _below(root: Path) -> Iterator[Path]:
    """Yield the images in a folder and below, earlier predictions aside, and say how many others there are."""
    unread: list[Path] = []
    for folder in folders_below(root, _unpredicted):
        unread += unread_in(folder)
        yield from images_in(folder)
    note_other_images(root, unread)


def _without_masks(root: Path) -> Iterator[Path]:
    """Yield the images in a folder and below but for masks that lie beside images, and say how many these are."""
    masks, unread = 0, list[Path]()

    def inside(folder: Path) -> list[Path]:
        nonlocal masks
        folders = _unpredicted(folder)
        kept = without_mask_folders(folders)
        masks += sum(len(images_in(f)) for f in folders if f not in kept)
        return kept

    for folder in folders_below(root, inside):
        images = images_in(folder)
        unread += unread_in(folder)
        files = without_masks(images)
        masks += len(images) - len(files)
        yield from files
    note_other_images(root, unread)
    if masks:
        say_once(f"note: {counted(masks, 'file')} in {root} left out as the masks of images")


def _unpredicted(folder: Path) -> list[Path]:
    """Return the folders in a folder that predict has not written."""
    return [inner for inner in folders_in(folder) if not (inner / MARK).is_file()]
