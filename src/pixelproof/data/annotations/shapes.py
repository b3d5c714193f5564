"""What people draw on images with annotation tools."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from pixelproof.array_types import Bool, Float64
from pixelproof.data.drawing import inside, run_lengths

FARTHEST = 1e6
"""Pixels from the upper left at which an outline may have a corner."""
IGNORED = "__ignore__"
"""What LabelMe calls ground that is of no class."""
Corners = list[Annotated[float, Field(ge=-FARTHEST, le=FARTHEST)]]


class Loose(BaseModel):
    """What is read of a record that holds more."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


@dataclass(frozen=True)
class Shape:
    """What is drawn around one thing; without outlines it has no area, as a point or a box alone.

    Attributes:
        name: Of its class.
        outlines: [N, 2] each, x and y in pixels; it is inside where any of them is.
        runs: Pixels outside and inside by turns, in the place of outlines, with the size they are of.
    """

    name: str
    outlines: tuple[Float64, ...] = ()
    runs: tuple[list[int], tuple[int, int]] | None = None

    @property
    def drawn(self) -> bool:
        """Whether it has an area."""
        return self.runs is not None or bool(self.outlines)

    def mask(self, height: int, width: int) -> Bool:
        """Return which pixels' middles it covers, [height, width].

        Raises:
            ValueError: Its runs are of an image of another size.
        """
        if self.runs is None:
            covered: Bool = np.logical_or.reduce([inside(outline, height, width) for outline in self.outlines])
            return covered
        counts, size = self.runs
        if size != (height, width):
            raise ValueError(f"its runs are of {size[1]} x {size[0]} pixels, and the image has {width} x {height}")
        return run_lengths(counts, height, width)


@dataclass(frozen=True)
class Drawing:
    """What is drawn on one image, in the order in which it was.

    Attributes:
        source: The file that says so.
        file: The image, by its path from there or from elsewhere.
        size: (height, width), None where it is not said.
        shapes: The things.
        listed: Whether the file is of many images, and not called as this one.
    """

    source: Path
    file: PurePosixPath
    size: tuple[int, int] | None
    shapes: list[Shape]
    listed: bool = True


def posix(name: str) -> PurePosixPath:
    """Return the path of an image, which may be written as on Windows."""
    return PurePosixPath(name.replace("\\", "/"))


def size_of(height: float | None, width: float | None) -> tuple[int, int] | None:
    """Return the size that a file says an image has, None where it does not."""
    return (round(height), round(width)) if height and width else None
