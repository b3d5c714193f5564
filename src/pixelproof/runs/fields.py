"""Values that records of several kinds hold."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field

Count = Annotated[int, Field(ge=0, lt=2**63)]
Share = Annotated[float, Field(ge=0, le=1)]


def _inside(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or "\\" in value:
        raise ValueError(f"'{value}' lies outside the study folder")
    return value


Inside = Annotated[str, AfterValidator(_inside)]
"""A place inside the study folder, relative to it, with forward slashes: the file may come from a stranger."""
