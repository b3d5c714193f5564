"""Scenes cut into images and masks: every pixel has the class of the polygon over its middle, and nothing is lost."""

import json

import numpy as np
import pyogrio.raw
import pytest
import rasterio
import shapely
from map_scenes import UTM, noise, write_scene
from PIL import Image
from rasterio.warp import transform_geom

from pixelproof.data import DataFolder, open_data
from pixelproof.data.doctor import examine
from pixelproof.deploy.cut import GROUPS, cut_scenes
from pixelproof.errors import UserError
from pixelproof.labels import VOID

CRS = "EPSG:32633"
FOREST = [(3.1, 4.2), (61.3, 9.1), (50.2, 70.3), (12.3, 55.1)]
LAKE = [(70.1, 20.2), (99.3, 20.3), (99.1, 88.1), (80.3, 60.2)]


def ground(points):
    """Corners in pixels, x first, as a polygon on the ground."""
    return shapely.Polygon([UTM * point for point in points])


def write_polygons(path, shapes, names, crs=CRS, fields=("kind",), driver=None):
    kind = "Unknown" if {shape.geom_type for shape in shapes} != {"Polygon"} else "Polygon"
    data = [np.array(names, object) for _ in fields]
    wkb = np.array([shapely.to_wkb(shape) for shape in shapes], object)
    pyogrio.raw.write(path, wkb, data, list(fields), geometry_type=kind, crs=crs, driver=driver)
    return path


