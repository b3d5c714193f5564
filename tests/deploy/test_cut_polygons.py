"""Files of polygons that scenes are cut by, of any size, format and place."""

import json

import numpy as np
import pyogrio.raw
import pytest
import rasterio
import shapely
from cut_grounds import CRS, FOREST, LAKE, ground, put_together, write_polygons
from map_scenes import noise, write_scene
from PIL import Image
from rasterio.warp import transform_geom

from pixelproof.deploy.cut import cut_scenes
from pixelproof.errors import UserError


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.gpkg", b"SQLite format 3\0" + b"\0" * 200, "is damaged, or holds no features"),
        ("a.gpkg", b"<OGRVRTDataSource/>", "holds no polygons that are read; give a .gpkg"),
        ("a.geojson", b'  {"type": "FeatureCollection", "features": [', "is not valid JSON (line 1)"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": []}', "holds no"),
        ("a.json", b"[1, 2]", "holds no polygons that are read"),
        (
            "a.json",
            b'{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read b.gpkg ! write s"}',
            "holds no polygons that are read",
        ),
        (
            "a.geojson",
            b'{"type": "FeatureCollection", "features": [], "crs": {"type": "link", "properties": {"href": "http://a"}}}',
            "is not said by a name such as EPSG:32633; export it again",
        ),
        (
            "a.geojson",
            b'{"type": "FeatureCollection", "features": [], "crs": {"type": "name", "properties": {"name": "/etc/x"}}}',
            "is not said by a name",
        ),
        ("a.shp", b"\0\0\x27\x0a" + b"\0" * 96, ""),
        ("a.fgb", b"fgb\3fgb\0" + b"\xff" * 300, "is damaged, or holds no features"),
        (
            "a.csv",
            b"wkt,kind\n",
            "holds neither polygons nor a raster that are read; give a .gpkg, .geojson",
        ),
    ],
)
def test_broken_files_are_refused(scene, tmp_path, name, content, problem, capfd):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as told:
        cut_scenes(scene, tmp_path / name, tmp_path / "out")
    assert problem in str(told.value)
    assert "\n" not in str(told.value)
    assert "ERROR" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("name", "taken"),
    [("EPSG:999999", False), ("urn:ogc:def:crs:EPSG::", False), ("urn:ogc:def:crs:OGC:1.3:CRS84", True)],
)
def test_geojson_may_name_a_crs_that_there_is(scene, tmp_path, name, taken):
    shapes = [
        shapely.geometry.shape(transform_geom(CRS, "EPSG:4326", shapely.geometry.mapping(ground(p))))
        for p in (FOREST, LAKE)
    ]
    labels = write_polygons(tmp_path / "labels.geojson", shapes, ["a", "b"], "EPSG:4326")
    value = json.loads(labels.read_text("utf-8")) | {"crs": {"type": "name", "properties": {"name": name}}}
    labels.write_text(json.dumps(value), "utf-8")
    if taken:
        assert cut_scenes(scene, labels, tmp_path / "out")["tiles"] == 1
        return
    with pytest.raises(UserError, match="is not said by a name such as EPSG:32633; export it again"):
        cut_scenes(scene, labels, tmp_path / "out")


def beyond(scene, shapes, source):
    """Which pixels' middles lie in polygons of another CRS, each middle asked for there."""
    with rasterio.open(scene) as data:
        columns, rows = np.meshgrid(np.arange(data.width) + 0.5, np.arange(data.height) + 0.5)
        x, y = (data.transform.a * columns + data.transform.c, data.transform.e * rows + data.transform.f)
        moved = rasterio.warp.transform(data.crs, source, x.ravel().tolist(), y.ravel().tolist())
    inside = np.logical_or.reduce([shapely.contains_xy(shape, *map(np.array, moved)) for shape in shapes])
    return inside.reshape(rows.shape)


