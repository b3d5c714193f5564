"""``cut``: scenes and labels of their ground as a folder of images and masks to train on.

Tiles hold what the scene holds, all bands as they are stored and where they lie, so that nothing is decided here that
``bands`` and ``stretch`` decide later, and ``doctor`` sees which images overlap.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.array_types import Bool, UInt8
from pixelproof.data.images import encode_png
from pixelproof.deploy.ground_labels import GroundLabels, ground_labels, scenes_in
from pixelproof.deploy.sheet import OpenSheet, Sheet, read_sheet
from pixelproof.errors import UserError, require_utf8
from pixelproof.labels import VOID
from pixelproof.labels.drawn import byte_masks
from pixelproof.progress import bar, say
from pixelproof.runs import LABELS_FILE, labels_to_yaml
from pixelproof.runs.atomic import fresh_folder
from pixelproof.runs.files import AnyPath, Paths, as_paths, write_text
from pixelproof.windows import Window

SMALLEST = 32
"""Pixels a side of a tile."""
BLOCKS = 20
"""Groups of neighbouring tiles that there are to be at least, so that a part of them can be set aside."""
GROUPS = r"^(.*_b\d+)_"
"""The setting that keeps neighbours together: what lies side by side is alike, and flatters a score."""


def cut_scenes(
    scenes: Paths,
    labels: AnyPath,
    out: AnyPath,
    field: str | None = None,
    layer: str | None = None,
    called: str | None = None,
    rest: str | None = None,
    classes: AnyPath | None = None,
    side: int = 512,
) -> dict[str, Any]:
    """Cut scenes and what is known of their ground into images and masks, and say how much of each class there is.

    Args:
        scenes: Rasters that say where they lie, all of one type and number of bands, or folders of these; or one that
            does not.
        labels: Polygons (GeoPackage, GeoJSON, FlatGeobuf, Shapefile), or a raster of classes, in any CRS; or a folder
            with a raster for each scene, called alike. Of a scene that lies nowhere, a raster that does not either, of
            the same size.
        out: Folder for ``images/``, ``masks/`` and ``labels.yaml``, which must not be there yet.
        field: Of polygons, what names their class.
        layer: Of a file of polygons that has several.
        called: The class of all polygons, in the place of a field.
        rest: The class of ground under no polygon, which else is of no class.
        classes: A ``labels.yaml`` with the classes of a raster that does not name them.
        side: Pixels a side of a tile, or nearly so: scenes are cut into equal parts.

    Returns:
        ``classes`` (by name: ``pixels``, and ``polygons`` where there are some), ``tiles``, ``left_out`` (tiles without
        a class), ``contested`` (pixels in polygons of several classes) and ``unnamed`` (polygons).

    Raises:
        UserError: A file cannot be read, it is not known where labels lie on a scene, nothing of them does, or ``out``
            is there.
    """
    paths, folder = scenes_in(as_paths(scenes), Path(labels)), Path(out).resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} already exists", "choose another --out")
    if side < SMALLEST:
        raise UserError(f"tiles of {side} pixels a side are too small", f"give --side {SMALLEST} or more")
    if twice := next((stem for stem, n in Counter(path.stem for path in paths).items() if n > 1), None):
        raise UserError(f"two scenes are called '{twice}', as tiles are named", "rename one of them")
    if not paths:
        raise UserError("no scene is given", "give one or more")
    for path in paths:
        require_utf8(path)
    known = ground_labels(Path(labels), paths, field, layer, called, rest, Path(classes) if classes else None)
    sheets = [read_sheet(path, side) for path in known.scenes]
    _refuse_other_bands(sheets)
    for sheet in sheets:
        known.refuse_unplaced(sheet)
    with fresh_folder(folder) as temporary:
        return _Cutting(temporary, known).all(sheets)


class _Cutting:
    """Writes tiles, and counts what is in them."""

    def __init__(self, folder: Path, labels: GroundLabels) -> None:
        self.folder, self.labels = folder, labels
        self.scheme, self.values = byte_masks(labels.scheme)
        self.pixels = np.zeros(VOID + 1, np.int64)
        self.contested = self.hidden = 0
        self.written: list[tuple[Sheet, int, int]] = []

    def all(self, sheets: Sequence[Sheet]) -> dict[str, Any]:
        for name in ("images", "masks"):
            (self.folder / name).mkdir()
        total = sum(sheet.tiles for sheet in sheets)
        with bar("cut", total, "tiles") as step:
            for sheet in sheets:
                before = len(self.written)
                with sheet.opened() as pixels, self.labels.over(sheet) as classes:
                    for row, column, window in sheet.windows():
                        self._tile(sheet, pixels, row, column, window, *classes(window))
                        step()
                if len(self.written) == before and len(sheets) > 1:
                    say(f"warning: no tile of {sheet.path} has a class")
        if not self.written:
            raise UserError(*self._nothing(sheets))
        self._name_by_blocks()
        write_text(self.folder / LABELS_FILE, labels_to_yaml(self.scheme))
        polygons = self.labels.polygons
        return {
            "classes": {
                name: {"pixels": int(self.pixels[k])} | ({"polygons": polygons[name]} if polygons else {})
                for k, name in enumerate(self.scheme.names)
            },
            "tiles": len(self.written),
            "left_out": total - len(self.written),
            "contested": self.contested,
            "unnamed": self.labels.unnamed,
        }

    def _tile(
        self, sheet: Sheet, pixels: OpenSheet, row: int, column: int, window: Window, mask: UInt8, contested: Bool
    ) -> None:
        labelled = mask != VOID
        if not (labelled.any() or contested.any()):
            return
        valid = pixels.valid(window)
        self.contested += int((contested & valid).sum())
        self.hidden += int((labelled & ~valid).sum())
        mask[~valid] = VOID
        if (mask == VOID).all():
            return
        image, drawn = self._files(sheet.name(row, column, 1))
        image.write_bytes(pixels.tile(window))
        drawn.write_bytes(encode_png(self.values[mask]))
        self.pixels += np.bincount(mask.ravel(), minlength=VOID + 1)
        self.written.append((sheet, row, column))

    def _files(self, name: str) -> tuple[Path, Path]:
        return self.folder / "images" / f"{name}.tif", self.folder / "masks" / f"{name}.png"

    def _name_by_blocks(self) -> None:
        """Name the tiles by blocks of such a size that there are enough of these: known once all tiles are."""
        block = max(1, math.isqrt(len(self.written) // BLOCKS))
        for sheet, row, column in self.written:
            for file, named in zip(*(self._files(sheet.name(row, column, b)) for b in (1, block)), strict=True):
                file.rename(named)

    def _nothing(self, sheets: Sequence[Sheet]) -> tuple[str, str]:
        """Return why there is no tile, and what to do about it."""
        scene, labels = (str(sheets[0].path) if len(sheets) == 1 else "any scene"), self.labels.path
        if self.hidden:
            return f"{scene} holds no data where {labels} has a class", "give scenes and labels of the same ground"
        if self.contested:
            return f"all of {labels} that lies on {scene} is of several classes at once", "leave one of each two out"
        return f"nothing of {labels} lies on {scene}", "give labels of the same ground"


def _refuse_other_bands(sheets: Sequence[Sheet]) -> None:
    first = sheets[0]
    if other := next((sheet for sheet in sheets if sheet.kind != first.kind), None):
        problem = f"{first.path} has {first.kind}, {other.path} {other.kind}"
        raise UserError(problem, "cut scenes of one kind together, or convert them")
