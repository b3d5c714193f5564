"""A raster in, a map out."""

import json
import shutil
from contextlib import closing, contextmanager, nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
from map_scenes import UTM, make_run, noise, read, write_scene
from PIL import Image
from rasterio.crs import CRS
from rasterio.transform import from_origin

from pixelproof import api
from pixelproof.data import read_image
from pixelproof.deploy.areas import CELL, Ground
from pixelproof.deploy.cog import Meaning, write_cog
from pixelproof.deploy.journal import RawFile
from pixelproof.deploy.legend import Legend
from pixelproof.deploy.raster import Scene
from pixelproof.deploy.scaling import choose_scaling
from pixelproof.deploy.settings import MapSettings, Stretch
from pixelproof.labels import PRESETS, VOID, LabelClass, LabelScheme
from pixelproof.prediction import Predictor
from pixelproof.runs.calibration_file import Calibration, save_calibration
from pixelproof.windows import Window

OUTSIDE = (124, 116, 104)  # the colour that becomes zero


def whole(run, pixels):
    """Return the class map of a whole image, [3, H, W], in one piece."""
    return Predictor.open(run, "cpu").classes(np.ascontiguousarray(pixels.transpose(1, 2, 0)))


@pytest.mark.parametrize("side", [32, 64, 160, 1024])
@pytest.mark.parametrize("size", [(300, 331), (1, 500), (333, 1), (33, 65)])
def test_the_map_is_that_of_the_whole_image_in_every_pixel(slim_run, tmp_path, size, side):
    scene = write_scene(tmp_path / "scene.tif", noise(*size))
    facts = api.map(slim_run.path, scene, tmp_path / "map.tif", tile=side, device="cpu")
    expected = whole(slim_run, noise(*size))
    np.testing.assert_array_equal(read(tmp_path / "map.tif")[0], expected)
    assert facts["tiling"]["equals_whole_image"]
    assert facts["pixels"] == expected.size
    assert [c["pixels"] for c in facts["classes"].values()] == np.bincount(expected.ravel(), minlength=7).tolist()


