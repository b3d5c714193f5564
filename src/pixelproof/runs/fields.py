"""Values that records of several kinds hold."""

from __future__ import annotations

import math
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from pixelproof.schema import Strict


def _none_for_nan(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


Count = Annotated[int, Field(ge=0, lt=2**63)]
Share = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[float | None, BeforeValidator(_none_for_nan)]


def _inside(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or "\\" in value:
        raise ValueError(f"'{value}' lies outside the study folder")
    return value


Inside = Annotated[str, AfterValidator(_inside)]
"""A place inside the study folder, relative to it, with forward slashes: the file may come from a stranger."""


class Estimate(Strict):
    """A figure with its 95% interval; no bounds where nothing shows how much it varies."""

    value: Number
    low: Number = None
    high: Number = None

    @property
    def turned(self) -> Estimate:
        """A difference the other way round."""
        value, low, high = (None if each is None else -each for each in (self.value, self.high, self.low))
        return Estimate(value=value, low=low, high=high)
