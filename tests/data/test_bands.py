"""Images read by the bands of a raster."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pixelproof.config import AugmentConfig, ModelConfig
from pixelproof.config.overrides import parse_assignment
from pixelproof.data import open_data, read_image
from pixelproof.data.cache import Cached, decoded
from pixelproof.data.decoded import Files
from pixelproof.data.doctor import examine
from pixelproof.data.doctor.bands import stretch_of_bands
from pixelproof.data.doctor.survey import Survey
from pixelproof.data.folder import Sample
from pixelproof.data.layouts import Found
from pixelproof.data.reader import RGB, ImageReader, as_picture, channel_statistics
from pixelproof.data.transforms import CHOICES, augment_images, draw
from pixelproof.deploy.export.examples.read_image import read as read_beside_export
from pixelproof.deploy.settings import parse_stretch
from pixelproof.errors import UserError
from small_data import write_near_infrared, write_raster

pytest.importorskip("rasterio", reason="the extra geo is not installed")
DEEP = np.random.default_rng(0).integers(0, 4000, (5, 12, 17), dtype=np.uint16)
NIR = ImageReader((3, 2, 1, 4), ((0.0, 3000.0),))
NIR_OF_TWO = ImageReader((1, 2), ((0.0, 3000.0),))


def test_bands_come_in_the_order_named_and_stretched(tmp_path):
    path = write_raster(tmp_path / "a.tif", DEEP)
    chosen = DEEP[[2, 1, 0, 3]].transpose(1, 2, 0)
    np.testing.assert_array_equal(ImageReader((3, 2, 1, 4))(path), chosen >> 8)
    expected = np.rint(np.clip(chosen / 3000, 0, 1) * 255)
    assert np.abs(NIR(path).astype(int) - expected).max() <= 1  # a half may be rounded either way in float32
    each = ImageReader((5, 1), ((1000.0, 2000.0), (0.0, 4000.0)))(path)
    for channel, (band, low, high) in enumerate([(4, 1000, 2000), (0, 0, 4000)]):
        expected = np.rint(np.clip((DEEP[band] - float(low)) / (high - low), 0, 1) * 255)
        assert np.abs(each[..., channel].astype(int) - expected).max() <= 1
    assert NIR.size(path) == NIR.header(path) == (12, 17)
    np.testing.assert_array_equal(NIR.decode(path.read_bytes()), NIR(path))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_the_three_bands_of_a_colour_image_are_its_colours(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(DEEP[:3].transpose(1, 2, 0).astype(np.uint8)).save(path)
    np.testing.assert_array_equal(ImageReader((1, 2, 3))(path), read_image(path))
    np.testing.assert_array_equal(ImageReader((3, 1))(path), read_image(path)[..., [2, 0]])


def test_floats_need_a_stretch_and_what_is_no_number_is_black(tmp_path):
    values = np.linspace(-1, 1, 24, dtype=np.float32).reshape(1, 4, 6)
    values[0, 0, 0] = np.nan
    path = write_raster(tmp_path / "index.tif", values)
    for look in (ImageReader((1,)), ImageReader((1,)).size):
        with pytest.raises(UserError, match=r"holds float32 pixels, whose range is not known; .*--set stretch"):
            look(path)
    image = ImageReader((1,), ((-1.0, 1.0),))(path)
    assert (image[0, 0, 0], image[-1, -1, 0]) == (0, 255)


def test_files_that_cannot_be_read_by_bands(tmp_path):
    whole = write_raster(tmp_path / "a.tif", DEEP)
    (tmp_path / "cut.tif").write_bytes(whole.read_bytes()[:-900])
    (tmp_path / "text.tif").write_text("no image")
    (tmp_path / "empty.tif").touch()
    (tmp_path / "vrt.tif").write_text('<VRTDataset rasterXSize="1" rasterYSize="1"></VRTDataset>')
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "turned.jpg", exif=exif)
    said = {
        "a.tif": "has 5 bands, no band 9; its images are read by bands 1, 9",
        "cut.tif": "truncated or damaged",
        "text.tif": "is not a GeoTIFF",
        "empty.tif": "is an empty file",
        "vrt.tif": "is made of other files",
        "turned.jpg": "is stored turned",
        "absent.tif": "does not exist",
    }
    for name, words in said.items():
        with pytest.raises(UserError, match=words):
            ImageReader((1, 9) if name == "a.tif" else (1, 2))(tmp_path / name)
    for data in (b"", b"no image", (tmp_path / "vrt.tif").read_bytes()):
        with pytest.raises(UserError, match="the image is"):
            ImageReader((1,)).decode(data)


def test_doctor_goes_on_where_a_file_may_not_be_read(tmp_path, monkeypatch):
    root = write_near_infrared(tmp_path / "data")
    locked, real = root / "train" / "images" / "0002.tif", Path.open

    def guarded(path, *args, **options):
        if path == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **options)

    monkeypatch.setattr(Path, "open", guarded)  # root may read anything, so chmod shows nothing
    found = {f.check: f for f in examine(root, NIR).findings}["unreadable"]
    assert found.files == ("train/images/0002.tif",)
    assert found.message.startswith("no permission for train/images/0002.tif")


def test_settings_of_bands():
    told = {"name": "fcn8s", "bands": [3, 2, 1, 4], "stretch": [0, 3000]}
    config = ModelConfig.model_validate(told)
    assert (config.channels, config.stretch) == (4, ((0.0, 3000.0),))
    assert ImageReader.of(config) == NIR
    assert ModelConfig.model_validate(config.model_dump(mode="json")) == config
    assert ImageReader.of(ModelConfig.model_validate(told | {"bands": None})) == RGB
    for wrong in (
        {"bands": []},
        {"bands": [0]},
        {"stretch": [3, 3]},
        {"stretch": [[0, 1], [0, 1]]},
        {"mean": [1, 2, 3]},
    ):
        with pytest.raises(ValueError, match=r"band|stretch|mean"):
            ModelConfig.model_validate(told | wrong)


def test_the_cache_keeps_bands(tmp_path):
    data = open_data(write_near_infrared(tmp_path / "data"))
    samples = data.split("train")
    kept = decoded(samples, data.scheme, None, str(tmp_path / "cache"), NIR)
    assert isinstance(kept, Cached)
    for (image, mask), (expected, truth) in zip(kept, Files(samples, data.scheme, None, NIR), strict=True):
        assert image.shape == (4, 64, 64)
        np.testing.assert_array_equal(image, expected)
        np.testing.assert_array_equal(mask, truth)
    other = decoded(samples, data.scheme, None, str(tmp_path / "cache"), ImageReader((1, 2)))
    assert (other.folder != kept.folder, other[0][0].shape) == (True, (2, 64, 64))


def test_statistics_of_channels(tmp_path):
    paths = tuple(write_raster(tmp_path / f"{i}.tif", DEEP[:, :, i:]) for i in range(3))
    pixels = np.concatenate([NIR(path).reshape(-1, 4) for path in paths]) / 255
    found = channel_statistics(NIR, paths)
    np.testing.assert_allclose(found.mean, pixels.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(found.std, pixels.std(axis=0), atol=1e-4)
    flat = write_raster(tmp_path / "flat.tif", np.full((1, 8, 8), 7, np.uint8))
    assert channel_statistics(ImageReader((1,)), (flat,)).std == (1.0,)


def test_colour_changes_take_all_bands_alike():
    images = torch.from_numpy(np.random.default_rng(0).integers(60, 120, (2, 5, 8, 8), dtype=np.uint8))
    numbers = np.full((2, len(CHOICES)), 0.5)
    numbers[:, CHOICES.index("brightness")] = 1.0
    changes = draw((8, 8), AugmentConfig(color=0.5, flip=False), numbers, segmented=True)
    brighter = augment_images(images, changes, zoomed=False)
    assert torch.equal(brighter, (images.float() * 1.5).round().to(torch.uint8))
    numbers[:, [CHOICES.index("brightness"), CHOICES.index("saturation")]] = [0.5, 0.0]
    duller = augment_images(images, draw((8, 8), AugmentConfig(color=1.0, flip=False), numbers, True), zoomed=False)
    expected = (
        images.float().mean(dim=1, keepdim=True).expand(-1, 5, -1, -1)
    )  # no band differs from their mean any more
    assert (duller.float() - expected).abs().max() <= 0.5


def test_people_are_shown_the_first_three_bands():
    image = DEEP.transpose(1, 2, 0).astype(np.uint8)
    np.testing.assert_array_equal(as_picture(image), image[..., :3])
    np.testing.assert_array_equal(as_picture(image[..., :2]), np.repeat(image[..., :1], 3, axis=2))
    assert as_picture(image[..., :3]).shape == (12, 17, 3)


def test_doctor_names_bands_and_their_range(tmp_path):
    root = write_near_infrared(tmp_path / "data")
    (broken,) = [f for f in examine(root).findings if f.check == "unreadable"]
    assert "holds 4 bands of uint16, which are not read as colours" in broken.message
    assert "--bands 1,2,3 for doctor" in broken.fix
    (found,) = [f for f in examine(root, ImageReader((3, 2, 1, 4))).findings if f.check == "stretch"]
    assert "without a stretch bands 3, 2, 1, 4 come out almost black" in found.message
    stored = np.concatenate([NIR.stored(path).reshape(4, -1) for path in sorted(root.rglob("*.tif"))], axis=1)
    (proposed,) = re.findall(r"stretch=(\[.*\])$", found.fix)
    ranges = parse_assignment(f"stretch={proposed}")[1]
    np.testing.assert_allclose(np.array(ranges)[:, 1], np.percentile(stored, 99, axis=1), rtol=0.02)
    (option,) = re.findall(r"--stretch (\S+) here", found.fix)  # doctor and map read the same
    assert ModelConfig(name="", bands=(3, 2, 1, 4), stretch=option).stretch == parse_stretch(option).ranges
    assert [list(pair) for pair in parse_stretch(option).ranges] == ranges
    stretched = examine(root, NIR)
    assert not stretched.of("error")
    assert "stretch" not in {finding.check for finding in stretched.findings}
    (beyond,) = [f for f in examine(root, ImageReader((1, 4), ((0.0, 5.0),))).findings if f.check == "stretch"]
    assert "most of bands 1, 4 lies beyond the stretch" in beyond.message
    assert len(stretched.summary["mean"]) == 4


def test_doctor_keeps_of_images_what_it_looks_at(tmp_path, monkeypatch):
    stored = np.full((4, 256, 256), 300, np.uint16)
    monkeypatch.setattr(ImageReader, "stored", lambda reader, path: stored.copy())
    samples = [Sample(str(i), tmp_path / f"{i}.tif") for i in range(40)]
    survey = Survey(tmp_path, Found("folders", "classification", {"train": samples}), ImageReader((1, 2, 3, 4)))
    tracemalloc.start()
    (found,) = stretch_of_bands(survey)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "0 to 300" in found.message
    assert peak < 40 * stored.nbytes


def test_doctor_on_floats_and_on_several_types(tmp_path):
    root = write_near_infrared(tmp_path / "data")
    tiles = sorted(root.rglob("*.tif"))
    for path in tiles:
        write_raster(path, ImageReader((1, 4)).stored(path).astype(np.float32) / 10_000 - 0.2)
    findings = {f.check: f for f in examine(root, ImageReader((1, 2))).findings}
    assert "float32 pixels, whose range is not known" in findings["unreadable"].message
    assert re.search(r"stretch=\[\[-0\.\d+,-0\.\d+\],\[-0\.\d+,0\.\d+\]\]", findings["stretch"].fix)
    write_raster(tiles[0], np.zeros((2, 64, 64), np.uint8))
    for path in tiles[1:]:
        write_raster(path, np.full((2, 64, 64), 9000, np.uint16))
    mixed = {f.check: f for f in examine(root, ImageReader((1, 2))).findings}["band-types"]
    assert (mixed.severity, mixed.count) == ("error", 1)
    assert {f.check: f.severity for f in examine(root, NIR_OF_TWO).findings}["band-types"] == "note"


def test_without_a_stretch_the_type_stays_that_of_train(tmp_path):
    deep, shallow = write_raster(tmp_path / "a.tif", DEEP), write_raster(tmp_path / "b.tif", DEEP.astype(np.uint8))
    assert ImageReader((1,)).type_of(deep) == "uint16"
    reader = ImageReader((1,), dtype="uint16")
    np.testing.assert_array_equal(reader(deep)[..., 0], DEEP[0] >> 8)
    with pytest.raises(UserError, match="holds uint8 pixels, and others that the network reads hold uint16"):
        reader(shallow)
    linear = ImageReader((1,), ((0.0, 65535.0),))(deep)[..., 0]  # a stretch that is set is linear, whatever it is
    np.testing.assert_array_equal(linear, np.rint(DEEP[0] / 65535 * 255))


def test_large_numbers_keep_their_steps(tmp_path):
    seconds = 1_700_000_000 + np.arange(0, 1500, 100, dtype=np.uint32)
    path = write_raster(tmp_path / "seconds.tif", seconds.reshape(1, 1, 15))
    image = ImageReader((1,), ((1_700_000_000.0, 1_700_001_500.0),))(path)
    np.testing.assert_array_equal(image.ravel(), np.arange(15) * 17)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_the_values_of_missing_data_overflow_nothing(tmp_path, kind):
    limits = np.finfo(kind)
    values = np.array([limits.min, limits.max, -np.inf, np.inf, np.nan, 0.2, 0.5], kind)
    path, expected = write_raster(tmp_path / "heights.tif", values.reshape(1, 1, 7)), [0, 255, 0, 255, 0, 51, 128]
    assert ImageReader((1,), ((0.0, 1.0),))(path).ravel().tolist() == expected
    if kind is np.float32:  # the scripts beside exports know no other
        told = {"numbers": [1], "stretch": [[0.0, 1.0]], "dtype": None}
        assert read_beside_export(str(path), None, told).ravel().tolist() == expected


def test_complex_numbers_are_no_image(tmp_path):
    path = write_raster(tmp_path / "radar.tif", np.ones((1, 4, 4), np.complex64))
    for look in (ImageReader((1,), ((0.0, 1.0),)), ImageReader((1,), ((0.0, 1.0),)).header):
        with pytest.raises(UserError, match="holds complex numbers"):
            look(path)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_an_image_stored_turned_is_refused_by_bands_and_has_its_turned_size_as_colours(tmp_path, suffix):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / f"a{suffix}", exif=exif)
    with pytest.raises(UserError, match="is stored turned"):
        ImageReader((1, 2))(tmp_path / f"a{suffix}")
    assert RGB.size(tmp_path / f"a{suffix}") == read_image(tmp_path / f"a{suffix}").shape[:2] == (30, 20)


def test_settings_as_options_write_them():
    for told in ("3,2,1", [3, 2, 1]):
        assert ModelConfig.model_validate({"name": "fcn8s", "bands": told}).bands == (3, 2, 1)
    assert ModelConfig.model_validate({"name": "fcn8s", "bands": 2, "stretch": "0,3000"}).stretch == ((0.0, 3000.0),)
    for wrong in ("0", "0,1,2", "a,b", [], [3, 2]):
        with pytest.raises(ValueError, match="stretch"):
            ModelConfig.model_validate({"name": "fcn8s", "bands": 2, "stretch": wrong})
