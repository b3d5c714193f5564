"""Bad rasters and wrong words: one sentence, and nothing under the map's name."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from map_scenes import noise, write_mosaic, write_scene
from PIL import Image
from rasterio.rpc import RPC

from pixelproof import api
from pixelproof.config import default_config
from pixelproof.deploy.geo import open_raster
from pixelproof.deploy.settings import parse_bands, parse_stretch
from pixelproof.errors import UserError
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.runs import Run

SCHEME = LabelScheme(task="classification", classes=[LabelClass(name="a", id=0)])


@pytest.fixture(autouse=True)
def rasters(monkeypatch):
    """Every raster that a test opens to map it is closed again, whatever was wrong."""
    opened = []

    def noted(*words):
        opened.append(open_raster(*words))
        return opened[-1]

    monkeypatch.setattr("pixelproof.deploy.raster.open_raster", noted)
    yield
    assert all(raster.closed for raster in opened)


def refused(run, scene, out, **options):
    """Return the sentence with which a map is refused, after checking that it leaves nothing."""
    with pytest.raises(UserError) as error:
        api.map(run.path, scene, out, device="cpu", **options)
    assert not out.exists()
    assert "\n" not in str(error.value)
    return str(error.value)


def cut(path, share=0.6):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def test_rasters_that_cannot_be_read(slim_run, tmp_path):
    out = tmp_path / "map.tif"
    assert "does not exist" in refused(slim_run, tmp_path / "none.tif", out)
    (tmp_path / "empty.tif").touch()
    assert "is an empty file" in refused(slim_run, tmp_path / "empty.tif", out)
    (tmp_path / "text.tif").write_text("<GDAL_WMS>http://nowhere</GDAL_WMS>")
    assert "is not a GeoTIFF" in refused(slim_run, tmp_path / "text.tif", out)
    short = cut(write_scene(tmp_path / "short.tif", noise(200, 100)))
    assert "short.tif is truncated or damaged in rows 0 to 128" in refused(
        slim_run, short, out, tile=32, overwrite=True
    )
    packed = cut(write_scene(tmp_path / "packed.tif", noise(200, 100), compress="lzw"))
    assert "packed.tif is truncated or damaged" in refused(slim_run, packed, out, overwrite=True)
    for name in ("short.png", "short.jpg"):
        Image.fromarray(noise(200, 100).transpose(1, 2, 0)).save(tmp_path / name)
        assert f"{name} is truncated or damaged" in refused(slim_run, cut(tmp_path / name), out, overwrite=True)


def test_rasters_that_need_a_word(slim_run, tmp_path):
    out = tmp_path / "map.tif"
    four = write_scene(tmp_path / "four.tif", noise(30, 30, 4, dtype=np.uint16))
    assert "has 4 bands and does not say which are red, green and blue" in refused(slim_run, four, out)
    assert "has 4 bands, no band 5" in refused(slim_run, four, out, bands=(5, 2, 1))
    two = write_scene(tmp_path / "two.tif", noise(30, 30, 2))
    assert "has 2 bands" in refused(slim_run, two, out)
    floats = write_scene(tmp_path / "float.tif", noise(30, 30).astype(np.float32))
    assert "holds float32 pixels, whose range is not known; say which" in refused(slim_run, floats, out)
    assert "2 bands are not colours" in refused(slim_run, four, out, bands=(2, 1))
    eight = write_scene(tmp_path / "eight.tif", noise(30, 30))
    for never in (256, -1, 0.5):  # brought to 8 bits each would be another value, such as black
        assert f"uint8 pixels, which are never {never:g}" in refused(slim_run, eight, out, nodata=never)
    assert "--stretch has 2 pairs for 3 bands: give one" in refused(slim_run, eight, out, stretch=[[0, 1], [0, 2]])
    assert "percentages lie between 0% and 100%" in refused(slim_run, eight, out, stretch=(2, 198, "percent"))
    Image.fromarray(noise(30, 30).transpose(1, 2, 0)).quantize(16).save(tmp_path / "palette.png")
    said = refused(slim_run, tmp_path / "palette.png", out, stretch=(0, 3000))
    assert "palette.png is a palette, whose values are numbers of colours; leave --stretch out" in said
    mixed = write_mosaic(tmp_path / "mixed.vrt", ["eight.tif"])
    mixed.write_text(mixed.read_text().replace('"Byte" band="2"', '"UInt16" band="2"'))
    assert "has bands of different types: uint16, uint8" in refused(slim_run, mixed, out)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "turned.jpg", exif=exif)
    assert "is stored turned" in refused(slim_run, tmp_path / "turned.jpg", out)


def test_no_crs_is_a_map_without_areas(slim_run, tmp_path):
    scene = write_scene(tmp_path / "scene.tif", noise(40, 50), crs=None)
    out = tmp_path / "map.tif"
    assert "has no CRS, and GeoJSON" in refused(slim_run, scene, out, polygons=tmp_path / "p.geojson")
    facts = api.map(slim_run.path, scene, out, polygons=tmp_path / "p.gpkg", device="cpu")
    assert facts["areas"] is None
    assert all(c["hectares"] is None for c in facts["classes"].values())
    with open_raster(out) as data:
        assert data.crs is None
        assert data.transform.is_identity


def test_a_mosaic_names_what_is_missing_and_is_not_overwritten(slim_run, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    parts = [write_scene(tmp_path / name / "tile.tif", noise(30, 40)) for name in "ab"]
    inner = write_mosaic(tmp_path / "inner.vrt", ["a/tile.tif", "b/tile.tif"])
    outer = write_mosaic(tmp_path / "outer.vrt", ["inner.vrt"])
    kept = parts[0].read_bytes()
    with pytest.raises(UserError, match="is the raster itself, or a part of it"):
        api.map(slim_run.path, inner, parts[0], device="cpu", overwrite=True)
    with pytest.raises(UserError, match="is the raster itself, or a part of it"):
        api.map(slim_run.path, outer, parts[0], device="cpu", overwrite=True)
    assert parts[0].read_bytes() == kept
    parts[1].unlink()
    for mosaic in (inner, outer):
        said = refused(slim_run, mosaic, tmp_path / "map.tif")
        assert "tile.tif, which does not exist; put it there, or build the VRT again" in said
    assert not list(tmp_path.glob(".*"))


def test_a_part_of_a_mosaic_that_may_not_be_read(slim_run, tmp_path, monkeypatch):
    part = write_scene(tmp_path / "tile.tif", noise(30, 40))
    mosaic, out = write_mosaic(tmp_path / "mosaic.vrt", ["tile.tif"]), tmp_path / "map.tif"
    for place in ("stat", "open"):  # its folder may not be entered, or the file not be opened
        with monkeypatch.context() as patch:
            patch.setattr(Path, place, denied_for(part, getattr(Path, place)))
            assert f"no permission for {part}; change its permissions" in refused(slim_run, mosaic, out)


def denied_for(path, real):
    """Return a method of paths that is refused for one of them: root may do anything, so chmod shows nothing."""

    def method(self, *args, **options):
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *args, **options)

    return method


def test_a_place_that_cannot_be_written_is_found_first(slim_run, tmp_path):
    scene = write_scene(tmp_path / "scene.tif", noise(40, 50))
    for words in ({"polygons": scene / "p.gpkg"}, {"probabilities": scene / "p.tif"}):
        assert "is in the way" in refused(slim_run, scene, tmp_path / "map.tif", **words)
    assert not list(tmp_path.glob(".*"))


def test_names_that_other_libraries_cannot_take_are_found_first(slim_run, tmp_path):
    scene, out = write_scene(tmp_path / "scene.tif", noise(40, 50)), tmp_path / "map.tif"
    for wrong, complaint in {"tab\t": "control character", "\udcff": "is not UTF-8", "n" * 201: "longer than"}.items():
        assert complaint in refused(slim_run, scene, out, polygons=tmp_path / f"{wrong}.gpkg")
        assert complaint in refused(slim_run, scene, tmp_path / f"{wrong}.tif")
    assert "is not UTF-8; rename it" in refused(slim_run, tmp_path / "\udcff.tif", out)
    assert [path.name for path in tmp_path.iterdir()] == ["scene.tif"]


def test_a_description_of_another_map_is_not_overwritten(slim_run, tmp_path):
    scene, out = write_scene(tmp_path / "scene.tif", noise(40, 50)), tmp_path / "map.tif"
    beside = tmp_path / "map.tif.aux.xml"
    beside.write_text("mine")
    assert "map.tif.aux.xml already exists" in refused(slim_run, scene, out)
    assert beside.read_text() == "mine"
    api.map(slim_run.path, scene, out, device="cpu", overwrite=True)
    assert beside.read_text() != "mine"


def test_ground_control_points_are_kept(slim_run, tmp_path, capsys):
    scene = write_scene(tmp_path / "scene.tif", noise(40, 50), crs=None)
    corners = [(0, 0, 10.0, 50.0), (0, 50, 10.5, 50.1), (40, 50, 10.4, 49.7), (40, 0, 9.9, 49.6)]
    with open_raster(scene, mode="r+") as data:
        data.gcps = [rasterio.control.GroundControlPoint(*corner) for corner in corners], "EPSG:4326"
    api.map(slim_run.path, scene, tmp_path / "map.tif", polygons=tmp_path / "p.gpkg", device="cpu")
    assert "scene.tif has no transform, so a GIS does not lay its polygons on it" in capsys.readouterr().err
    with open_raster(tmp_path / "map.tif") as data:
        points, crs = data.gcps
        assert crs.to_epsg() == 4326
        assert [(p.row, p.col, p.x, p.y) for p in points] == corners


def test_rational_polynomials_are_kept(slim_run, tmp_path):
    scene = write_scene(tmp_path / "scene.tif", noise(40, 50), crs=None)
    offsets = {"height_off": 0, "lat_off": 50, "line_off": 16, "long_off": 10, "samp_off": 16}
    scales = {"height_scale": 500, "lat_scale": 1, "line_scale": 16, "long_scale": 1, "samp_scale": 16}
    line, sample, one = [0, 0, -1] + [0] * 17, [0, 1] + [0] * 18, [1] + [0] * 19
    ratios = {"line_num_coeff": line, "line_den_coeff": one, "samp_num_coeff": sample, "samp_den_coeff": one}
    with open_raster(scene, mode="r+") as data:
        data.rpcs = RPC(**offsets, **scales, **ratios, err_bias=1, err_rand=1)
        rpcs = data.rpcs
    api.map(slim_run.path, scene, tmp_path / "map.tif", device="cpu")
    with open_raster(tmp_path / "map.tif") as data:
        assert data.rpcs == rpcs


def test_wrong_words(slim_run, tmp_path):
    scene, out = write_scene(tmp_path / "scene.tif", noise(30, 30)), tmp_path / "map.tif"
    assert "not a multiple of 32, where tiles begin; give 96" in refused(slim_run, scene, out, tile=100)
    assert "does not end in .tif" in refused(slim_run, scene, tmp_path / "map.png")
    assert "must end in .gpkg or .geojson" in refused(slim_run, scene, out, polygons=tmp_path / "p.shp")
    assert "is given for two files" in refused(slim_run, scene, out, probabilities=out)
    assert "the first value must be less than the second" in refused(slim_run, scene, out, stretch=(5, 5))
    assert "simplify is for polygons" in refused(slim_run, scene, out, simplify=5)
    assert "there is no backend 'fastest'" in refused(slim_run, scene, out, backend="fastest")
    with pytest.raises(UserError, match="is the raster itself"):
        api.map(slim_run.path, scene, scene, overwrite=True)
    classifier = Run.create(
        tmp_path / "vgg", default_config("classification", "vgg16").model_dump(mode="json"), SCHEME, {}
    )
    assert "classifies whole images" in refused(classifier, scene, out)
    assert parse_stretch("2%,98%") == (((2, 98),), "percent")
    assert parse_stretch("-1.5, 30") == (((-1.5, 30),), "value")
    assert parse_stretch("0,3000,10,6000") == (((0, 3000), (10, 6000)), "value")
    assert parse_bands("4,3,2") == (4, 3, 2)
    for wrong in ("2%,98", "5", "a,b", "1,2,3", "2%,98%,0,1", "3,2", ""):
        with pytest.raises(UserError, match="is not a range"):
            parse_stretch(wrong)
    with pytest.raises(UserError, match="is not a list"):
        parse_bands("red")


def test_without_the_extra_it_says_what_to_install():
    code = (
        "import sys; sys.modules['rasterio'] = None; sys.argv = 'pixelproof map r s --out o.tif'.split();"
        "from pixelproof.cli.main import run; run()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert "rasters need rasterio, which is not installed; install the extra: pip install" in done.stderr
    assert done.stderr.endswith("-e '.[geo]'.\n")
