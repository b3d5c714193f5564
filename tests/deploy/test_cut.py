"""Scenes cut into images and masks: every pixel has the class of the polygon over its middle, and nothing is lost."""

import json
import subprocess
import sys

import numpy as np
import pyogrio.raw
import pytest
import rasterio
import shapely
from map_scenes import UTM, noise, read, write_scene
from PIL import Image
from rasterio.warp import transform_geom

from pixelproof.data import DataFolder, open_data, write_png
from pixelproof.data.doctor import examine
from pixelproof.deploy.cut import GROUPS, cut_scenes
from pixelproof.deploy.geo import open_raster
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


def test_codes_of_a_raster_that_are_one_class_are_cut_as_one(scene, tmp_path):
    values = np.full((1, 90, 130), 3, np.uint8)
    values[:, :40], values[:, 40:80] = 1, 2
    labels = write_scene(tmp_path / "classes.tif", values)
    names = tmp_path / "names.yaml"
    lines = "classes: [{name: urban, id: 1}, {name: green, id: 2, alias_ids: [3]}]\n"
    names.write_text(f"task: segmentation\n{lines}", "utf-8")
    cut_scenes(scene, labels, tmp_path / "out", classes=names)
    mask, _ = put_together(tmp_path / "out", 90, 130)
    np.testing.assert_array_equal(mask[0], np.minimum(values[0], 2))
    assert [c.ids for c in open_data(tmp_path / "out").scheme.classes] == [(1,), (2,)]


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


SLIDES = {
    "colours.png": (3, np.uint8, {"driver": "PNG"}),
    "deep.png": (1, np.uint16, {"driver": "PNG"}),
    "photo.jpg": (3, np.uint8, {"driver": "JPEG"}),
    "stack.tif": (5, np.float32, {"driver": "GTiff"}),
    "slide.jp2": (3, np.uint8, {"driver": "JP2OpenJPEG", "QUALITY": 100, "REVERSIBLE": "YES"}),
}