@pytest.mark.parametrize(
    ("crs", "left", "top", "pixel", "shapes"),
    [
        ("EPSG:32633", 380_000, 5_110_000, 1000, [shapely.box(14, 45, 16, 46)]),  # edges bend by some pixels
        ("EPSG:32633", 380_000, 5_110_000, 100, [shapely.box(-180, -85, 180, 85)]),
        ("EPSG:3031", -504_000, 500_000, 8000, [shapely.box(-180, -90, 180, -88)]),  # a pole is in the scene
        ("EPSG:3031", -504_000, 500_000, 8000, [shapely.box(10, -89, 100, -86), shapely.box(170, -88.5, 180, -86)]),
        ("EPSG:32637", 380_000, 6_200_000, 1000, [shapely.box(30, 50, 40, 75), shapely.box(-180, 62, -170, 70)]),
        ("EPSG:32660", 700_000, 6_200_000, 2000, [shapely.box(178, 54, 180, 56), shapely.box(-180, 54, -178, 56)]),
        ("EPSG:4326", 178, 50, 0.05, [shapely.box(178.5, 47, 180, 49), shapely.box(-180, 47, -179, 49)]),
    ],
)
def test_polygons_of_any_size_come_from_degrees_to_wherever_the_scene_lies(tmp_path, crs, left, top, pixel, shapes):
    place = rasterio.transform.from_origin(left, top, pixel, pixel)
    scene = write_scene(tmp_path / "scene.tif", noise(80, 100), crs=crs, transform=place)
    labels = write_polygons(tmp_path / "labels.gpkg", shapes, ["a"] * len(shapes), "EPSG:4326")
    cut_scenes(scene, labels, tmp_path / "out", rest="rest", side=200)
    (mask,) = (np.array(Image.open(path)) for path in (tmp_path / "out" / "masks").iterdir())
    turned = [*shapes, *(shapely.affinity.translate(shape, 360) for shape in shapes)] if crs == "EPSG:4326" else shapes
    expected = beyond(scene, turned, "EPSG:4326")
    assert expected.any()
    assert ((mask == 0) != expected).sum() <= 1


def test_of_an_outline_that_crosses_itself_all_is_meant_that_it_encloses(scene, tmp_path):
    twice = [
        (10.1, 10.2),
        (60.1, 10.2),
        (60.1, 60.2),
        (30.1, 60.2),
        (30.1, 30.2),
        (80.1, 30.2),
        (80.1, 80.2),
        (10.1, 80.2),
    ]
    labels = write_polygons(tmp_path / "labels.gpkg", [ground(twice)], ["a"])
    cut_scenes(scene, labels, tmp_path / "out", rest="rest", side=200)
    mask, _ = put_together(tmp_path / "out", 90, 130)
    assert mask[0, 20, 40] == mask[0, 70, 20] == mask[0, 45, 70] == 0
    assert mask[0, 5, 5] == 1


def test_empty_dates_and_blanks_are_no_classes_and_names_are_one_line(scene, tmp_path):
    path = tmp_path / "labels.gpkg"
    wkb = np.array([shapely.to_wkb(ground(FOREST))] * 3, object)
    days = np.array(["2020-01-01", "NaT", "2021-01-01"], "datetime64[D]").astype("datetime64[ms]")
    pyogrio.raw.write(path, wkb, [days], ["day"], geometry_type="Polygon", crs=CRS)
    with pytest.raises(UserError, match="is of several classes at once; leave one of each two out"):
        cut_scenes(scene, path, tmp_path / "out")
    named = write_polygons(tmp_path / "named.gpkg", [ground(FOREST), ground(LAKE)], ["a \x1b[31m\n b", "  "])
    found = cut_scenes(scene, named, tmp_path / "named", rest=" the  rest ")
    assert list(found["classes"]) == ["a [31m b", "the rest"]
    assert found["unnamed"] == 1
    with pytest.raises(UserError, match="--as gives no name; give the name of a class"):
        cut_scenes(scene, named, tmp_path / "other", called=" ")


def test_tables_beside_the_polygons_are_no_layers(scene, labels, tmp_path):
    """As the styles that a GIS keeps there."""
    pyogrio.raw.write(
        labels,
        None,
        [np.array(["style"], object)],
        ["name"],
        layer="layer_styles",
        geometry_type=None,
        append=False,
        crs=None,
    )
    assert len(pyogrio.list_layers(labels)) == 2
    assert cut_scenes(scene, labels, tmp_path / "out")["classes"].keys() == {"forest", "lake"}
