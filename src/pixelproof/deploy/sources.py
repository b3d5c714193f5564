"""The files that a raster is read from: of a VRT, all those it is made of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pixelproof.deploy.geo import open_raster
from pixelproof.errors import UserError, explain_os_error

ENDS = 2**16  # bytes at either end of a file that tell whether it is the same


def source_files(data: Any) -> list[Path]:
    """Return the files of an open raster and of the VRTs it is made of.

    Raises:
        UserError: One of them does not exist or is out of reach.
    """
    found: dict[Path, None] = {}
    waiting = [Path(name) for name in data.files if _is_local(name)]
    while waiting:
        file = waiting.pop(0)
        if file in found:
            continue
        _require(file, data.name)
        found[file] = None
        if file.suffix.lower() == ".vrt" and len(found) > 1:  # GDAL names only what the outer one is made of itself
            with open_raster(file, "VRT") as inner:
                waiting += [Path(name) for name in inner.files if _is_local(name)]
    return list(found)


def fingerprint(files: Iterable[Path], folder: Path) -> dict[str, Any]:
    """Return what changes with files: the size, time and ends of each, by its path from a folder.

    Raises:
        UserError: One of them may not be read.
    """
    return {os.path.relpath(file, folder): _mark(file) for file in files if file.is_file()}


def _is_local(name: str) -> bool:
    """Return whether GDAL's name of a source is a path; others are parts of a file or lie in archives."""
    return not name.startswith("/vsi") and (":" not in name[2:] or Path(name).exists())


def _require(file: Path, name: str) -> None:
    """Refuse a source of the raster ``name`` that is not there, or in a folder that may not be entered."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        remedy = "put it there, or build the VRT again"
        raise UserError(f"{name} is made of {file}, which does not exist", remedy) from None
    except OSError as error:
        raise explain_os_error(error, file) from error


def _mark(file: Path) -> dict[str, Any]:
    try:
        status = file.stat()
        with file.open("rb") as stream:
            digest = hashlib.sha256(stream.read(ENDS))
            stream.seek(max(status.st_size - ENDS, 0))
            digest.update(stream.read())
    except OSError as error:
        raise explain_os_error(error, file) from error
    return {"bytes": status.st_size, "changed": status.st_mtime_ns, "ends": digest.hexdigest()[:16]}
