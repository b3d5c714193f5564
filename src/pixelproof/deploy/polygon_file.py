"""Polygons of a GeoPackage, GeoJSON, FlatGeobuf or Shapefile, and their classes. Input is hostile until it is read."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pixelproof.deploy.geo import rasterio, shapely
from pixelproof.errors import UserError, explain_os_error
from pixelproof.numbers import counted, first_of
from pixelproof.runs.files import read_object
from pixelproof.schema import nearest

GEOJSON, BRACE = "GeoJSON:", b"{"
HEADS = {".gpkg": b"SQLite format 3\0", ".shp": b"\0\0\x27\x0a", ".fgb": b"fgb", ".geojson": BRACE, ".json": BRACE}
"""First bytes by suffix: GDAL would read whatever it recognises, some of it from networks."""
KNOWN = "give a .gpkg, .geojson, .fgb or .shp"
_AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


class Polygons(NamedTuple):
    """What a file holds.

    Attributes:
        crs: The coordinate reference system.
        shapes: Polygons and multipolygons, [N]; empty ones where a feature has none.
        field: What names their classes; None if nothing was asked for.
        values: What it says of each, [N].
    """

    crs: Any
    shapes: npt.NDArray[Any]
    field: str | None
    values: npt.NDArray[Any]


def read_polygons(path: Path, layer: str | None, field: str | None, named: bool) -> Polygons:
    """Read a file of polygons.

    Args:
        path: The file.
        layer: Which layer, where there are several.
        field: Which field to read; by default the only one there is.
        named: Whether one is wanted at all.

    Raises:
        UserError: The file is none of these, damaged, lies nowhere, or which layer or field is meant is not clear.
    """
    _refuse_other_kinds(path)
    # By its full path, which is a file's to GDAL; and GeoJSON by its driver, as other kinds of JSON name other files.
    source = f"{GEOJSON if HEADS[path.suffix.lower()] == BRACE else ''}{path.resolve()}"
    with _explained(path):
        layer = _layer(path, source, layer)
        field = _field(path, source, layer, field) if named else None
        crs, shapes, values = _read(path, source, layer, field)
    return Polygons(_crs(path, crs), _polygons(path, shapes), field, values)


def _refuse_other_kinds(path: Path) -> None:
    head = HEADS.get(path.suffix.lower())
    try:
        if not path.is_file():
            raise UserError(f"{path} does not exist" if not path.exists() else f"{path} is not a file", KNOWN)
        with path.open("rb") as file:
            start = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n") if head == BRACE else file.read(64)
    except OSError as error:
        raise explain_os_error(error, path) from error
    if head is None or not start.startswith(head):
        raise UserError(f"{path} holds no polygons that are read", KNOWN)
    if head == BRACE:
        _refuse_other_json(path)


def _refuse_other_json(path: Path) -> None:
    """Refuse JSON that is no GeoJSON, or whose CRS GDAL would look up elsewhere or take for degrees."""
    values = read_object(path, KNOWN)
    if values.get("type") not in ("FeatureCollection", "Feature"):
        raise UserError(f"{path} holds no polygons that are read", KNOWN)
    if (crs := values.get("crs")) is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) and crs.get("type") == "name" else None
    name = properties.get("name") if isinstance(properties, dict) else None
    try:
        if not isinstance(name, str) or not name.lower().startswith(("urn:ogc:def:crs:", "epsg:")):
            raise ValueError
        rasterio.crs.CRS.from_user_input(name)
    except ValueError:  # rasterio's own error is one
        raise UserError(f"the CRS of {path} is not said by a name such as EPSG:32633", "export it again") from None


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    import pyogrio.errors as errors

    kinds = (errors.DataSourceError, errors.DataLayerError, errors.FeatureError, errors.FieldError)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what GDAL finds odd and reads all the same
            yield
    except (*kinds, errors.GeometryError, errors.CRSError, shapely.errors.ShapelyError, UnicodeDecodeError):
        parts = ", or its .shx, .dbf or .prj is missing" if path.suffix.lower() == ".shp" else ""
        raise UserError(f"{path} is damaged, or holds no features{parts}", "copy or export it again") from None


def _layer(path: Path, source: str, wanted: str | None) -> str:
    import pyogrio

    # Others are tables, such as the styles that a GIS keeps beside the polygons.
    layers = [str(name) for name, kind in pyogrio.list_layers(source) if kind is not None]
    if not layers:
        raise UserError(f"{path} is damaged, or holds no features", "copy or export it again")
    if wanted is None and len(layers) == 1:
        return layers[0]
    if wanted in layers:
        return str(wanted)
    if wanted is None:
        raise UserError(f"{path} has {counted(len(layers), 'layer')}: {first_of(layers, 5)}", "choose one by --layer")
    raise UserError(f"{path} has no layer '{wanted}'", nearest(wanted, layers))


def _field(path: Path, source: str, layer: str, wanted: str | None) -> str:
    import pyogrio

    facts = pyogrio.read_info(source, layer=layer, force_feature_count=True)
    fields = [str(name) for name in facts["fields"]]
    if not facts["features"]:
        raise UserError(f"{path} holds no polygons", KNOWN)
    if wanted is None and len(fields) == 1:
        return fields[0]
    if wanted in fields:
        return str(wanted)
    if wanted is not None:
        raise UserError(f"{path} has no field '{wanted}'", nearest(wanted, fields))
    if not fields:
        raise UserError(f"{path} has no field that could name classes", "name the class of all polygons by --as")
    raise UserError(f"{path} has the fields {first_of(fields, 8)}", "say by --field which of them names the class")


def _read(
    path: Path, source: str, layer: str, field: str | None
) -> tuple[str | None, npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the CRS, the geometries, and what the field says of each."""
    import pyogrio.raw

    facts, _, shapes, values = pyogrio.raw.read(source, layer=layer, columns=[field] if field else [], force_2d=True)
    if shapes is None or not len(shapes):
        raise UserError(f"{path} holds no polygons", KNOWN)
    given = values[0] if field else np.full(len(shapes), None, object)
    return facts["crs"], shapely.from_wkb(shapes, on_invalid="fix"), given


def _crs(path: Path, named: str | None) -> Any:
    if not named:
        raise UserError(f"{path} does not say in which CRS it is", "export it again with one")
    try:
        return rasterio.crs.CRS.from_user_input(named)
    except ValueError:  # rasterio's own error is one
        raise UserError(f"the CRS of {path} cannot be read", "export it in another one") from None


def _polygons(path: Path, shapes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the geometries; what is none at all, or has no three corners, is an empty polygon."""
    shapes = np.where(shapely.is_missing(shapes), shapely.Polygon(), shapes)
    if not np.isin(kinds := shapely.get_type_id(shapes), _AREAS).all():
        strange = shapely.GeometryType(int(kinds[~np.isin(kinds, _AREAS)][0])).name.lower()
        raise UserError(f"{path} holds a {strange}, which has no area", "give polygons, such as a buffer around it")
    return shapes
