"""Polygons as masks of a scene."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pixelproof.array_types import Bool, UInt8
from pixelproof.deploy.bringing import in_pixels
from pixelproof.deploy.geo import rasterio, shapely
from pixelproof.deploy.polygon_file import read_polygons
from pixelproof.errors import UserError
from pixelproof.labels import VOID, LabelScheme
from pixelproof.labels.drawn import class_name, given_name, name_order
from pixelproof.numbers import counted
from pixelproof.progress import say
from pixelproof.schema import parse
from pixelproof.windows import Window

BESIDE = (".dbf", ".shx", ".prj", ".cpg")
"""What lies beside a Shapefile and is a part of it."""
LONG = 1000
"""Vertices of a polygon of which a tile takes the part around it: bringing all of them along takes long."""


class PolygonLabels:
    """Polygons and their classes.

    Args:
        path: The file.
        field: Which of a feature's fields names its class; by default the only one there is.
        layer: Which layer, where there are several.
        called: The class of all polygons, in the place of a field.
        rest: The class of ground under no polygon, which else is of no class.

    Attributes:
        scheme: The classes, by name, those that are numbers by value; that of the rest comes last.
        polygons: How many there are of each.
        unnamed: How many name no class, and are left out.

    Raises:
        UserError: The file is none of these, damaged, lies nowhere, or does not say which field names the class.
    """

    def __init__(self, path: Path, field: str | None, layer: str | None, called: str | None, rest: str | None) -> None:
        self.path, rest = path, given_name(rest, "--rest")
        called = given_name(called, "--as")
        self.crs, self.shapes, field, values = read_polygons(path, layer, field, named=not called)
        named = np.array([_name(value) for value in values], object)
        if called:
            named[:] = called
        self.unnamed = int((named == "").sum())
        self.shapes, named = self.shapes[named != ""], named[named != ""]
        found = sorted({*named.tolist()} - {rest}, key=name_order)
        self.scheme, self._rest = _scheme(path, [*found, *([rest] if rest else [])], field), rest
        places = {name: place for place, name in enumerate(self.scheme.names)}
        self._classes = np.array([places[name] for name in named], np.int64)
        counts = np.bincount(self._classes, minlength=len(places)).tolist()
        self.polygons = dict(zip(self.scheme.names, counts, strict=True))

    @property
    def files(self) -> list[Path]:
        """Those it was read from, and some of a Shapefile that there may be."""
        return [self.path, *(self.path.with_suffix(ending) for ending in BESIDE)]

    @contextmanager
    def over(self, crs: Any, transform: Any, height: int, width: int) -> Iterator[_Placed]:
        """Give what fills windows of a raster of this CRS, transform and size."""
        pieces = in_pixels(self.shapes, self.crs, crs, transform, height, width)
        if pieces.lost:
            lost = counted(pieces.lost, "polygon")
            say(f"warning: {lost} of {self.path} left out, without a place in the scene's CRS")
        yield _Placed(pieces.shapes, self._classes[pieces.of], len(self.scheme.names) - 1 if self._rest else VOID)


class _Placed:
    """Polygons in the pixels of a raster."""

    def __init__(self, shapes: npt.NDArray[Any], classes: npt.NDArray[np.int64], rest: int) -> None:
        self._shapes, self._classes, self._rest = shapes, classes, rest
        self._tree = shapely.STRtree(shapes)
        self._long = (shapely.get_num_coordinates(shapes) > LONG) & shapely.is_valid(shapes)

    def __call__(self, window: Window) -> tuple[UInt8, Bool]:
        """Return the class of each pixel's middle, uint8 [h, w], and which lie in polygons of several classes.

        These are of no class, as is what no polygon covers unless the rest has one.
        """
        box = shapely.box(window.left, window.top, window.left + window.width, window.top + window.height)
        near = np.sort(self._tree.query(box))
        shapes, long = self._shapes[near], self._long[near]
        shapes[long] = shapely.clip_by_rect(shapes[long], *box.buffer(1).bounds)
        mask = np.full((window.height, window.width), self._rest, np.uint8)
        times = np.zeros(mask.shape, np.uint8)
        classes = self._classes[near]
        shown = ~shapely.is_empty(shapes)
        shapes, classes = shapes[shown], classes[shown]
        for index in np.unique(classes).tolist():
            inside = _inside(shapes[classes == index], window)
            mask[inside] = index
            times += inside
        mask[times > 1] = VOID
        return mask, times > 1


def _inside(shapes: Sequence[Any], window: Window) -> Bool:
    found: Bool = rasterio.features.geometry_mask(
        shapes,
        (window.height, window.width),
        rasterio.transform.Affine.translation(window.left, window.top),
        invert=True,
    )
    return found


def _name(value: Any) -> str:
    """Return what a field says as the name of a class; empty where it says nothing."""
    if value is None or (isinstance(value, np.datetime64) and np.isnat(value)):
        return ""
    if isinstance(value, float | np.floating):
        if not math.isfinite(value):
            return ""
        value = int(value) if float(value).is_integer() else value  # as whole numbers are read from columns with gaps
    return class_name(str(value))


def _scheme(path: Path, names: Sequence[str], field: str | None) -> LabelScheme:
    by = f", by its field '{field}'," if field else ""
    if len(names) > VOID:
        raise UserError(f"{path}{by} has {len(names):,} classes, and {VOID} are possible", "choose another --field")
    if len(names) < 2:
        problem = f"{path}{by} names {counted(len(names), 'class')}, and two are needed"
        raise UserError(problem, "say by --rest what all other ground is")
    classes = [{"name": name, "id": place} for place, name in enumerate(names)]
    return parse(LabelScheme, {"task": "segmentation", "classes": classes, "void_ids": [VOID]}, str(path))
