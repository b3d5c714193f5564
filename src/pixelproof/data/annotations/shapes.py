"""What people draw on images with annotation tools."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from pixelproof.array_types import Bool, Float64
from pixelproof.data.drawing import inside, run_lengths
from pixelproof.errors import UserError
from pixelproof.labels.drawn import class_name

CIRCLE = 72
"""Corners of the outline that stands for a circle."""
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
        patch: Which pixels of a part of the image it covers, bool [h, w], in the place of both.
        at: Row and column where the part of the image begins that the patch is, or that runs go through row by row;
            None where they go through all of it, column by column.
        shares: Whether outlines are in parts of the image's width and height, and not in pixels.
    """

    name: str
    outlines: tuple[Float64, ...] = ()
    runs: tuple[list[int], tuple[int, int]] | None = None
    patch: Bool | None = None
    at: tuple[int, int] | None = None
    shares: bool = False

    @property
    def drawn(self) -> bool:
        """Whether it has an area."""
        return bool(self.outlines) or self.runs is not None or self.patch is not None

    def mask(self, height: int, width: int) -> Bool:
        """Return which pixels' middles it covers, [height, width].

        Raises:
            ValueError: Its runs or its patch are of an image of another size.
        """
        if self.at is not None:
            return self._placed(*self.at, np.zeros((height, width), np.bool_))
        if self.runs is None:
            scale = np.array([width, height] if self.shares else [1, 1])
            covered: Bool = np.logical_or.reduce([inside(each * scale, height, width) for each in self.outlines])
            return covered
        counts, size = self.runs
        if size != (height, width):
            raise ValueError(f"its runs are of {size[1]} x {size[0]} pixels, and the image has {width} x {height}")
        return run_lengths(counts, height, width)

    def _placed(self, top: int, left: int, mask: Bool) -> Bool:
        """Set what its patch, or its runs, cover of a part of a mask, and return that."""
        counts, size = ([], self.patch.shape) if self.patch is not None else self.runs or ([], (0, 0))
        bottom, right = top + size[0], left + size[1]
        if min(top, left) < 0 or bottom > mask.shape[0] or right > mask.shape[1]:  # told before memory is taken
            raise ValueError("its mask reaches beyond the image")
        mask[top:bottom, left:right] = run_lengths(counts, size[1], size[0]).T if self.patch is None else self.patch
        return mask


@dataclass(frozen=True)
class Drawing:
    """What is drawn on one image, in the order in which it was.

    Attributes:
        source: The file that says so.
        file: The image, by its path from there or from elsewhere.
        size: (height, width), None where it is not said.
        shapes: The things.
        listed: Whether the file is of many images, and not called as this one.
        split: The split that the image is said to be of; empty where it is not said.
        image: The image itself where it is known, its folder without links; then no other is looked for.
    """

    source: Path
    file: PurePosixPath
    size: tuple[int, int] | None
    shapes: list[Shape]
    listed: bool = True
    split: str = ""
    image: Path | None = None

    @property
    def called(self) -> PurePath:
        """What tells the image from others."""
        return self.image or self.file


def ellipse(center: Sequence[float], radii: Sequence[float], turned: float = 0) -> Float64:
    """Return an outline, [N, 2].

    Args:
        center: x and y in pixels.
        radii: Along x and along y, before it is turned.
        turned: Clockwise, in degrees.
    """
    angle, tilt = 2 * math.pi * np.arange(CIRCLE) / CIRCLE, math.radians(turned)
    x, y = radii[0] * np.cos(angle), radii[1] * np.sin(angle)
    turn = [x * math.cos(tilt) - y * math.sin(tilt), x * math.sin(tilt) + y * math.cos(tilt)]
    return np.asarray(center) + np.stack(turn, axis=1)


def named(path: Path, text: str) -> str:
    """Return the name of a class that a file gives.

    Raises:
        UserError: It is blank.
    """
    if not (name := class_name(text)):
        raise UserError(f"{path}: the name of a class is blank", "give it one there")
    return name


def posix(name: str) -> PurePosixPath:
    """Return the path of an image, which may be written as on Windows."""
    return PurePosixPath(name.replace("\\", "/"))


def size_of(height: float | None, width: float | None) -> tuple[int, int] | None:
    """Return the size that a file says an image has, None where it does not."""
    return (round(height), round(width)) if height and width else None
