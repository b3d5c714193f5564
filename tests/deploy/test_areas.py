"""Hectares, by hand and by PROJ's own geodesics."""

import numpy as np
import pyproj
import pytest
import rasterio.warp
from rasterio.crs import CRS
from rasterio.transform import from_bounds, from_origin

from pixelproof.deploy.areas import CELL, Ground


def pixel_areas(crs, transform, height=5, width=3 * CELL + 7):
    ground = Ground(CRS.from_user_input(crs), transform, height, width)
    return ground.method, ground.cells(0, height, width)


@pytest.mark.parametrize(
    ("crs", "pixel", "square_metres"),
    [
        ("EPSG:32633", (10, 10), 100.0),
        ("EPSG:25832", (0.5, 0.25), 0.125),
        ("EPSG:2263", (3, 3), 9 * (1200 / 3937) ** 2),  # New York Long Island, US survey feet
        ("EPSG:2222", (10, 10), 100 * 0.3048**2),  # Arizona East, international feet
    ],
)
def test_projected_areas_are_those_of_the_plane(crs, pixel, square_metres):
    middle = {"EPSG:2263": (1_000_000, 200_000), "EPSG:2222": (700_000, 1_000_000)}.get(crs, (500_000, 5_500_000))
    method, areas = pixel_areas(crs, from_origin(*middle, *pixel))
    assert method == "planimetric"
    np.testing.assert_allclose(areas, square_metres, rtol=1e-9)


@pytest.mark.parametrize(
    ("west", "north", "step"), [(13, 52, 1e-4), (-180, 90, 1.0), (100, -75, 0.01), (179.9, 0.05, 1e-3)]
)
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4314"])  # WGS 84, and Bessel's ellipsoid
def test_pixels_in_degrees_have_their_geodesic_area(west, north, step, crs):
    method, areas = pixel_areas(crs, from_origin(west, north, step, step))
    assert method == "ellipsoidal"
    geod = pyproj.CRS(crs).get_geod()
    for row in range(5):
        top, bottom = north - row * step, north - (row + 1) * step
        lons = np.linspace(west, west + step, 2000)  # parallels are no geodesics, so they are followed in small steps
        ring = np.concatenate([lons, lons[::-1]]), np.repeat([bottom, top], 2000)
        expected = abs(geod.polygon_area_perimeter(*ring)[0])
        np.testing.assert_allclose(areas[row], expected, rtol=1e-6)


def test_web_mercator_does_not_count_its_own_square_metres():
    x, y = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform(10, 50)
    method, areas = pixel_areas("EPSG:3857", from_origin(x, y, 10, 10))
    assert method == "ellipsoidal"
    assert areas.max() < 100 / 2.3
    back = pyproj.Transformer.from_crs(3857, 4326, always_xy=True)
    lon, lat = back.transform([x, x + 10, x + 10, x], [y - 10, y - 10, y, y])
    expected = pyproj.Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)[0]
    assert areas[0, 0] == pytest.approx(abs(expected), rel=1e-5)


def test_rotated_pixels_keep_their_area():
    turned = from_origin(500_000, 5_500_000, 10, 10) @ rasterio.Affine.rotation(30)
    assert pixel_areas("EPSG:32633", turned)[1] == pytest.approx(100)


def test_without_a_known_place_there_is_no_area():
    assert Ground(None, rasterio.Affine.identity(), 5, 5).method is None
    local = CRS.from_wkt('LOCAL_CS["site",UNIT["metre",1]]')
    assert Ground(local, from_origin(0, 0, 1, 1), 5, 5).method is None
    assert Ground(CRS.from_epsg(32633), rasterio.Affine.identity(), 5, 5).method is None  # a CRS, but no transform


def total(crs, transform, height, width):
    ground = Ground(CRS.from_user_input(crs), transform, height, width)
    pixels = np.diff(np.append(np.arange(0, width, CELL), width))
    cells = ground.cells(0, height, width)
    rows, columns = np.nonzero(np.isnan(cells))
    return ground, np.nansum(cells * pixels) + ground.pixels(rows, CELL * columns, width).sum()


