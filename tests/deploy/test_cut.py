"""Scenes cut into images and masks: every pixel has the class of the polygon over its middle, and nothing is lost."""

import json

import numpy as np
import pyogrio.raw
import pytest
import rasterio
import shapely
from cut_grounds import CRS, FOREST, LAKE, ground, middles_within, put_together, write_polygons
from map_scenes import UTM, noise, read, write_scene
from PIL import Image
from rasterio.warp import transform_geom

from pixelproof.data import DataFolder, open_data, write_png
from pixelproof.data.doctor import examine
from pixelproof.deploy.cut import GROUPS, cut_scenes
from pixelproof.deploy.geo import open_raster
from pixelproof.errors import UserError
from pixelproof.labels import VOID


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
