"""A stranger's tiles of four bands, of which near infrared alone tells the classes apart: from training to a map."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from pixelproof import api
from pixelproof.data import read_image
from pixelproof.data.reader import ImageReader
from pixelproof.errors import UserError
from pixelproof.evaluation import accuracy, mean_iou
from pixelproof.labels import PRESETS, encode_colors
from pixelproof.models.preprocessing import MEAN, STD
from pixelproof.prediction import Predictor
from small_data import write_near_infrared, write_raster, write_two_fields

rasterio = pytest.importorskip("rasterio", reason="the extra geo is not installed")
LAND = PRESETS["deepglobe"]
BANDS = ["bands=[3,2,1,4]", "stretch=[0,3000]"]
SLIM = [
    "width=0.05",
    "batch_size=4",
    "optimizer=muon",
    "lr=3e-3",
    "warmup=0",
    "device=cpu",
    "cache=none",
    "selection=0",
]


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    return write_near_infrared(tmp_path_factory.mktemp("bands") / "tiles")


@pytest.fixture(scope="module")
def run(tiles):
    return api.train(tiles, "fcn8s-bn", tiles.parent / "run", settings=[*BANDS, *SLIM, "epochs=12"])


def test_near_infrared_is_learned_and_colours_alone_say_nothing(tiles, run, tmp_path):
    colours = api.train(tiles, "fcn8s-bn", tmp_path / "rgb", settings=["bands=[3,2,1]", BANDS[1], *SLIM, "epochs=12"])
    with_it, without = (
        mean_iou(api.evaluate(path.path, tiles, device="cpu"), "unknown_counted") for path in (run, colours)
    )
    assert with_it > 0.7
    assert without < 0.5
    (pair,) = api.compare([run.path, colours.path]).pairs
    assert pair.difference < 0


def test_weights_of_other_bands_are_taken_and_named(tiles, run, tmp_path, capsys):
    weights = [f"weights={run.best}", *SLIM, "epochs=1", "limit=4"]
    api.train(tiles, "fcn8s-bn", tmp_path / "same", settings=[*BANDS, *weights])
    assert "was trained with" not in capsys.readouterr().err
    api.train(tiles, "fcn8s-bn", tmp_path / "other", settings=["bands=[4,2,1,3]", "stretch=[0,4000]", *weights])
    said = capsys.readouterr().err
    assert f"note: {run.best} was trained with bands=[3,2,1,4], and this network has bands=[4,2,1,3]\n" in said
    assert "with stretch=[[0.0,3000.0]], and this network has stretch=[[0.0,4000.0]]\n" in said


def test_the_run_says_how_it_reads(run):
    config = run.config()["model"]
    assert config["bands"] == [3, 2, 1, 4]
    assert len(config["mean"]) == len(config["std"]) == 4
    assert config["mean"][3] > config["mean"][0]  # measured, not ImageNet's
    assert json.loads(run.architecture.read_text())["input"][1] == 4
    assert Predictor.open(run, "cpu").reader == ImageReader((3, 2, 1, 4), ((0.0, 3000.0),))


def test_loading_workers_change_no_bit(tiles, tmp_path):
    settings = [*BANDS, *SLIM, "color=0.2", "epochs=2"]
    helped = api.train(tiles, "fcn8s-bn", tmp_path / "helped", settings=[*settings, "workers=1"])
    alone = api.train(tiles, "fcn8s-bn", tmp_path / "alone", settings=settings)
    assert alone.best.read_bytes() == helped.best.read_bytes()


def test_the_three_bands_of_colour_images_train_the_same_network(tmp_path):
    tiles = write_two_fields(tmp_path / "tiles")
    settings = [*SLIM, "color=0.2", "epochs=2", f"mean={list(MEAN)}", f"std={list(STD)}"]
    colours = api.train(tiles, "fcn8s-bn", tmp_path / "colours", settings=settings)
    bands = api.train(tiles, "fcn8s-bn", tmp_path / "bands", settings=[*settings, "bands=[1,2,3]"])
    assert colours.best.read_bytes() == bands.best.read_bytes()


def test_map_predict_and_exports_say_the_same(tiles, run, tmp_path):
    rng = np.random.default_rng(1)
    bands = rng.normal(900, 150, (4, 150, 210))
    bands[3] += np.where(np.arange(210) % 100 < 50, 1500, -500)
    scene = write_raster(tmp_path / "scene.tif", bands.clip(0, 4000).astype(np.uint16))
    whole = Predictor.open(run, "cpu").class_map(Predictor.open(run, "cpu").reader(scene))
    colored = encode_colors(LAND, whole)
    api.predict(run.path, [scene], tmp_path / "out", device="cpu")
    np.testing.assert_array_equal(read_image(tmp_path / "out" / "masks" / "scene.png"), colored)
    assert read_image(tmp_path / "out" / "overlays" / "scene.png").shape == (150, 210, 3)
    api.map(run.path, scene, tmp_path / "map.tif", device="cpu", tile=64)
    with rasterio.open(tmp_path / "map.tif") as data:
        np.testing.assert_array_equal(data.read(1), np.array([label.id for label in LAND.classes])[whole])
    for format in ("onnx", "ncnn"):  # OpenVINO takes what ONNX takes
        pytest.importorskip({"onnx": "onnxruntime"}.get(format, format), reason=f"{format} is not installed")
        facts = api.export(run.path, format, tmp_path / format, tiles)
        script = next(file for file in facts["files"] if file.endswith(".example.py"))
        subprocess.run([sys.executable, script, scene, tmp_path / f"{format}.png"], check=True, capture_output=True)
        assert (read_image(tmp_path / f"{format}.png") != colored).any(axis=-1).mean() < 1e-3


def test_other_bands_than_those_trained_on_are_refused(run, tmp_path):
    scene = write_raster(tmp_path / "scene.tif", np.zeros((3, 40, 40), np.uint16))
    for use in (
        lambda: api.predict(run.path, [scene], tmp_path / "out"),
        lambda: api.map(run.path, scene, tmp_path / "m.tif"),
    ):
        with pytest.raises(UserError, match="has 3 bands, no band 4"):
            use()
    four = write_raster(tmp_path / "four.tif", np.zeros((4, 40, 40), np.uint16))
    with pytest.raises(UserError, match="was trained on 4 bands, and --bands names 3"):
        api.map(run.path, four, tmp_path / "m.tif", bands=(1, 2, 3))


def test_pictures_are_of_the_first_three_bands(tiles, run, tmp_path):
    first = sorted((tiles / "validation" / "images").iterdir())[0]
    (picture,) = api.cam(run.path, [first], tmp_path / "cam", device="cpu")
    assert read_image(picture).shape == (256, 256, 3)
    api.explain(run.path, tiles, tmp_path / "why", device="cpu")
    assert (tmp_path / "why" / "report.html").is_file()


def test_a_classifier_of_two_bands(tmp_path):
    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("validation", 5)):
        for name, level in (("dry", 500), ("wet", 2500)):
            for index in range(count):
                bands = np.stack([rng.normal(1500, 300, (24, 24)), rng.normal(level, 300, (24, 24))])
                write_raster(tmp_path / "plots" / split / name / f"{index}.tif", bands.clip(0, 4000).astype(np.uint16))
    settings = ["bands=[1,2]", "stretch=[[0,3000],[0,4000]]", *SLIM, "epochs=8"]
    run = api.train(tmp_path / "plots", "vgg16-bn", tmp_path / "run", settings=settings)
    assert accuracy(api.evaluate(run.path, tmp_path / "plots", device="cpu")) == 1.0
    api.explain(run.path, tmp_path / "plots", tmp_path / "why", device="cpu")
    api.predict(run.path, [tmp_path / "plots" / "validation"], tmp_path / "out", device="cpu")
    rows = (tmp_path / "out" / "predictions.csv").read_text().splitlines()[1:]
    assert sum(row.split("/")[0] in row.split(",")[2] for row in rows) == 10


def test_values_of_another_kind_are_pointed_out(tiles, run, tmp_path, capsys):
    dim = write_raster(tmp_path / "dim.tif", np.full((4, 40, 40), 0.2, np.float32))
    api.map(run.path, dim, tmp_path / "m.tif", device="cpu")
    assert "nearly all of dim.tif comes out black or white (values 0 to 3000 as 0 to 255)" in capsys.readouterr().err
    dark = api.train(tiles, "fcn8s-bn", tmp_path / "dark", settings=[BANDS[0], *SLIM, "epochs=1"])
    assert "band 3, 2, 1, 4 comes out almost black" in capsys.readouterr().err
    assert dark.config()["model"]["dtype"] == "uint16"
    with pytest.raises(UserError, match="holds float32 pixels, whose range is not known"):
        api.predict(dark.path, [dim], tmp_path / "out", device="cpu")
