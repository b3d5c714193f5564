"""What lies in a folder: images and further folders, sorted by name, hidden ones left out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from pixelproof.errors import UserError, explain_os_error
from pixelproof.numbers import counted
from pixelproof.progress import say_once

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"})
OTHER_IMAGES = frozenset(
    f".{kind}"
    for kinds in ("heic heif avif gif jxl jp2 j2k jpe jfif psd svg tga exr", "dcm pbm pgm pnm ppm dng arw cr2 nef orf")
    for kind in kinds.split()
)
"""Kinds of images that are not read."""
_SPLIT = re.compile(r"(train|training|val|valid|validation|test|testing)([_-]?\d+)?", re.IGNORECASE)


def images_in(folder: Path) -> list[Path]:
    """Return the image files of a folder, sorted by name; hidden files are skipped."""
    return [folder / entry.name for entry in _entries(folder) if _is_image(entry)]


def unread_in(folder: Path) -> list[Path]:
    """Return what is neither an image nor a folder, links that lead nowhere included; hidden files are skipped."""
    return [folder / entry.name for entry in _entries(folder) if not (_is_image(entry) or _is_folder(entry))]


def note_other_images(root: Path, unread: Iterable[Path]) -> None:
    """Say once how many files of a folder are images of kinds that are not read.

    Args:
        root: The folder.
        unread: What ``unread_in`` gives of it and of folders below.
    """
    others = [path for path in unread if path.suffix.lower() in OTHER_IMAGES]
    if others:
        kinds = ", ".join(sorted({path.suffix.lower() for path in others}))
        say_once(f"note: {counted(len(others), 'file')} of kinds that are not read ({kinds}) in {root} left out")


def folders_in(folder: Path) -> list[Path]:
    """Return the folders in a folder, sorted by name; hidden ones are skipped."""
    return [folder / entry.name for entry in _entries(folder) if _is_folder(entry)]


def folders_below(root: Path, inside: Callable[[Path], list[Path]] = folders_in) -> Iterator[Path]:
    """Yield ``root`` and all folders below it, each once, wherever links lead.

    Args:
        root: The folder to start from.
        inside: Returns the folders in a folder that are to be entered.
    """
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        status = folder.stat()
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            yield folder
            waiting += reversed(inside(folder))


def images_below(root: Path) -> Iterator[Path]:
    """Yield the image files of a folder and of all folders in it."""
    for folder in folders_below(root):
        yield from images_in(folder)


def file_in(folder: Path, name: str) -> Path | None:
    """Return the file of a folder, or of folders in it, that has this path there; None if there is none."""
    inside = PurePosixPath(name)
    with suppress(OSError):  # as of a name that is too long
        if not inside.is_absolute() and ".." not in inside.parts and (folder / inside).is_file():
            return folder / inside
    return None


def split_name(folder: Path) -> str | None:
    """Return the split that a folder's name stands for: "train", "validation", "test" or None."""
    match = _SPLIT.fullmatch(folder.name)
    if match is None:
        return None
    word = match.group(1).lower()
    return "train" if word.startswith("train") else "test" if word.startswith("test") else "validation"


def meant_split(name: str) -> str:
    """Return the split that is meant where its folder's name may stand for it.

    >>> meant_split("val"), meant_split("selection")
    ('validation', 'selection')
    """
    return split_name(Path(name)) or name


def split_folders(root: Path) -> dict[str, Path]:
    """Return the split folders inside ``root`` by canonical name, or ``root`` itself as train.

    Raises:
        UserError: Two folders stand for the same split.
    """
    splits: dict[str, Path] = {}
    for folder in folders_in(root):
        name = split_name(folder)
        if name is None:
            continue
        if name in splits:
            raise UserError(
                f"{root} has two folders for the split '{name}', {splits[name].name} and {folder.name}",
                "move one of them elsewhere",
            )
        splits[name] = folder
    return splits or {"train": root}


def _is_image(entry: os.DirEntry[str]) -> bool:
    named = entry.name.lower().endswith(tuple(IMAGE_SUFFIXES))
    return named and (Path(entry) if entry.is_symlink() else entry).is_file()


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return (Path(entry) if entry.is_symlink() else entry).is_dir()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:  # knows files from folders without asking for each
            return sorted((e for e in entries if not e.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        raise explain_os_error(error, folder) from error
