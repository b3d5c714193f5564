"""Names of files that the libraries which write them can take, refused before anything is computed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pixelproof.errors import UserError, visible

LONGEST = 200
"""Bytes of a name: what is written for a while, or beside it, has a longer one, and file systems end at 255."""


def check_names(paths: Iterable[Path]) -> None:
    """Refuse names with control characters, which GDAL drops from them, and names that are too long.

    Raises:
        UserError: One of the paths has such a name, or is not UTF-8.
    """
    for path in paths:
        check_encoding(path)
        if visible(str(path)) != str(path):
            raise UserError(f"{path} has a control character in its name", "give a name without")
        if len(os.fsencode(path.name)) > LONGEST:
            raise UserError(f"the name {path.name} is longer than {LONGEST} bytes", "give a shorter one")


def check_encoding(path: Path) -> None:
    """Refuse a name that is not UTF-8.

    Raises:
        UserError: It is not.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        # Its own characters cannot be printed everywhere, either.
        shown = str(path).encode("utf-8", "backslashreplace").decode()
        raise UserError(f"the name {shown} is not UTF-8", "rename it") from None
