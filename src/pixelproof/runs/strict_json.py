"""What all strict JSON artefacts have in common: an object that names its version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pixelproof.errors import UserError


def check_version(path: Path, values: Any, version: int, kind: str) -> dict[str, Any]:
    """Return ``values`` if they are an object of the given version.

    Raises:
        UserError: They are something else, or of another version.
    """
    if not isinstance(values, dict):
        raise UserError(f"{path} is no {kind} file", "make it again")
    if values.get("version") != version:
        raise UserError(
            f"{path} is a {kind} file of version {values.get('version')}, expected {version}",
            "make it again with this version of Pixelproof",
        )
    return values