@pytest.mark.parametrize(
    ("crs", "pole", "transform"),
    [
        ("EPSG:3413", 90, from_origin(-200_000, 150_000, 1000, 1000)),
        ("EPSG:3031", -90, from_origin(-2_000, 1_500, 10, 10)),
        ("EPSG:3031", -90, from_origin(250_000, 150_000, 1000, 1000)),  # beside the pole
    ],
)
def test_around_a_pole_pixels_are_as_large_as_anywhere(crs, pole, transform):
    height, width = 300, 400
    ground, area = total(crs, transform, height, width)
    assert ground.method == "ellipsoidal"
    there = pyproj.CRS.from_proj4(f"+proj=laea +lat_0={pole} +datum=WGS84")
    edge = np.linspace(0, 1, 2000)
    columns = width * np.concatenate([edge, edge * 0 + 1, 1 - edge, edge * 0])
    rows = height * np.concatenate([edge * 0, edge, edge * 0 + 1, 1 - edge])
    x, y = pyproj.Transformer.from_crs(crs, there, always_xy=True).transform(*transform @ (columns, rows))
    assert area == pytest.approx(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2, rel=1e-5)


def test_a_map_of_the_world_is_as_large_as_the_world():
    half = 20037508.342789244
    earth = 510_065_621_724_088
    assert total("EPSG:4326", from_bounds(-180, -90, 180, 90, 720, 360), 360, 720)[1] == pytest.approx(earth)
    mercator = total("EPSG:3857", from_bounds(-half, -half, half, half, 512, 512), 512, 512)[1]
    assert mercator == pytest.approx(0.9962387 * earth)  # it ends at 85.05 degrees


def test_what_is_beyond_the_earth_has_no_area():
    ground, area = total("ESRI:54009", from_bounds(-18.05e6, -9.03e6, 18.05e6, 9.03e6, 400, 300), 300, 400)
    assert ground.method == "planimetric"
    assert np.isfinite(area)
    seen = "+proj=geos +h=35785831 +lon_0=-75 +sweep=x +datum=WGS84"
    ground, area = total(seen, from_bounds(-5.44e6, -5.44e6, 5.44e6, 5.44e6, 640, 640), 640, 640)
    assert ground.method == "ellipsoidal"
    assert np.isnan(ground.cells(0, 1, 640)[0, 0])
    assert not ground.pixels(np.array([0]), np.array([0]), 640).any()
    limb = ground.pixels(np.array([320]), np.array([0]), 640)[0]
    assert 0 < np.count_nonzero(limb) < CELL
    assert 3 < limb[limb > 0].mean() / ground.cells(320, 1, 640)[0, 5] < 30  # seen aslant, pixels cover more


@pytest.mark.parametrize(
    ("crs", "method"),
    [
        ("EPSG:8857", "planimetric"),
        ("ESRI:54008", "planimetric"),
        ("+proj=sinu +lon_0=10 +datum=WGS84", "planimetric"),
        ("ESRI:54034", "planimetric"),
        ("ESRI:54042", "ellipsoidal"),
    ],
)
def test_what_is_beside_the_globe_is_neither_ground_nor_on_its_other_side(crs, method):
    """Equal Earth, sinusoidal, cylindrical and Winkel Tripel; ways back from beside an outline lead somewhere else."""
    ground, area = total(crs, from_bounds(-2.0037e7, -1e7, 2.0037e7, 1e7, 160, 80), 80, 160)
    assert ground.method == method
    assert area == pytest.approx(510_065_621_724_088, rel=0.05)


def test_a_piece_beside_the_globe_has_no_area():
    ground, area = total("EPSG:8857", from_bounds(1.5e7, 7.5e6, 1.6e7, 8e6, 80, 40), 40, 80)
    assert ground.method == "planimetric"
    assert area == 0


@pytest.mark.parametrize("crs", ["+proj=sinu +R=3396190 +units=m", "ESRI:54076"])
def test_a_plane_without_a_way_to_degrees_is_measured_as_it_is(crs):
    """Mars, and Wagner VII, for which PROJ has no way back."""
    assert pixel_areas(crs, from_origin(0, 0, 10, 10)) == ("planimetric", pytest.approx(100))


@pytest.mark.parametrize("crs", ["ESRI:54042", "ESRI:54027", "ESRI:54011"])
def test_no_place_is_asked_for_by_itself(crs, monkeypatch):
    """Ways back of Winkel Tripel, a conic and Eckert V lead to latitudes that PROJ refuses one by one."""
    calls, once = [], rasterio.warp.transform
    monkeypatch.setattr(rasterio.warp, "transform", lambda *places: calls.append(places) or once(*places))
    total(crs, from_bounds(-2e7, -1e7, 2e7, 1e7, 80, 40), 40, 80)
    assert len(calls) < 40


def test_metres_that_are_called_degrees_have_no_area():
    degrees = CRS.from_epsg(4326)
    assert Ground(degrees, from_origin(500_000, 5_500_000, 10, 10), 40, 40).method is None
    assert Ground(degrees, from_bounds(-180.5, -90.5, 180.5, 90.5, 361, 181), 181, 361).method == "ellipsoidal"
