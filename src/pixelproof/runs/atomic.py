"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pixelproof.errors import UserError, explain_unwritten
from pixelproof.runs.leftovers import abandoned, held, remove_leftovers


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` to write to, and move it into place when the block ends well.

    A failure leaves ``path`` as it was and no temporary file behind.

    Raises:
        UserError: The folder cannot be written, or the disk is full.
    """
    # The suffix stays last because some writers choose the format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
        usual = temporary.stat().st_mode
        yield temporary
        if temporary.stat().st_mode != usual:  # safetensors lets nobody else read what it writes
            temporary.chmod(usual)
        temporary.replace(path)
    except OSError as error:
        raise explain_unwritten(error, path) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def atomic_folder(path: Path, replaced: Sequence[str] = ()) -> Iterator[Path]:
    """Give a hidden folder inside ``path`` to write to, and move what it holds into ``path`` when the block ends well.

    What bears other names in ``path``, or in folders of it, stays, but what killed processes left of this is removed.
    A failure leaves ``path`` as it was, and no folder where there was none.

    Args:
        path: The folder.
        replaced: Names of files and folders in it, or in folders of it, that make room for what is moved in.

    Raises:
        UserError: The folder cannot be written, or the disk is full.
    """
    # Inside, because beside it may be another disk.
    temporary = path / f".{os.getpid()}.{secrets.token_hex(4)}.part"
    for entry in path.glob(".*.part"):
        if abandoned(entry, entry.name[1:].partition(".")[0]):
            shutil.rmtree(entry, ignore_errors=True)
    new = [folder for folder in (path, *path.parents) if not folder.exists()]
    stack = ExitStack()
    try:
        temporary.mkdir(parents=True)
        stack.enter_context(held(temporary))
        yield temporary
        entries = list(temporary.iterdir())
        for entry in entries:
            if entry.name not in replaced:
                _require_room(entry, path / entry.name)
        old = Path(tempfile.mkdtemp(dir=temporary))  # renamed and not removed, which takes longer: a kill loses less
        for name in replaced:
            (old / name).parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                (path / name).rename(old / name)
        for entry in entries:
            _move(entry, path / entry.name)
    except OSError as error:
        raise explain_unwritten(error, path) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        stack.close()
        for folder in new:
            with suppress(OSError):  # not empty: the block ended well
                folder.rmdir()


def _require_room(entry: Path, place: Path) -> None:
    """Refuse a place that a file or folder of the other kind has.

    Raises:
        OSError: It has.
    """
    if entry.is_dir() and place.is_dir():
        for inner in entry.iterdir():
            _require_room(inner, place / inner.name)
    elif place.exists() and entry.is_dir() != place.is_dir():
        raise FileExistsError(errno.EEXIST, "in the way", place)


def _move(entry: Path, place: Path) -> None:
    """Give a file or folder its place; what a folder holds goes into the one that may be there."""
    if not (entry.is_dir() and place.is_dir()):
        entry.rename(place)
        return
    for inner in list(entry.iterdir()):
        _move(inner, place / inner.name)


@contextmanager
def fresh_folder(path: Path) -> Iterator[Path]:
    """Give a hidden folder beside ``path`` to write to, and its name, which is free or an empty folder's, at the end.

    A failure leaves no folder, and what killed processes left of this is removed.

    Raises:
        UserError: The folder cannot be written, or the disk is full.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.{secrets.token_hex(4)}.part{path.suffix}")
    remove_leftovers(path)
    stack = ExitStack()
    try:
        temporary.mkdir(parents=True)
        stack.enter_context(held(temporary))
        yield temporary
        temporary.rename(path)
    except OSError as error:
        raise explain_unwritten(error, path) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        stack.close()


def is_free(folder: Path) -> bool:
    """Return whether ``fresh_folder`` can give a folder its name: nothing bears it, or an empty folder."""
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def refuse_existing(paths: Iterable[Path], overwrite: bool) -> None:
    """Refuse to replace what is there, unless that is asked for.

    Raises:
        UserError: One of the paths exists.
    """
    if not overwrite and (taken := next((path for path in paths if path.exists()), None)):
        raise UserError(f"{taken} already exists", "choose another --out or give --overwrite")


def require_writable(path: Path) -> None:
    """Refuse a place where ``atomic`` could not write later; its folder is made.

    Raises:
        UserError: The folder cannot be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise explain_unwritten(error, path) from error