def middles_within(points, height, width):
    """Which pixels' middles lie in a polygon, by another library than the one that draws masks."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return shapely.contains_xy(shapely.Polygon(points), x, y)


def put_together(folder, height, width, kind="masks"):
    """All tiles of a scene side by side, by where they lie on the ground, and which pixels any of them covers."""
    whole, seen = None, np.zeros((height, width), int)
    for image in sorted((folder / "images").iterdir()):
        with rasterio.open(image) as tile:
            column, row = map(round, ~UTM * (tile.bounds.left, tile.bounds.top))
            place = slice(row, row + tile.height), slice(column, column + tile.width)
            pixels = tile.read()
        if kind == "masks":
            pixels = np.array(Image.open(folder / "masks" / f"{image.stem}.png"))[None]
        whole = np.zeros((len(pixels), height, width), pixels.dtype) if whole is None else whole
        whole[:, *place] = pixels
        seen[place] += 1
    return whole, seen


@pytest.fixture
def scene(tmp_path):
    return write_scene(tmp_path / "scene.tif", noise(90, 130))


@pytest.fixture
def labels(tmp_path):
    return write_polygons(tmp_path / "labels.gpkg", [ground(FOREST), ground(LAKE)], ["forest", "lake"])


def test_of_long_outlines_the_part_around_a_tile_is_drawn_alike(scene, tmp_path):
    angle, rng = np.linspace(0, 2 * np.pi, 3000, endpoint=False), np.random.default_rng(1)
    away = 30 + 4 * np.sin(7 * angle) + rng.normal(0, 0.2, 3000)
    coast = np.stack([60.3 + away * np.cos(angle), 45.2 + away * np.sin(angle)], axis=1)
    labels = write_polygons(tmp_path / "labels.gpkg", [shapely.Polygon([UTM * point for point in coast])], ["land"])
    cut_scenes(scene, labels, tmp_path / "out", rest="sea", side=32)
    mask, seen = put_together(tmp_path / "out", 90, 130)
    assert (seen == 1).all()
    whole = rasterio.features.geometry_mask([shapely.Polygon(coast)], (90, 130), rasterio.Affine.identity())
    np.testing.assert_array_equal(mask[0], whole)  # which is true, 1, outside


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".fgb", ".geojson"])
def test_masks_are_the_polygons_in_whatever_format_and_coordinates(scene, tmp_path, suffix):
    shapes, crs = [ground(FOREST), ground(LAKE)], CRS
    if suffix in (".geojson", ".fgb"):
        crs = "EPSG:4326"
        shapes = [shapely.geometry.shape(transform_geom(CRS, crs, shapely.geometry.mapping(s))) for s in shapes]
    labels = write_polygons(tmp_path / f"labels{suffix}", shapes, ["forest", "lake"], crs)
    found = cut_scenes(scene, labels, tmp_path / "out", side=32)
    mask, seen = put_together(tmp_path / "out", 90, 130)
    expected = np.full((90, 130), VOID)
    expected[middles_within(FOREST, 90, 130)] = 0
    expected[middles_within(LAKE, 90, 130)] = 1
    # Straight lines are not quite straight in degrees.
    assert (mask[0] != expected)[seen > 0].sum() <= (3 if crs == "EPSG:4326" else 0)
    assert (expected[seen == 0] == VOID).all()
    assert seen.max() == 1
    assert found["classes"]["forest"] == {"pixels": int((mask[0] == 0)[seen > 0].sum()), "polygons": 1}
    assert found["tiles"] == len(list((tmp_path / "out" / "masks").iterdir()))


def test_images_hold_what_the_scene_holds_and_lie_where_it_does(tmp_path, labels):
    values = np.random.default_rng(0).integers(0, 4000, (5, 90, 130)).astype(np.uint16)
    values[:, :20, :20] = 9999
    scene = write_scene(tmp_path / "scene.tif", values, nodata=9999)
    found = cut_scenes(scene, labels, tmp_path / "out", side=45)
    stored, seen = put_together(tmp_path / "out", 90, 130, "images")
    np.testing.assert_array_equal(stored[:, seen > 0], values[:, seen > 0])
    mask, _ = put_together(tmp_path / "out", 90, 130)
    assert (mask[0, :20, :20] == VOID).all()  # there is nothing to see
    assert found["tiles"] == 6
    with rasterio.open(next((tmp_path / "out" / "images").iterdir())) as tile:
        assert (tile.crs, tile.nodata, tile.count, tile.dtypes[0]) == (
            rasterio.crs.CRS.from_string(CRS),
            9999,
            5,
            "uint16",
        )
        assert {tile.height, tile.width} <= {43, 44, 45}
    # Nothing is decided that the settings decide later.
    data = open_data(tmp_path / "out")
    assert data.scheme.names == ("forest", "lake")


@pytest.mark.parametrize("how", ["alpha", "nodata", "palette"])
def test_what_holds_no_data_is_of_no_class_whoever_says_so(tmp_path, labels, how):
    values = np.full((4 if how == "alpha" else 1, 90, 130), 7, np.uint8)
    values[-1, 10:40, 10:60] = 0
    kinds = {"alpha": {"photometric": "RGB", "alpha": "yes"}, "nodata": {"nodata": 0}, "palette": {"nodata": 0}}
    scene = write_scene(tmp_path / "scene.tif", values, **kinds[how])
    if how == "palette":
        with rasterio.open(scene, "r+") as data:
            data.write_colormap(1, {7: (1, 2, 3), 0: (9, 9, 9)})
    cut_scenes(scene, labels, tmp_path / "out", rest="other", side=64)
    mask, _ = put_together(tmp_path / "out", 90, 130)
    assert (mask[0, 10:40, 10:60] == VOID).all()
    assert (mask[0] == VOID).sum() == 30 * 50
    with rasterio.open(next((tmp_path / "out" / "images").iterdir())) as tile, rasterio.open(scene) as data:
        assert tile.colorinterp == data.colorinterp
        assert how != "palette" or tile.colormap(1) == data.colormap(1)


def test_the_folder_is_ready_to_train_on_and_keeps_neighbours_together(scene, labels, tmp_path, pixelproof):
    code, out, _ = pixelproof(
        "cut", scene, "--labels", labels, "--out", tmp_path / "out", "--rest", "none", "--side", 32
    )
    assert code == 0
    assert f"pixelproof train {tmp_path / 'out'} --model fcn8s --set 'groups={GROUPS}'" in " ".join(out.split())
    data = open_data(tmp_path / "out")
    assert isinstance(data, DataFolder)
    assert data.scheme.names == ("forest", "lake", "none")
    assert len(data.splits["train"]) == 3 * 4
    assert not [f for f in examine(tmp_path / "out").findings if f.severity == "error"]
    settings = ["--set", f"groups={GROUPS}", "--set", "width=0.03", "--set", "epochs=1", "--set", "crop=32"]
    run = [*settings, "--set", "device=cpu", "--out", tmp_path / "run"]
    assert pixelproof("train", tmp_path / "out", "--model", "fcn8s-bn", *run)[0] == 0


def test_many_tiles_are_named_by_the_block_they_lie_in(tmp_path):
    scene = write_scene(tmp_path / "scene.tif", noise(400, 400))
    labels = write_polygons(tmp_path / "labels.gpkg", [ground([(0, 0), (400, 0), (400, 400), (0, 400)])], [None])
    found = cut_scenes(scene, labels, tmp_path / "out", called="land", rest="sea", side=40)
    assert found["tiles"] == 100
    blocks = {}
    for path in (tmp_path / "out" / "images").iterdir():
        _, block, row, column = path.stem.split("_")
        blocks.setdefault(block, set()).add((int(row[1:]) // 2, int(column[1:]) // 2))
    assert len(blocks) == 25
    assert all(len(places) == 1 for places in blocks.values())


def test_ground_of_several_classes_is_of_none_and_what_has_no_class_is_left_out(scene, tmp_path, pixelproof):
    over = [(40.1, 0.1), (90.2, 0.1), (90.3, 40.2), (40.2, 40.1)]
    shapes, names = [ground(FOREST), ground(over), ground(over), ground(LAKE)], ["10", "9", "9", None]
    labels = write_polygons(tmp_path / "labels.gpkg", shapes, names)
    code, out, _ = pixelproof("cut", scene, "--labels", labels, "--out", tmp_path / "out", "--side", 200, "--json")
    found = json.loads(out)
    both = middles_within(FOREST, 90, 130) & middles_within(over, 90, 130)
    assert (code, found["contested"], found["unnamed"]) == (0, int(both.sum()), 1)
    assert list(found["classes"]) == ["9", "10"]  # in the order of numbers
    mask, _ = put_together(tmp_path / "out", 90, 130)
    assert (mask[0][both] == VOID).all()
    assert (mask[0][middles_within(over, 90, 130) & ~both] == 0).all()  # two polygons of one class agree
    code, out, _ = pixelproof("cut", scene, "--labels", labels, "--out", tmp_path / "again")
    assert f"{both.sum():,} pixels in polygons of several classes are of none" in out
    assert "1 polygon without a class left out" in out


def test_numbers_with_gaps_are_classes(scene, tmp_path):
    shapes = [ground(FOREST), ground(LAKE), ground(LAKE)]
    path = tmp_path / "labels.gpkg"
    wkb = np.array([shapely.to_wkb(shape) for shape in shapes], object)
    pyogrio.raw.write(path, wkb, [np.array([4.0, 11.0, np.nan])], ["code"], geometry_type="Polygon", crs=CRS)
    found = cut_scenes(scene, path, tmp_path / "out")
    assert list(found["classes"]) == ["4", "11"]
    assert found["unnamed"] == 1


def test_a_raster_of_classes_may_lie_otherwise(scene, tmp_path):
    """It is finer than the scene and in degrees; its codes stay, and where it ends nothing is known."""
    values = np.zeros((90, 100), np.uint8)
    values[middles_within(FOREST, 90, 100)] = 40
    values[middles_within(LAKE, 90, 100)] = 80
    with rasterio.open(scene) as data:
        crs = data.crs
    place, width, height = rasterio.warp.calculate_default_transform(
        crs, "EPSG:4326", 100, 90, *rasterio.transform.array_bounds(90, 100, UTM), resolution=None
    )
    fine = place * place.scale(1 / 4)
    moved = np.zeros((4 * height, 4 * width), np.uint8)
    rasterio.warp.reproject(values, moved, src_transform=UTM, src_crs=crs, dst_transform=fine, dst_crs="EPSG:4326")
    labels = write_scene(tmp_path / "classes.tif", moved[None], crs="EPSG:4326", transform=fine, nodata=0)
    found = cut_scenes(scene, labels, tmp_path / "out", side=64)
    mask, seen = put_together(tmp_path / "out", 90, 130)
    expected = np.full((90, 130), VOID)
    expected[:, :100] = np.where(values, values, VOID)
    assert (mask[0] != expected)[seen > 0].mean() < 0.01
    assert (mask[0, :, 101:][seen[:, 101:] > 0] == VOID).all()
    assert open_data(tmp_path / "out").scheme.ids == (40, 80)
    assert list(found["classes"]) == ["40", "80"]


def test_codes_that_a_byte_does_not_hold_become_places(scene, tmp_path):
    values = np.full((1, 90, 130), 311, np.uint16)
    values[:, :40] = 112
    labels = write_scene(tmp_path / "classes.tif", values)
    names = tmp_path / "names.yaml"
    names.write_text("task: segmentation\nclasses: [{name: urban, id: 112}, {name: forest, id: 311}]\n", "utf-8")
    cut_scenes(scene, labels, tmp_path / "out", classes=names)
    mask, _ = put_together(tmp_path / "out", 90, 130)
    assert (mask[0, :40] == 0).all()
    assert (mask[0, 40:] == 1).all()
    assert open_data(tmp_path / "out").scheme.names == ("urban", "forest")


def test_several_scenes_become_one_folder(scene, labels, tmp_path):
    other = write_scene(tmp_path / "other.tif", noise(50, 60), transform=UTM * UTM.translation(60, 40))
    found = cut_scenes([scene, other], labels, tmp_path / "out", side=64)
    names = {path.stem.rsplit("_b", 1)[0] for path in (tmp_path / "out" / "images").iterdir()}
    assert names == {"scene", "other"}
    assert found["tiles"] == len(list((tmp_path / "out" / "masks").iterdir()))
    (tmp_path / "more").mkdir()
    with pytest.raises(UserError, match="two scenes are called 'scene', as tiles are named; rename one of them"):
        cut_scenes([scene, write_scene(tmp_path / "more" / "scene.tif", noise(50, 60))], labels, tmp_path / "twice")
    deep = write_scene(tmp_path / "deep.tif", noise(50, 60).astype(np.uint16))
    with pytest.raises(UserError, match=r"scene.tif has 3 bands of uint8, .*deep.tif 3 bands of uint16; cut scenes of"):
        cut_scenes([scene, deep], labels, tmp_path / "mixed")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"field": "king"}, "has no field 'king'; did you mean 'kind'?"),
        ({"layer": "other"}, "has no layer 'other'; "),
        ({"field": "kind", "called": "a"}, "--field and --as both say the class of polygons; leave one of them out"),
        ({"called": "land"}, "names 1 class, and two are needed; say by --rest what all other ground is"),
        ({"classes": "labels.yaml"}, "holds polygons, and --classes is for rasters; leave it out"),
        ({"side": 8}, "tiles of 8 pixels a side are too small; give --side 32 or more"),
    ],
)
def test_what_is_asked_wrongly_is_one_sentence(scene, labels, tmp_path, options, problem):
    with pytest.raises(UserError) as told:
        cut_scenes(scene, labels, tmp_path / "out", **options)
    assert problem in str(told.value)
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_cut_is_one_sentence(scene, labels, tmp_path):
    def refused(problem, where=scene, by=labels, **options):
        with pytest.raises(UserError) as told:
            cut_scenes(where, by, tmp_path / "out", **options)
        assert problem in str(told.value)
        assert not [path for path in tmp_path.iterdir() if path.name.startswith((".out", "out"))]

    nowhere = write_scene(tmp_path / "nowhere.tif", noise(50, 60), crs=None)
    refused("nowhere.tif does not say where it lies; give a scene with a CRS and a transform", nowhere)
    refused("alone.tif does not say where it lies; give labels with a CRS", by=write_scene(
        tmp_path / "alone.tif", np.ones((1, 90, 130), np.uint8), crs=None))  # fmt: skip
    torn = tmp_path / "torn.tif"
    torn.write_bytes(scene.read_bytes()[:-9000])
    refused("torn.tif is truncated or damaged in rows", torn)
    away = write_polygons(tmp_path / "away.gpkg", [ground([(900, 900), (950, 900), (950, 950)])] * 2, ["a", "b"])
    refused("away.gpkg lies on the scene; give labels of the same ground", by=away)
    lines = write_polygons(tmp_path / "lines.gpkg", [shapely.LineString([(0, 0), (1, 1)])], ["road"])
    refused("lines.gpkg holds a linestring, which has no area; give polygons, such as a buffer around it", by=lines)
    several = write_polygons(tmp_path / "several.gpkg", [ground(LAKE)] * 2, ["a", "b"], fields=("kind", "use"))
    refused("several.gpkg has the fields kind, use; say by --field which of them names the class", by=several)
    bare = write_polygons(tmp_path / "bare.gpkg", [ground(LAKE)], [None], fields=())
    refused("bare.gpkg has no field that could name classes; name the class of all polygons by --as", by=bare)
    refused("scene.tif holds no polygons, which --rest is for", by=scene, rest="none")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="out already exists; choose another --out"):
        cut_scenes(scene, labels, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.gpkg", b"SQLite format 3\0" + b"\0" * 200, "is damaged, or holds no features"),
        ("a.gpkg", b"<OGRVRTDataSource/>", "holds no polygons that are read; give a .gpkg"),
        ("a.geojson", b'  {"type": "FeatureCollection", "features": [', "is damaged, or holds no features"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": []}', "holds no"),
        ("a.json", b"[1, 2]", "holds no polygons that are read"),
        ("a.shp", b"\0\0\x27\x0a" + b"\0" * 96, ""),
        ("a.fgb", b"fgb\3fgb\0" + b"\xff" * 300, "is damaged, or holds no features"),
        ("a.csv", b"wkt,kind\n", "is not a GeoTIFF"),
    ],
)
def test_broken_files_are_refused(scene, tmp_path, name, content, problem, capfd):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as told:
        cut_scenes(scene, tmp_path / name, tmp_path / "out")
    assert problem in str(told.value)
    assert "\n" not in str(told.value)
    assert "ERROR" not in capfd.readouterr().err
