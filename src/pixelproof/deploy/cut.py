"""``cut``: scenes and labels of their ground as a folder of images and masks to train on.

Tiles hold what the scene holds, all bands as they are stored and where they lie, so that nothing is decided here that
``bands`` and ``stretch`` decide later, and ``doctor`` sees which images overlap.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pixelproof.deploy.cutting import Cutting
from pixelproof.deploy.ground_labels import GroundLabels, ground_labels, scenes_in
from pixelproof.deploy.journal import Journal
from pixelproof.deploy.sheet import Sheet, read_sheet
from pixelproof.deploy.sources import fingerprint
from pixelproof.errors import UserError, explain_unwritten, require_utf8
from pixelproof.runs.atomic import is_free
from pixelproof.runs.files import AnyPath, Paths, as_paths, file_digest

SMALLEST = 32
"""Pixels a side of a tile."""
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

    What was interrupted goes on where it was when the same call is made again.

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
        UserError: A file cannot be read, it is not known where labels lie on a scene, nothing of them does, ``out`` is
            there, or was begun with other settings.
    """
    paths, folder = scenes_in(as_paths(scenes), Path(labels)), Path(out).resolve()
    _check(paths, folder, side)
    known = ground_labels(Path(labels), paths, field, layer, called, rest, Path(classes) if classes else None)
    sheets = [read_sheet(path, side) for path in known.scenes]
    _refuse_other_bands(sheets)
    words = {"--field": field, "--layer": layer, "--as": called, "--rest": rest, "--side": side}
    words["--classes"] = file_digest(Path(classes)) if classes else None
    made_from = _made_from(sheets, known, folder.parent, words)
    return _cut(Journal(folder, made_from, changed="data", what="cut", by="delete it"), sheets, known, folder)


def _check(scenes: Sequence[Path], folder: Path, side: int) -> None:
    """Refuse what cannot be cut, before any scene is read."""
    if not is_free(folder):
        raise UserError(f"{folder} already exists", "choose another --out")
    if side < SMALLEST:
        raise UserError(f"tiles of {side} pixels a side are too small", f"give --side {SMALLEST} or more")
    if twice := next((stem for stem, n in Counter(path.stem for path in scenes).items() if n > 1), None):
        raise UserError(f"two scenes are called '{twice}', as tiles are named", "rename one of them")
    if not scenes:
        raise UserError("no scene is given", "give one or more")
    for path in scenes:
        require_utf8(path)


def _cut(journal: Journal, sheets: Sequence[Sheet], labels: GroundLabels, folder: Path) -> dict[str, Any]:
    """Cut what the journal does not have yet, and give the folder its name when all is there."""
    try:
        cutting = Cutting(journal, sheets, labels)
        found = cutting.all()
        cutting.folder.rename(folder)
    except OSError as error:
        raise explain_unwritten(error, folder) from error
    except UserError:
        journal.remove()
        raise
    finally:
        journal.close()
    journal.remove()
    return found


def _made_from(sheets: Sequence[Sheet], labels: GroundLabels, folder: Path, words: dict[str, Any]) -> dict[str, Any]:
    """Return everything that decides a tile, by the name that messages use."""
    files = dict.fromkeys(file for sheet in sheets for file in [*sheet.files, *labels.checked(sheet)])
    return {
        "list of scenes": [os.path.relpath(sheet.path, folder) for sheet in sheets],
        "file of labels": os.path.relpath(labels.path, folder),
        "data": fingerprint(files, folder),
        **words,
    }


def _refuse_other_bands(sheets: Sequence[Sheet]) -> None:
    first = sheets[0]
    if other := next((sheet for sheet in sheets if sheet.kind != first.kind), None):
        problem = f"{first.path} has {first.kind}, {other.path} {other.kind}"
        raise UserError(problem, "cut scenes of one kind together, or convert them")
