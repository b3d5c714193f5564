"""Names of files that the libraries which write them can take, refused before anything is computed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pixelproof.errors import UserError, require_utf8, visible

LONGEST = 200
"""Bytes of a name: what is written for a while, or beside it, has a longer one, and file systems end at 255."""


def check_names(paths: Iterable[Path]) -> None:
    """Refuse names with control characters, which GDAL drops from them, and names that are too long.

    Raises:
        UserError: One of the paths has such a name, or is not UTF-8.
    """
    for path in paths:
        require_utf8(path)
        if visible(str(path)) != str(path):
            raise UserError(f"{path} has a control character in its name", "give a name without")
        check_length(path)


def check_length(path: Path) -> None:
    """Refuse a name that is too long.

    Raises:
        UserError: It is.
    """
    if len(os.fsencode(path.name)) > LONGEST:
        raise UserError(f"the name {path.name} is longer than {LONGEST} bytes", "give a shorter one")
