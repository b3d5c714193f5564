"""Where on the ground an image lies, as its file or one beside it says, which the extra ``geo`` reads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from pixelproof.data.tiffs import rasters
from pixelproof.errors import UserError

_PLACED = (33922, 34264)
"""Tags of TIFF: points that are tied to the ground, or the way from pixels to it."""
_HIGHEST, _FURTHEST = 100.0, 1000.0
"""Latitudes and longitudes that are none: metres are often called degrees by mistake."""


class Footprint(NamedTuple):
    """The ground that an image shows.

    Attributes:
        crs: The coordinate reference system as WKT; empty where none is known, so that coordinates are mere numbers.
        corners: x and y of the upper left corner and the others in their order around the image, 8 numbers.
        grain: The share of it that the outermost row or column of pixels holds, the larger of the two.
    """

    crs: str
    corners: tuple[float, ...]
    grain: float


UNREAD = Footprint("", (), 1.0)
"""Stands for the ground of an image that says where it lies, where the extra is missing that reads it."""


def place_of(path: Path, image: Image.Image) -> Footprint | None:
    """Return where an image lies that Pillow has open, None if neither its file nor one beside it says."""
    tagged = isinstance(image, TiffImageFile) and any(tag in image.tag_v2 for tag in _PLACED)
    if not tagged and not any(beside.is_file() for beside in _beside(path)):
        return None
    try:
        reading = rasters()
    except UserError:
        return UNREAD
    try:
        # Listing a folder of many files for each of them takes longer than all else.
        with reading.rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="TRUE"), reading.opened_raster(path) as raster:
            return footprint(raster)
    except UserError:  # Pillow reads it, and that is all that training needs
        return None


def footprint(raster: Any) -> Footprint | None:
    """Return where an open raster lies, None if it does not say."""
    from pixelproof.data.coordinates import located

    transform, crs = raster.transform, raster.crs
    nowhere = crs is None and (transform.c, transform.f) == (0, 0)  # pixels counted in another unit, or upwards
    if nowhere or transform.is_identity or transform.is_degenerate:
        return None
    height, width = float(raster.height), float(raster.width)
    x, y = located(transform, np.array([0, width, width, 0]), np.array([0, 0, height, height]))
    corners = np.stack([x, y], axis=1)
    if not np.isfinite(corners).all():
        return None
    misnamed = crs is not None and crs.is_geographic and (abs(corners) > (_FURTHEST, _HIGHEST)).any()
    wkt = "" if crs is None or misnamed else sys.intern(crs.to_wkt())  # thousands of images share one
    return Footprint(wkt, tuple(corners.ravel().tolist()), 1 / min(height, width))


def _beside(path: Path) -> Iterator[Path]:
    """Yield the files beside an image that GDAL takes its place from: world files, and its own."""
    letters = path.suffix[1:2] + path.suffix[-1:]
    for suffix in (f".{letters}w", f".{path.suffix[1:]}w", ".wld"):
        yield from (path.with_suffix(written) for written in {suffix, suffix.lower(), suffix.upper()})
    yield path.with_name(f"{path.name}.aux.xml")
