"""Polygons of one CRS in the pixels of a raster in another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Float64, Int64
from pixelproof.deploy.geo import located, outline, shapely, transformed

MARGIN = 0.05
"""How much further than a raster polygons are kept, in parts of its width."""
PARTS = 1024
"""Into how many parts an edge as long as the raster is divided before it is bent, so that hardly a pixel is wrong."""
TURN = 360.0


class Pieces(NamedTuple):
    """What of some polygons lies around a raster.

    Attributes:
        shapes: In pixels from the raster's upper left.
        of: Which polygon each is a part of, int64 [N].
        lost: How many polygons have no place in the raster's CRS.
    """

    shapes: npt.NDArray[Any]
    of: Int64
    lost: int


class Box(NamedTuple):
    """The surroundings of a raster in another CRS; longitudes run on beyond 180 degrees."""

    left: float
    bottom: float
    right: float
    top: float


def in_pixels(shapes: npt.NDArray[Any], source: Any, crs: Any, transform: Any, height: int, width: int) -> Pieces:
    """Return polygons, [N], in the pixels of a raster, as far as they lie around it.

    Long edges are straight in the polygons' own CRS: they are divided before they are brought into the raster's.

    Args:
        shapes: Polygons; of one that crosses itself all is meant that it encloses.
        source: Their CRS.
        crs: The raster's.
        transform: Likewise, from columns and rows to coordinates.
        height: Likewise, in pixels.
        width: Likewise.
    """
    wrong = ~shapely.is_valid(shapes)
    shapes = shapes.copy()
    shapes[wrong] = shapely.make_valid(shapes[wrong], method="structure", keep_collapsed=False)
    of, around = np.arange(len(shapes)), _surroundings(source, crs, transform, height, width)
    if around is not None and (source != crs or source.is_geographic):
        found = list(_clipped(shapes, around, source.is_geographic))
        shapes, of = (np.concatenate(parts) for parts in zip(*found, strict=True))
        shapes = shapely.segmentize(shapes, max(around.right - around.left, around.top - around.bottom) / PARTS)
    middle = located(transform, np.array([width / 2]), np.array([height / 2]))[0][0]
    into = ~transform

    def pixels(at: Float64) -> Float64:
        x, y = transformed(source, crs, *at.T.copy()) if source != crs else at.T
        with np.errstate(invalid="ignore"):  # of what is off the Earth
            if crs.is_geographic:
                x = x - TURN * np.round((x - middle) / TURN)
            placed = np.stack(located(into, x, y), axis=1)
        placed[~np.isfinite(placed).all(axis=1)] = np.inf  # a ring has to end where it began
        return placed

    shapes = shapely.transform(shapes, pixels)
    placed = np.isfinite(shapely.bounds(shapes)).all(axis=1)
    lost = len(set(of[~placed & ~shapely.is_empty(shapes)].tolist()))
    return Pieces(shapes[placed], of[placed], lost)


def _surroundings(source: Any, crs: Any, transform: Any, height: int, width: int) -> Box | None:
    """Return what of another CRS a raster and a margin cover; None where that has no place there."""
    columns, rows = outline(height, width)
    x, y = located(transform, columns, rows)
    x, y = transformed(crs, source, x, y) if source != crs else (x, y)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    bottom, top = float(y.min()), float(y.max())
    if source.is_geographic:
        x = np.unwrap(np.append(x, x[0]), period=TURN)
        if abs(x[-1] - x[0]) > TURN / 2:  # once around a pole, which is inside
            return Box(-180.0, -90.0 if top < 0 else bottom - 1, 180.0, 90.0 if top > 0 else top + 1)
    left, right = float(x.min()), float(x.max())
    margin = MARGIN * max(right - left, top - bottom)
    return Box(left - margin, bottom - margin, right + margin, top + margin)


def _clipped(shapes: npt.NDArray[Any], box: Box, turns: bool) -> Iterator[tuple[npt.NDArray[Any], Int64]]:
    """Yield the parts of polygons in a box and which ones these are of; in degrees also those a turn further on."""
    for turn in (-TURN, 0.0, TURN) if turns else (0.0,):
        parts = shapely.clip_by_rect(shapes, box.left - turn, box.bottom, box.right - turn, box.top)
        of = np.flatnonzero(~shapely.is_empty(parts))
        yield shapely.transform(parts[of], lambda at, by=turn: at + np.array([by, 0.0])), of