@pytest.mark.parametrize("name", SLIDES)
def test_what_lies_nowhere_is_cut_pixel_by_pixel(tmp_path, name):
    """As images of a microscope; tiles do not say that they lie anywhere either."""
    bands, dtype, options = SLIDES[name]
    values = np.random.default_rng(0).integers(0, 256, (bands, 90, 130)).astype(dtype)
    scene = write_scene(tmp_path / name, values, crs=None, **options)
    classes = (np.arange(90)[:, None] // 7 + np.arange(130) // 9).astype(np.uint8) % 3
    write_png(tmp_path / "mask.png", classes)
    found = cut_scenes(scene, tmp_path / "mask.png", tmp_path / "out", side=32)
    assert found["tiles"] == 3 * 4
    stored, masks = read(scene), np.zeros_like(classes)
    edges = [[round(part * length / parts) for part in range(parts + 1)] for length, parts in ((90, 3), (130, 4))]
    for image in (tmp_path / "out" / "images").iterdir():
        row, column = (int(part[1:]) for part in image.stem.split("_")[-2:])
        rows, columns = (slice(*edges[axis][k : k + 2]) for axis, k in ((0, row), (1, column)))
        with open_raster(image) as tile:
            np.testing.assert_array_equal(tile.read(), stored[:, rows, columns])
            assert (tile.crs, tile.transform.is_identity) == (None, True)
        masks[rows, columns] = np.array(Image.open(tmp_path / "out" / "masks" / f"{image.stem}.png"))
    np.testing.assert_array_equal(masks, classes)
    assert open_data(tmp_path / "out").scheme.ids == (0, 1, 2)


def test_what_lies_nowhere_must_be_of_the_same_pixels(tmp_path, labels):
    def refused(problem, scenes, by):
        with pytest.raises(UserError) as told:
            cut_scenes(scenes, by, tmp_path / "out")
        assert problem in str(told.value)
        assert not (tmp_path / "out").exists()

    classes = (noise(90, 130)[0] // 128).astype(np.uint8)
    colors = noise(90, 130).transpose(1, 2, 0)
    for name, pixels in (("scene", colors), ("two", colors), ("mask", classes), ("less", classes[1:])):
        write_png(tmp_path / f"{name}.png", pixels)
    scene, mask = tmp_path / "scene.png", tmp_path / "mask.png"
    refused("scene.png has 130 x 90 pixels and", scene, tmp_path / "less.png")
    refused("less.png 130 x 89, and they do not say where they lie; give labels of", scene, tmp_path / "less.png")
    refused(
        "mask.png does not say where it lies, and 2 scenes are given; cut each", [scene, tmp_path / "two.png"], mask
    )
    refused("scene.png does not say where it lies; give a scene with a CRS and a transform, or a raster", scene, labels)
    placed = write_scene(tmp_path / "placed.tif", classes[None])
    refused("scene.png does not say where it lies; give a scene with a CRS", scene, placed)
    refused("mask.png does not say where it lies; give labels with a CRS and a transform", placed, mask)
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.new("RGB", (130, 90)).save(tmp_path / "turned.jpg", exif=exif)
    refused("turned.jpg is stored turned (EXIF orientation 3); save it upright", tmp_path / "turned.jpg", mask)
    (tmp_path / "scene.pgw").write_text("1\n0\n0\n-1\n500\n500\n")
    refused("mask.png have different coordinates and no CRS; say in which CRS they are", scene, mask)
    (tmp_path / "mask.pgw").write_text("1\n0\n0\n-1\n500\n500\n")
    assert cut_scenes(scene, mask, tmp_path / "out")["tiles"] == 1


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
        tmp_path / "alone.tif", noise(90, 130)[:1] // 128, crs=None))  # fmt: skip
    torn = tmp_path / "torn.tif"
    torn.write_bytes(scene.read_bytes()[:-9000])
    refused("torn.tif is truncated or damaged in rows", torn)
    away = write_polygons(tmp_path / "away.gpkg", [ground([(900, 900), (950, 900), (950, 950)])] * 2, ["a", "b"])
    refused("scene.tif; give labels of the same ground", by=away)
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


def test_blocks_are_counted_where_tiles_are(tmp_path):
    scene = write_scene(tmp_path / "scene.tif", noise(1600, 1600))
    corner = ground([(0.1, 0.1), (319.9, 0.1), (319.9, 319.9), (0.1, 319.9)])
    labels = write_polygons(tmp_path / "labels.gpkg", [corner, ground(LAKE)], ["a", "b"])
    found = cut_scenes(scene, labels, tmp_path / "out", side=32)
    assert found["tiles"] == 100
    assert len({path.stem.split("_")[1] for path in (tmp_path / "out" / "images").iterdir()}) == 25
    assert {path.stem for path in (tmp_path / "out" / "images").iterdir()} == {
        path.stem for path in (tmp_path / "out" / "masks").iterdir()
    }


def test_why_there_is_nothing_is_said(scene, tmp_path, capsys):
    twice = write_polygons(tmp_path / "twice.gpkg", [ground(FOREST)] * 2, ["a", "b"])
    with pytest.raises(UserError, match=r"all of .*twice.gpkg that lies on .*scene.tif is of several classes at once"):
        cut_scenes(scene, twice, tmp_path / "out")
    dark = write_scene(tmp_path / "dark.tif", np.zeros((3, 90, 130), np.uint8), nodata=0)
    plain = write_polygons(tmp_path / "plain.gpkg", [ground(FOREST), ground(LAKE)], ["a", "b"])
    with pytest.raises(UserError, match=r"dark.tif holds no data where .*plain.gpkg has a class"):
        cut_scenes(dark, plain, tmp_path / "out")
    away = write_scene(tmp_path / "away.tif", noise(40, 40), transform=UTM * UTM.translation(900, 900))
    cut_scenes([scene, away], plain, tmp_path / "out")
    assert "away.tif has a class" in capsys.readouterr().err
    with pytest.raises(UserError, match="no scene is given"):
        cut_scenes([], plain, tmp_path / "none")
    one = write_scene(tmp_path / "one.tif", np.ones((1, 90, 130), np.uint8))
    with pytest.raises(UserError, match=r"one.tif has 1 class, and two are needed"):
        cut_scenes(scene, one, tmp_path / "one")


def test_undefined_numbers_are_no_data_and_what_bands_are_called_is_kept(tmp_path, labels):
    values = np.random.default_rng(0).random((2, 90, 130)).astype(np.float32)
    values[0, 20:30, 30:40] = np.nan
    scene = write_scene(tmp_path / "scene.tif", values)
    with rasterio.open(scene, "r+") as data:
        data.descriptions, data.scales, data.offsets = ("red", "near infrared"), (0.5, 2.0), (1.0, 0.0)
    cut_scenes(scene, labels, tmp_path / "out", rest="rest", side=200)
    mask, _ = put_together(tmp_path / "out", 90, 130)
    assert (mask[0, 20:30, 30:40] == VOID).all()
    assert (mask[0] == VOID).sum() == 100
    with rasterio.open(next((tmp_path / "out" / "images").iterdir())) as tile:
        assert (tile.descriptions, tile.scales, tile.offsets) == (("red", "near infrared"), (0.5, 2.0), (1.0, 0.0))
    odd = write_scene(tmp_path / "odd.tif", values.astype(np.complex64))
    with pytest.raises(UserError, match="complex"):
        cut_scenes(odd, labels, tmp_path / "complex")


def grid(step, *values):
    """A raster of classes in squares."""
    rows, columns = np.arange(90)[:, None] // step, np.arange(130) // step
    return np.array(values, np.uint8)[(rows + columns) % len(values)][None]


def test_folders_are_paired_by_name_and_what_is_alone_is_named(tmp_path, pixelproof):
    scenes, masks = tmp_path / "scenes", tmp_path / "masks"
    for folder in (scenes, masks):
        folder.mkdir()
    for name in ("a", "b_RGB", "c", "without"):
        write_scene(scenes / f"{name}.tif", noise(90, 130))
    (scenes / "notes.txt").write_text("none")
    write_scene(masks / "a.tif", grid(30, 1, 2))
    write_scene(masks / "b_label.tif", grid(30, 1, 5))
    write_png(masks / "c_mask.png", grid(30, 2, 5)[0])
    (masks / "c_mask.pgw").write_text(
        "".join(f"{v}\n" for v in (UTM.a, 0, 0, UTM.e, UTM.c + UTM.a / 2, UTM.f + UTM.e / 2))
    )
    write_scene(masks / "alone_mask.tif", grid(30, 1, 2))
    (masks / "c_mask.png.aux.xml").write_text(f"<PAMDataset><SRS>{CRS}</SRS></PAMDataset>")
    code, out, err = pixelproof("cut", scenes, "--labels", masks, "--out", tmp_path / "out", "--side", 45, "--json")
    assert code == 0, err
    said = "left out 1 scene without labels (without.tif) and 1 raster of classes without a scene (alone_mask.tif)"
    assert f"warning: {said}" in " ".join(err.split())
    assert set(json.loads(out)["classes"]) == {"1", "2", "5"}
    assert open_data(tmp_path / "out").scheme.ids == (1, 2, 5)
    for stem, values in (("a", (1, 2)), ("b_RGB", (1, 5)), ("c", (2, 5))):
        assert {path.stem.split("_b0")[0] for path in (tmp_path / "out" / "images").iterdir()} == {"a", "b_RGB", "c"}
        cut_scenes(scenes / f"{stem}.tif", masks, tmp_path / stem, side=45)
        for mask in (tmp_path / "out" / "masks").glob(f"{stem}_b*"):
            assert set(np.unique(np.array(Image.open(mask)))) <= set(values)
            [same] = (tmp_path / stem / "masks").glob(f"{stem}_b*{mask.stem[-10:]}.png")
            assert (np.array(Image.open(same)) == np.array(Image.open(mask))).all()


def test_masks_beside_scenes_and_slides_in_folders(tmp_path):
    for name, values in (("a", (0, 1)), ("b", (1, 2))):
        write_png(tmp_path / "slides" / f"{name}_sat.png", noise(90, 130).transpose(1, 2, 0))
        write_png(tmp_path / "slides" / f"{name}_mask.png", grid(9, *values)[0])
    found = cut_scenes(tmp_path / "slides", tmp_path / "slides", tmp_path / "out", side=64)
    assert found["tiles"] == 2 * 2
    assert open_data(tmp_path / "out").scheme.ids == (0, 1, 2)


def test_polygons_may_be_of_all_scenes_of_a_folder(scene, labels, tmp_path):
    (tmp_path / "scenes").mkdir()
    write_scene(tmp_path / "scenes" / "other.tif", noise(50, 60), transform=UTM * UTM.translation(60, 40))
    scene.rename(tmp_path / "scenes" / "scene.tif")
    labels = labels.rename(tmp_path / "scenes" / "labels.gpkg")
    cut_scenes(tmp_path / "scenes", labels, tmp_path / "out", side=64)
    assert {path.stem.rsplit("_b", 1)[0] for path in (tmp_path / "out" / "images").iterdir()} == {"scene", "other"}


def test_folders_that_do_not_fit_are_one_sentence(tmp_path):
    def refused(problem, scenes, by, **options):
        with pytest.raises(UserError) as told:
            cut_scenes(scenes, by, tmp_path / "out", **options)
        assert problem in str(told.value)
        assert not (tmp_path / "out").exists()

    scenes, masks, empty = (tmp_path / name for name in ("scenes", "masks", "empty"))
    for folder in (scenes, masks, empty):
        folder.mkdir()
    for name in "ab":
        write_scene(scenes / f"{name}.tif", noise(90, 130))
    refused("empty holds no scenes; give a folder with GeoTIFF, PNG", empty, masks)
    refused("masks holds no raster of classes that is called as a scene is; call each raster as", scenes, masks)
    refused("masks holds no polygons, which --rest is for", scenes, masks, rest="other")
    write_scene(masks / "a.tif", grid(9, 3))
    refused("masks has 1 class, and two are needed; name others in --classes", scenes, masks)
    write_scene(masks / "a_gt.tif", grid(9, 3, 4))
    refused("a.tif and ", scenes, masks)
    (masks / "a.tif").unlink()
    with rasterio.open(write_scene(masks / "b.tif", grid(9, 3, 4)), "r+") as data:
        data.update_tags(CLASS_3="lake", CLASS_4="land")
    refused("a_gt.tif calls the value 3 '3', and ", scenes, masks)
    (tmp_path / "labels.yaml").write_text("task: segmentation\nclasses: [{name: lake, id: 3}, {name: land, id: 4}]\n")
    assert set(cut_scenes(scenes, masks, tmp_path / "out", classes=tmp_path / "labels.yaml")["classes"]) == {
        "lake",
        "land",
    }


KILLED = """
import os, sys
from pathlib import Path
from pixelproof.deploy import cut, cutting, sheet
cutting.BLOCKS = 4
where, name, number, *files = sys.argv[1:]
owner, calls = {"OpenSheet": sheet.OpenSheet, "Path": Path}[where], []
whole = getattr(owner, name)
def dying(self, *given):
    calls.append(given)
    if len(calls) == int(number):
        os._exit(9)
    return whole(self, *given)
setattr(owner, name, dying)
cut.cut_scenes(files[:-2], files[-2], files[-1], side=32)
"""


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def two(scene, tmp_path):
    return [scene, write_scene(tmp_path / "other.tif", noise(90, 70))]


# Amid the first scene's second row, amid the second scene, and while tiles are named by their blocks.
@pytest.mark.parametrize("at", [("OpenSheet", "tile", 6), ("OpenSheet", "tile", 14), ("Path", "rename", 9)])
def test_a_cut_that_was_killed_goes_on_to_the_same_files(two, labels, tmp_path, capfd, at, monkeypatch):
    monkeypatch.setattr("pixelproof.deploy.cutting.BLOCKS", 4)
    found = cut_scenes(two, labels, tmp_path / "whole", side=32)
    command = [sys.executable, "-c", KILLED, *map(str, [*at, *two, labels, tmp_path / "out"])]
    assert subprocess.run(command, check=False).returncode == 9
    assert not (tmp_path / "out").exists()
    begun = tmp_path / ".out.part"
    assert cut_scenes(two, labels, tmp_path / "out", side=32) == found
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert "going on: " in capfd.readouterr().err
    assert not begun.exists()


def test_what_was_cut_otherwise_is_not_gone_on_with(two, labels, tmp_path, capfd, monkeypatch):
    def stop(self, window):
        raise KeyboardInterrupt

    def interrupted():
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr("pixelproof.deploy.sheet.OpenSheet.tile", stop)
            cut_scenes(two, labels, tmp_path / "out", side=32)

    interrupted()
    with pytest.raises(
        UserError, match=r"\.out\.part holds an unfinished cut with another --side; give .*, or delete it to"
    ):
        cut_scenes(two, labels, tmp_path / "out", side=45)
    with pytest.raises(UserError, match=r"an unfinished cut with another list of scenes"):
        cut_scenes(two[:1], labels, tmp_path / "out", side=32)
    write_scene(two[1], noise(90, 60))
    found = cut_scenes(two, labels, tmp_path / "out", side=32)
    assert "the data has changed since an unfinished cut was begun; starting anew" in capfd.readouterr().err
    assert found == cut_scenes(two, labels, tmp_path / "other", side=32)
    assert contents(tmp_path / "out") == contents(tmp_path / "other")


def test_a_finished_cut_that_was_removed_is_made_again(two, labels, tmp_path, monkeypatch):
    """Though a process was killed before it had removed its notes."""
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("pixelproof.deploy.journal.Journal.remove", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        cut_scenes(two, labels, tmp_path / "out", side=32)
    (tmp_path / "out").rename(tmp_path / "whole")
    cut_scenes(two, labels, tmp_path / "out", side=32)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