@pytest.mark.parametrize(("looks", "side"), [({"tta": True}, 96), ({"tta": True, "scales": [0.5, 1]}, 128)])
def test_several_looks_at_each_tile_are_those_at_the_whole_image(slim_run, tmp_path, looks, side):
    pixels = noise(300, 331)
    scene = write_scene(tmp_path / "scene.tif", pixels)
    facts = api.map(slim_run.path, scene, tmp_path / "map.tif", tile=side, device="cpu", **looks)
    predictor = Predictor.open(slim_run, "cpu", **looks)
    expected = predictor.classes(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    found = read(tmp_path / "map.tif")[0]
    assert (found == expected).mean() > 0.9999  # a tie may fall either way
    assert (found != whole(slim_run, pixels)).mean() > 0.01
    assert facts["tiling"]["equals_whole_image"]


def test_the_file_is_a_cog_that_says_what_it_holds(slim_run, tmp_path):
    scene = write_scene(tmp_path / "scene.tif", noise(700, 1100), tiled=True, compress="lzw")
    api.map(slim_run.path, scene, tmp_path / "map.tif", device="cpu")
    scheme = PRESETS["deepglobe"]
    with rasterio.open(tmp_path / "map.tif") as data:
        assert data.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert data.compression.name == "deflate"
        assert data.block_shapes == [(512, 512)]
        assert (data.crs.to_epsg(), data.transform) == (32633, UTM)
        assert (data.dtypes, data.nodata) == (("uint8",), 255)
        assert data.overviews(1)
        assert [data.colormap(1)[c.id][:3] for c in scheme.classes] == [c.color for c in scheme.classes]
        assert data.tags()["CLASS_3"] == "forest"
        full = data.read(1)
        small = data.read(1, out_shape=(350, 550))
    blocks = full.reshape(350, 2, 550, 2).transpose(0, 2, 1, 3).reshape(350, 550, 4)
    times = (blocks[..., None] == small[..., None, None]).sum(axis=(2, 3))
    most = np.stack([(blocks == value).sum(axis=2) for value in range(7)]).max(axis=0)
    assert (times == most).all()  # an overview's pixel is the class that most of its pixels have
    assert "<Category>forest</Category>" in (tmp_path / "map.tif.aux.xml").read_text()


def test_pixels_without_data_stay_without(slim_run, tmp_path):
    pixels = noise(200, 300)
    pixels[:, :128, :160] = 7
    pixels[:, 150, 200:260] = 7
    pixels[0, 180] = 7  # in one band only, so it is data
    scene = write_scene(tmp_path / "scene.tif", pixels, nodata=7)
    facts = api.map(slim_run.path, scene, tmp_path / "map.tif", tile=64, device="cpu")
    missing = (pixels == 7).all(axis=0)
    seen = np.where(missing, np.array(OUTSIDE, np.uint8)[:, None, None], pixels)
    expected = np.where(missing, 255, whole(slim_run, seen))
    np.testing.assert_array_equal(read(tmp_path / "map.tif")[0], expected)
    assert facts["nodata_pixels"] == missing.sum()
    assert facts["tiling"]["empty"] == 4
    assert sum(c["share"] for c in facts["classes"].values()) == pytest.approx(1)
    assert sum(c["hectares"] for c in facts["classes"].values()) == pytest.approx((~missing).sum() * 100 / 1e4)


@pytest.mark.parametrize("how", ["alpha", "mask", "option"])
def test_nodata_is_found_wherever_it_is_said(slim_run, tmp_path, how):
    pixels = noise(60, 70)
    missing = np.zeros((60, 70), bool)
    missing[10:30, 20:70] = True
    pixels[:, missing] = 9
    options = {}
    if how.startswith("alpha"):
        pixels = np.concatenate([pixels, np.where(missing, 0, 255).astype(np.uint8)[None]])
    scene = write_scene(tmp_path / "scene.tif", pixels)
    if how == "mask":
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(scene, "r+") as data:
            data.write_mask(~missing)
    if how == "alpha and option":
        options = {"nodata": 77}
    if how == "option":
        options = {"nodata": 9}
    api.map(slim_run.path, scene, tmp_path / "map.tif", device="cpu", **options)
    np.testing.assert_array_equal(read(tmp_path / "map.tif")[0] == 255, missing)


def test_nothing_but_nodata_is_an_empty_map(slim_run, tmp_path):
    scene = write_scene(tmp_path / "scene.tif", np.zeros((3, 90, 70), np.uint8), nodata=0)
    facts = api.map(slim_run.path, scene, tmp_path / "map.tif", polygons=tmp_path / "p.geojson", device="cpu")
    assert (read(tmp_path / "map.tif") == 255).all()
    assert facts["pixels"] == 0
    assert facts["tiling"]["empty"] == facts["tiling"]["computed"] == 1
    assert all(c["share"] is None and c["hectares"] == 0 for c in facts["classes"].values())
    assert json.loads((tmp_path / "p.geojson").read_text())["features"] == []


def test_every_format_and_depth_gives_what_predict_sees(slim_run, tmp_path):
    pixels = noise(50, 60)
    rgb = Image.fromarray(pixels.transpose(1, 2, 0))
    rgb.save(tmp_path / "a.png")
    rgb.convert("L").save(tmp_path / "grey.png")
    rgb.quantize(16).save(tmp_path / "palette.png")
    Image.fromarray(noise(50, 60, 1, high=65536, dtype=np.uint16)[0]).save(tmp_path / "deep.png")
    write_scene(
        tmp_path / "deep.tif", noise(50, 60, high=65536, dtype=np.uint16), photometric="RGB", interleave="pixel"
    )
    Image.fromarray(pixels[0] > 127).save(tmp_path / "bit.png")
    rgb.convert("L").point(lambda value: value // 16).save(tmp_path / "four.png", bits=4)
    for bits, depth in ((8, {}), (4, {"nbits": 4}), (1, {"nbits": 1})):
        write_scene(tmp_path / f"white{bits}.tif", pixels[:1] >> (8 - bits), photometric="MINISWHITE", **depth)
    write_scene(tmp_path / "rgb.tif", pixels)
    with rasterio.open(tmp_path / "rgb.tif") as data:
        rasterio.shutil.copy(data, tmp_path / "mosaic.vrt", driver="VRT")
    with closing(Scene(tmp_path / "palette.png", MapSettings())) as palette:
        assert palette.reading == "band 1 of 1 as a palette"
    use = Predictor.open(slim_run, "cpu")
    some_bits = ("bit.png", "four.png", "white8.tif", "white4.tif", "white1.tif")
    for name in ("a.png", "grey.png", "palette.png", "deep.png", "deep.tif", "mosaic.vrt", *some_bits):
        api.map(slim_run.path, tmp_path / name, tmp_path / f"{name}.tif", device="cpu")
        image = read_image(tmp_path / (name if name != "mosaic.vrt" else "a.png"))
        np.testing.assert_array_equal(read(tmp_path / f"{name}.tif")[0], use.classes(image), err_msg=name)


def test_bands_and_stretch(slim_run, tmp_path, capsys):
    pixels = noise(50, 60)
    satellite = np.concatenate([noise(50, 60, 1), pixels[::-1]]).astype(np.uint16) * 10 + 100
    scene = write_scene(tmp_path / "scene.tif", satellite)
    expected = whole(slim_run, pixels)
    facts = api.map(slim_run.path, scene, tmp_path / "a.tif", bands=(4, 3, 2), stretch=(100, 2650), device="cpu")
    np.testing.assert_array_equal(read(tmp_path / "a.tif")[0], expected)
    assert facts["scene"]["bands"] == [4, 3, 2]
    assert "reach only" not in capsys.readouterr().err
    floats = write_scene(tmp_path / "float.tif", satellite.astype(np.float32) / 10)
    facts = api.map(
        slim_run.path, floats, tmp_path / "b.tif", bands=(4, 3, 2), stretch=(0, 100, "percent"), device="cpu"
    )
    np.testing.assert_array_equal(read(tmp_path / "b.tif")[0], expected)
    shifted = satellite * np.array([1, 3, 2, 1], np.uint16)[:, None, None]
    each = Stretch(((100, 2650), (200, 5300), (300, 7950)))
    several = write_scene(tmp_path / "several.tif", shifted)
    facts = api.map(slim_run.path, several, tmp_path / "d.tif", bands=(4, 3, 2), stretch=each, device="cpu")
    np.testing.assert_array_equal(read(tmp_path / "d.tif")[0], expected)
    assert facts["scene"]["scaling"] == "values 100 to 2650, 200 to 5300, 300 to 7950 as 0 to 255"
    halves = Stretch(((0, 50), (0, 100)), "percent")
    scaling = choose_scaling(scene, "uint16", halves, lambda: np.array([[0, 5, 10], [0, 5, 10]]))
    assert (scaling.low, scaling.high) == ((0, 0), (5, 10))
    api.map(slim_run.path, scene, tmp_path / "c.tif", bands=(4, 3, 2), device="cpu")
    assert "reach only about 2,6" in capsys.readouterr().err


def test_probabilities_are_the_networks_at_the_runs_temperature(tmp_path):
    run = make_run(tmp_path / "run")
    facts = {"split": "selection", "images": 1, "samples": 1, "loss_before": 1.0, "loss_after": 1.0}
    save_calibration(run.calibration, Calibration(temperature=0.5, **facts))
    pixels = noise(200, 130)
    pixels[:, :20] = 0
    scene = write_scene(tmp_path / "scene.tif", pixels, nodata=0)
    api.map(run.path, scene, tmp_path / "m.tif", probabilities=tmp_path / "p.tif", tile=64, device="cpu")
    seen = pixels.copy()
    seen[:, :20] = np.array(OUTSIDE, np.uint8)[:, None, None]
    logits = Predictor.open(run, "cpu")([np.ascontiguousarray(seen.transpose(1, 2, 0))]).logits[0]
    with rasterio.open(tmp_path / "p.tif") as data:
        assert data.descriptions == PRESETS["deepglobe"].names
        stored, valid = data.read() * np.array(data.scales)[:, None, None], data.read_masks(1) > 0
    assert not valid[:20].any()
    assert valid[20:].all()
    np.testing.assert_allclose(stored[:, valid], (logits / 0.5).softmax(0).numpy()[:, valid], atol=0.00201)


def test_ids_and_nodata_are_the_schemes_own(tmp_path):
    classes = [LabelClass(name=f"<{i}> & co", id=i * 100, color=(i, 2 * i, 3 * i)) for i in range(1, 8)]
    scheme = LabelScheme(task="segmentation", classes=classes, void_ids=(9,))
    run = make_run(tmp_path / "run", scheme=scheme)
    pixels = noise(50, 60)
    pixels[:, :5] = 0
    scene = write_scene(tmp_path / "scene.tif", pixels, nodata=0)
    facts = api.map(run.path, scene, tmp_path / "map.tif", device="cpu")
    with rasterio.open(tmp_path / "map.tif") as data:
        assert (data.nodata, data.dtypes) == (9, ("uint16",))
        assert data.colormap(1)[300][:3] == (3, 6, 9)
        assert set(np.unique(data.read(1)).tolist()) <= {9, *(c.id for c in classes)}
        assert data.tags()["CLASS_300"] == "<3> & co"
    assert facts["nodata"] == 9
    assert facts["classes"]["<3> & co"]["id"] == 300


def test_no_id_that_is_read_as_a_class_means_no_data():
    classes = [{"name": "a", "id": 0, "alias_ids": [255, 254]}, {"name": "b", "id": 1}]
    legend = Legend.of(LabelScheme.model_validate({"task": "segmentation", "classes": classes}))
    assert (legend.ids, legend.nodata, legend.dtype) == ((0, 1), 253, np.uint8)


@pytest.mark.parametrize(("alpha", "beside"), [("NO", ""), ("YES", ", 4 as alpha")])
def test_a_band_beside_the_colours_is_named(slim_run, tmp_path, capsys, alpha, beside):
    scene = write_scene(tmp_path / "scene.tif", noise(40, 50, 4), photometric="RGB", alpha=alpha)
    api.map(slim_run.path, scene, tmp_path / "map.tif", device="cpu")
    said = capsys.readouterr().err.splitlines()[0]
    assert said == f"bands 1, 2, 3 of 4 as red, green and blue{beside}; 8-bit values as they are"


def test_a_network_that_sees_everything_is_said_to(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("pixelproof.prediction.tiles.UNKNOWN_HALO", 32)
    run = make_run(tmp_path / "run", name="smp:DeepLabV3Plus:resnet18", width=1.0)
    scene = write_scene(tmp_path / "scene.tif", noise(150, 200))
    facts = api.map(run.path, scene, tmp_path / "map.tif", tile=96, device="cpu")
    assert not facts["tiling"]["equals_whole_image"]
    assert facts["tiling"]["sample"] == [150, 160]
    assert 0 < facts["tiling"]["differing_share"] < 0.5
    assert "sees the whole image" in capsys.readouterr().err


def test_one_call_leaves_only_what_was_asked_for(slim_run, tmp_path):
    scene = write_scene(tmp_path / "scene.tif", noise(50, 60))
    api.map(slim_run.path, scene, tmp_path / "out" / "map.tif", polygons=tmp_path / "out" / "p.gpkg", device="cpu")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"map.tif", "map.tif.aux.xml", "p.gpkg"}


def test_from_the_shell(pixelproof, slim_run, tmp_path):
    scene = write_scene(tmp_path / "scene.tif", noise(50, 60))
    shutil.copytree(slim_run.path, tmp_path / "run")
    command = ["map", tmp_path / "run", scene, "--out", tmp_path / "map.tif", "--device", "cpu"]
    code, out, _ = pixelproof(*command, "--bands", "3,2,1", "--stretch", "2%,98%", "--tile", "64")
    assert code == 0
    assert "hectares" in out
    assert out.endswith(f"map: {tmp_path / 'map.tif'}\n")
    code, _, err = pixelproof(*command)
    assert (code, "map.tif already exists" in err) == (2, True)
    code, out, _ = pixelproof(*command, "--overwrite", "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["areas"] == "planimetric"
    np.testing.assert_array_equal(read(tmp_path / "map.tif")[0], whole(slim_run, noise(50, 60)))
    assert facts["nodata"] == VOID


def test_brackets_in_names_are_printed_and_do_nothing(pixelproof, tmp_path):
    names = ("[/a]", "[red]b")
    classes = [LabelClass(name=name, id=i, color=(i, 0, 0)) for i, name in enumerate(names)]
    run = make_run(tmp_path / "run", scheme=LabelScheme(task="segmentation", classes=classes))
    scene = write_scene(tmp_path / "scene.tif", noise(50, 60))
    code, out, err = pixelproof("map", run.path, scene, "--out", tmp_path / "map.tif", "--device", "cpu")
    assert code == 0, err
    assert all(name in out for name in names)


def test_pixels_beyond_the_earth_have_no_hectares(slim_run, tmp_path):
    """A disc as a weather satellite sees it, black space around it being data like any other."""
    pixels = np.zeros((3, 96, 96), np.uint8)
    seen = "+proj=geos +h=35785831 +lon_0=-75 +sweep=x +datum=WGS84"
    side = 2 * 5.6e6 / 96
    scene = write_scene(tmp_path / "disc.tif", pixels, crs=seen, transform=from_origin(-5.6e6, 5.6e6, side, side))
    facts = api.map(slim_run.path, scene, tmp_path / "map.tif", device="cpu")
    ground = Ground(CRS.from_user_input(seen), from_origin(-5.6e6, 5.6e6, side, side), 96, 96)
    rows, lefts = (axis.ravel() for axis in np.meshgrid(np.arange(96), np.arange(0, 96, CELL), indexing="ij"))
    disc = ground.pixels(rows, lefts, 96).sum() / 10_000
    assert sum(each["hectares"] for each in facts["classes"].values()) == pytest.approx(disc, rel=0.01)


def test_pixels_beside_a_map_of_the_world_have_no_hectares(slim_run, tmp_path):
    place = from_origin(-1.8e7, 9e6, 2e5, 2e5)
    scene = write_scene(tmp_path / "world.tif", noise(90, 180), crs="EPSG:8857", transform=place)
    facts = api.map(slim_run.path, scene, tmp_path / "map.tif", device="cpu")
    assert facts["areas"] == "planimetric"
    assert sum(each["hectares"] for each in facts["classes"].values()) == pytest.approx(51_006_562_172, rel=0.03)


def test_degrees_that_cannot_be_are_a_warning(slim_run, tmp_path, capsys):
    scene = write_scene(
        tmp_path / "a.tif", noise(40, 40), crs="EPSG:4326", transform=from_origin(500_000, 5_500_000, 10, 10)
    )
    facts = api.map(slim_run.path, scene, tmp_path / "map.tif", device="cpu", polygons=tmp_path / "p.gpkg", simplify=5)
    assert facts["areas"] is None
    assert "its coordinates are called degrees and cannot be, so areas are not known" in capsys.readouterr().err


@pytest.mark.parametrize("bands", [1, 3])
def test_while_gdal_compresses_it_is_shown_how_far_it_is(tmp_path, monkeypatch, bands):
    shown = {}

    @contextmanager
    def counting(label, total, unit):
        shown[label] = [0, total]

        def step(amount):
            shown[label][0] += amount

        yield step

    raw = RawFile(tmp_path / "map.raw", (bands, 1500, 2000), np.dtype(np.uint8))
    raw.write(Window(0, 0, 1500, 2000), np.random.default_rng(0).integers(0, 200, (bands, 1500, 2000), np.uint8))
    scene = SimpleNamespace(gcps=([], None), crs=CRS.from_epsg(32633), transform=UTM, rpc={})
    meaning = Meaning([f"band {k}" for k in range(bands)], 255, "", "AVERAGE", {})
    with monkeypatch.context() as patch:
        patch.setattr("pixelproof.deploy.reading.EVERY", 0.001)
        patch.setattr("pixelproof.deploy.reading.bar", counting)
        for _ in range(5):  # on a busy machine a stage of some milliseconds may end before anybody looks
            shown.clear()
            write_cog(tmp_path / "map.tif", raw, scene, meaning)
            if len(shown) == 3 and all(done for done, _ in shown.values()):
                break
    assert list(shown) == ["overviews", "compress overviews", "compress"]
    assert all(0 < done <= total == 1500 for done, total in shown.values())
    monkeypatch.setattr("pixelproof.deploy.cog.shown", lambda *_: nullcontext())
    write_cog(tmp_path / "other.tif", raw, scene, meaning)
    assert (tmp_path / "other.tif").read_bytes() == (tmp_path / "map.tif").read_bytes()
    raw.close()
