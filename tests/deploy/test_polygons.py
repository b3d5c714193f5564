"""Polygons cover exactly the pixels."""

import json
import sqlite3
from contextlib import closing

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from map_scenes import UTM, noise, write_scene
from rasterio.features import rasterize
from scipy.ndimage import gaussian_filter, label

from pixelproof import api
from pixelproof.deploy.areas import Ground
from pixelproof.deploy.legend import Legend
from pixelproof.deploy.polygons import polygons
from pixelproof.deploy.raster import Scene
from pixelproof.deploy.settings import MapSettings
from pixelproof.deploy.vectors import write_polygons
from pixelproof.errors import UserError
from pixelproof.labels import PRESETS


def strips(values, rows):
    return [(top, values[top : top + rows]) for top in range(0, len(values), rows)]


def rasters(classes=3):
    shapes = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14)
    return arrays(np.uint8, shapes, elements=st.integers(0, classes - 1))


@given(rasters(), st.integers(1, 6))
def test_polygons_are_the_connected_areas_of_the_raster(values, rows):
    found = list(polygons(strips(values, rows)))
    assert all(outline.is_valid and outline.geom_type == "Polygon" for _, outline in found)
    back = rasterize([(outline, value + 1) for value, outline in found], values.shape, dtype="uint8")
    np.testing.assert_array_equal(back, values + 1)
    assert sum(outline.area for _, outline in found) == values.size
    areas = sum(label(values == value)[1] for value in range(3))
    assert len(found) == areas


@given(rasters(), st.integers(1, 6), st.floats(0.5, 3))
def test_simplified_polygons_leave_no_gap_and_no_overlap(values, rows, tolerance):
    found = [outline for _, outline in polygons(strips(values, rows), tolerance)]
    assert all(outline.is_valid for outline in found)
    assert sum(outline.area for outline in found) == pytest.approx(values.size)
    assert shapely.union_all(found).equals(shapely.box(0, 0, *values.shape[::-1]))


def blobs(height, width):
    """Return an image of smooth coloured blobs, so that the map has few large areas."""
    values = gaussian_filter(np.random.default_rng(3).normal(size=(3, height, width)), (0, 9, 9))
    return ((values - values.min()) / np.ptp(values) * 255).astype(np.uint8)


def test_a_geopackage_gives_the_map_back(slim_run, tmp_path):
    pixels = blobs(200, 300)
    pixels[:, :30, :40] = 0
    scene = write_scene(tmp_path / "scene.tif", pixels, nodata=0)
    facts = api.map(slim_run.path, scene, tmp_path / "map.tif", polygons=tmp_path / "p.gpkg", device="cpu")
    meta, _, outlines, (ids, names, hectares) = pyogrio.raw.read(tmp_path / "p.gpkg")
    assert meta["crs"] == "EPSG:32633"
    outlines = shapely.from_wkb(outlines)
    assert len(outlines) == facts["polygons"]["count"]
    with rasterio.open(tmp_path / "map.tif") as data:
        values = data.read(1)
    back = rasterize(zip(outlines, ids, strict=True), values.shape, fill=255, transform=UTM, dtype="uint8")
    np.testing.assert_array_equal(back, values)
    for name, found in facts["classes"].items():
        assert hectares[names == name].sum() == pytest.approx(found["hectares"])
        assert shapely.area(outlines[names == name]).sum() / 1e4 == pytest.approx(found["hectares"])
    assert set(ids[names == "forest"]) <= {3}


def test_geojson_is_longitude_and_latitude(slim_run, tmp_path):
    scene = write_scene(tmp_path / "scene.tif", blobs(100, 120))
    api.map(slim_run.path, scene, tmp_path / "m.tif", polygons=tmp_path / "p.geojson", simplify=25, device="cpu")
    collection = json.loads((tmp_path / "p.geojson").read_text())
    assert collection["type"] == "FeatureCollection"
    outlines = [shapely.geometry.shape(feature["geometry"]) for feature in collection["features"]]
    assert all(outline.exterior.is_ccw for outline in outlines)
    west, south, east, north = shapely.total_bounds(outlines)
    expected = rasterio.warp.transform_bounds("EPSG:32633", "EPSG:4326", 400_000, 5_599_000, 401_200, 5_600_000)
    np.testing.assert_allclose([west, south, east, north], expected, atol=1e-5)
    total = sum(feature["properties"]["hectares"] for feature in collection["features"])
    assert total == pytest.approx(120)
    assert {"id", "class", "hectares"} == set(collection["features"][0]["properties"])


