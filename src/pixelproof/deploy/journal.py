"""Unfinished work, such as a map: raw pixels beside the final place, and a journal of the tiles that are in them.

A kill at any moment loses at most the tiles in flight: pixels are written in place and reach the disk before the
journal names their tile.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.array_types import Unsigned
from pixelproof.errors import UserError, explain_os_error, explain_unwritten
from pixelproof.progress import say
from pixelproof.runs import write_json
from pixelproof.runs.files import read_json
from pixelproof.runs.locks import in_use, lock
from pixelproof.windows import Window

HEAD = "made_from.json"
MOVING = "moving.json"


class RawFile:
    """Pixels on disk, band after band, row after row, without any header; written in place and in any order.

    Args:
        path: The file; it is made at its full size, so that a disk too small is found at once.
        shape: Bands, height and width.
        dtype: Of the pixels.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
        self.path, self.shape, self.dtype = path, shape, dtype
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        if os.fstat(self._file).st_size != size:
            os.posix_fallocate(self._file, 0, size)

    def write(self, window: Window, pixels: Unsigned) -> None:
        """Write the pixels of a window, [bands, h, w], and wait until the disk has them."""
        for band, plane in enumerate(np.ascontiguousarray(pixels, self.dtype)):
            for row, line in enumerate(plane):
                os.pwrite(self._file, line.data, self._offset(band, window.top + row, window.left))
        os.fsync(self._file)

    def rows(self, top: int, height: int) -> Unsigned:
        """Return whole rows of the first band, [height, W]."""
        size = height * self.shape[2] * self.dtype.itemsize
        data = os.pread(self._file, size, self._offset(0, top, 0))
        return np.frombuffer(data, self.dtype).reshape(height, self.shape[2])

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _offset(self, band: int, row: int, column: int) -> int:
        return ((band * self.shape[1] + row) * self.shape[2] + column) * self.dtype.itemsize


class Journal:
    """The folder of unfinished work.

    Args:
        out: The final place of what is made.
        made_from: What decides every byte, by what it is called in messages; what is unfinished is only continued where
            all of it is the same.
        changed: What can only differ because it was changed in place, so that nobody can want what is unfinished.
        anew: Throw away what was made from something else.
        what: What is made, for messages.
        by: How to start anew, for messages.

    Attributes:
        folder: Beside the final place, hidden, on the same disk.
        finished: Numbers of the tiles that are done.

    Raises:
        UserError: The folder cannot be written, another process writes there, or what is unfinished was made from
            something else.
    """

    def __init__(
        self,
        out: Path,
        made_from: Mapping[str, Any],
        changed: str,
        anew: bool = False,
        what: str = "map",
        by: str = "--overwrite",
    ) -> None:
        self.folder = _folder(out)
        self._files: list[RawFile] = []
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._log = (self.folder / "finished.txt").open("a+")
        except OSError as error:
            raise explain_unwritten(error, out) from error
        if not lock(self._log.fileno()):
            self._log.close()
            raise in_use(out)
        head = self.folder / HEAD
        differing = _differing(head, made_from)
        if differing == [changed]:
            say(f"the {changed} has changed since an unfinished {what} was begun; starting anew")
        elif differing and not anew:
            self._log.close()
            raise UserError(
                f"{self.folder} holds an unfinished {what} with another {differing[0]}",
                f"give what it was started with to finish it, or {by} to start anew",
            )
        if differing or not head.is_file():
            self._clear()
            write_json(head, made_from)
        self.finished = self._read()

    def raw(self, name: str, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> RawFile:
        """Return a file of raw pixels in the folder.

        Raises:
            UserError: The disk has no room for it.
        """
        if not (self.folder / name).is_file():
            self._log.truncate(0)
            self.finished.clear()
        try:
            self._files.append(RawFile(self.folder / name, shape, dtype))
        except OSError as error:
            self.remove()
            raise explain_os_error(error, self.folder / name) from error
        return self._files[-1]

    def finish(self, tile: int) -> None:
        """Note that all pixels of a tile are on disk."""
        self._log.write(f"{tile}\n")
        self._log.flush()
        self.finished.add(tile)

    def close(self) -> None:
        """Let go of the folder; what is in it can be continued."""
        for file in self._files:
            file.close()
        self._files.clear()
        self._log.close()

    def remove(self) -> None:
        """Remove the folder: the map is finished, or cannot be started."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self) -> set[int]:
        """Return the tiles of the log; a kill may have left its last line unfinished."""
        self._log.seek(0)
        lines = self._log.read().split("\n")
        if lines[-1]:
            self._log.write("\n")
        return {int(line) for line in lines[:-1] if line.isdecimal()}

    def _clear(self) -> None:
        for file in self.folder.iterdir():
            if file.is_dir():
                shutil.rmtree(file)
            elif file.name != "finished.txt":  # it holds the lock
                file.unlink()
        self._log.truncate(0)


def begun(out: Path) -> dict[str, Any]:
    """Return what an unfinished map of this name was made from; empty where there is none."""
    head = _folder(out) / HEAD
    found = read_json(head) if head.is_file() else {}
    return found if isinstance(found, dict) else {}


def note_moving(folder: Path, files: Sequence[Path]) -> None:
    """Note in the folder of an unfinished map that what was written beside it is about to get its final name."""
    write_json(folder / MOVING, [str(file.resolve()) for file in files])


def moving(out: Path) -> set[Path]:
    """Return the files beside an unfinished map of this name that may have their final names, and are ours."""
    noted = _folder(out) / MOVING
    found = read_json(noted) if noted.is_file() else []
    return {Path(file) for file in found if isinstance(file, str)} if isinstance(found, list) else set()


def _differing(head: Path, made_from: Mapping[str, Any]) -> list[str]:
    """Return what an unfinished map was made from otherwise, by name."""
    if not head.is_file():
        return []
    earlier = read_json(head)
    return [name for name, value in made_from.items() if not isinstance(earlier, dict) or earlier.get(name) != value]


def _folder(out: Path) -> Path:
    return out.with_name(f".{out.name}.part")
