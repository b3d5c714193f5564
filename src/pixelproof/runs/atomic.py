"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import glob
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.runs.locks import lock


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
        if _abandoned(entry, entry.name[1:].partition(".")[0]):
            shutil.rmtree(entry, ignore_errors=True)
    new = [folder for folder in (path, *path.parents) if not folder.exists()]
    held = ExitStack()
    try:
        temporary.mkdir(parents=True)
        held.enter_context(_held(temporary))
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
        held.close()
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
    held = ExitStack()
    try:
        temporary.mkdir(parents=True)
        held.enter_context(_held(temporary))
        yield temporary
        temporary.rename(path)
    except OSError as error:
        raise explain_unwritten(error, path) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        held.close()


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


def remove_leftovers(path: Path) -> None:
    """Remove what killed processes left beside ``path`` while they were writing it."""
    for entry in path.parent.glob(f".{glob.escape(path.stem)}.*.part{glob.escape(path.suffix)}*"):
        if not _abandoned(entry, entry.name[len(path.stem) + 2 :].partition(".")[0]):
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            with suppress(OSError):
                entry.unlink()


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder that is being written, for those who do not see this process: in other containers and machines."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        lock(handle)
        yield
    finally:
        os.close(handle)


def _abandoned(entry: Path, process: str) -> bool:
    """Return whether what the process of this number was writing is left of one that no longer runs, anywhere.

    In containers, a process often has the number of the one that was killed; folders are held, so that they tell.
    """
    if entry.is_dir() and process == str(os.getpid()):
        return not _is_held(entry)
    return _ended(process) and not _is_held(entry)


def _is_held(entry: Path) -> bool:
    try:
        handle = os.open(entry, os.O_RDONLY)
    except OSError:  # gone, or another user's
        return False
    try:
        return not lock(handle)
    finally:
        os.close(handle)


def _ended(process: str) -> bool:
    """Return whether this is the number of a process that no longer runs here."""
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError, ValueError):  # another user's, or no number of a process
        pass
    return False


def is_leftover(path: Path) -> bool:
    """Return whether ``path`` is what a killed process was writing."""
    return path.name.startswith(".") and path.name.endswith(".part")


def explain_unwritten(error: OSError, path: Path) -> UserError:
    """Return the sentence for a failed write of ``path``, whose folders are made where they can be."""
    if error.errno == errno.ENOENT:
        return UserError(f"no folder can be made for {path}", "choose another place")
    return explain_os_error(error, path)


def explain_os_error(error: OSError, path: Path) -> UserError:
    """Return the sentence for a failed read or write of ``path``."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UserError(f"the disk is full while writing {path}", "free some space and run the command again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError(f"no permission for {path}", "change its permissions or choose another folder")
    if error.errno == errno.ENOENT:
        return UserError(f"{path} does not exist", "check the path")
    if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        return UserError(f"{path} is in the way of a file or folder of another kind", "choose another path")
    return UserError(f"{path} cannot be used: {error.strerror or error}", "check the disk and the path")