def test_geojson_follows_long_straight_edges(tmp_path):
    pixels = rasterio.transform.from_origin(200_000, 6_600_000, 500, 500)
    path = write_scene(tmp_path / "scene.tif", np.zeros((3, 40, 220), np.uint8), transform=pixels)
    with closing(Scene(path, MapSettings())) as scene:
        legend, ground = Legend.of(PRESETS["deepglobe"]), Ground(scene.crs, scene.transform, 40, 220)
        write_polygons(tmp_path / "p.geojson", [(0, shapely.box(0, 0, 220, 40))], scene, legend, ground)
    (feature,) = json.loads((tmp_path / "p.geojson").read_text())["features"]
    (longitude,), (latitude,) = rasterio.warp.transform("EPSG:32633", "EPSG:4326", [255_000], [6_600_000])
    off = shapely.geometry.shape(feature["geometry"]).exterior.distance(shapely.Point(longitude, latitude))
    assert off * 111_000 < 50  # metres; a straight line to the corners is 280 away


def test_simplifying_takes_corners_away(slim_run, tmp_path):
    scene = write_scene(tmp_path / "scene.tif", noise(100, 120))
    corners = []
    for metres in (0, 100):
        out = tmp_path / f"{metres}.tif"
        api.map(slim_run.path, scene, out, polygons=out.with_suffix(".gpkg"), simplify=metres, device="cpu")
        _, _, outlines, _ = pyogrio.raw.read(out.with_suffix(".gpkg"))
        corners.append(int(shapely.get_num_coordinates(shapely.from_wkb(outlines)).sum()))
    assert corners[1] < 0.9 * corners[0]


@pytest.mark.parametrize(
    ("crs", "transform", "west", "parts"),
    [
        ("EPSG:32601", rasterio.transform.from_origin(354_000, 7_213_000, 10, 10), None, 2),
        ("EPSG:4326", rasterio.transform.from_origin(179.98, -16, 1e-4, 1e-4), None, 2),
        ("EPSG:4269", rasterio.transform.from_origin(240, 40, 1e-3, 1e-3), -120, 1),
    ],
)
def test_geojson_is_cut_at_the_date_line(slim_run, tmp_path, crs, transform, west, parts):
    pixels = np.zeros((3, 300, 800), np.uint8)
    scene = write_scene(tmp_path / "scene.tif", pixels, crs=crs, transform=transform)
    facts = api.map(slim_run.path, scene, tmp_path / "m.tif", polygons=tmp_path / "p.geojson", device="cpu")
    features = json.loads((tmp_path / "p.geojson").read_text())["features"]
    pieces = shapely.get_parts([shapely.geometry.shape(feature["geometry"]) for feature in features])
    bounds = shapely.bounds(pieces)
    assert bounds[:, 0].min() == (-180 if west is None else west)
    assert bounds[:, 2].max() <= 180
    assert (bounds[:, 2] - bounds[:, 0]).max() < 1
    assert max(len(shapely.get_parts(shapely.geometry.shape(f["geometry"]))) for f in features) == parts
    hectares = sum(feature["properties"]["hectares"] for feature in features)
    assert hectares == pytest.approx(sum(c["hectares"] for c in facts["classes"].values()), rel=1e-6)


def test_a_pole_is_for_a_geopackage(slim_run, tmp_path):
    place = rasterio.transform.from_origin(-200_000, 150_000, 1000, 1000)
    scene = write_scene(tmp_path / "scene.tif", blobs(300, 400), crs="EPSG:3413", transform=place)
    with pytest.raises(UserError, match="holds a pole"):
        api.map(slim_run.path, scene, tmp_path / "m.tif", polygons=tmp_path / "p.geojson", device="cpu")
    facts = api.map(slim_run.path, scene, tmp_path / "m.tif", polygons=tmp_path / "p.gpkg", device="cpu")
    _, _, _, (_, _, hectares) = pyogrio.raw.read(tmp_path / "p.gpkg")
    assert hectares.sum() == pytest.approx(sum(c["hectares"] for c in facts["classes"].values()), rel=1e-4)


def test_a_geopackage_that_is_open_elsewhere_is_kept(slim_run, tmp_path):
    scene, out = write_scene(tmp_path / "scene.tif", blobs(60, 70)), tmp_path / "m.tif"
    words = {"polygons": tmp_path / "p.gpkg", "device": "cpu"}
    api.map(slim_run.path, scene, out, **words)
    with closing(sqlite3.connect(tmp_path / "p.gpkg")) as reader:
        reader.execute("pragma journal_mode = wal")  # as QGIS opens it
        reader.execute("create table mine (a)")
        with pytest.raises(UserError, match=r"is open in another program, for p\.gpkg-wal is there"):
            api.map(slim_run.path, scene, out, **words, overwrite=True)
    api.map(slim_run.path, scene, out, **words, overwrite=True)
