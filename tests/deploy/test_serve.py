"""Answers over HTTP are those of predict, whatever is sent and whoever asks."""

from __future__ import annotations

import base64
import csv
import io
import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from serving import FOLDERS, PNG, decoded, encoded, picture, running

import pixelproof
from pixelproof.data import read_image
from pixelproof.deploy.serve import answers
from pixelproof.deploy.serve.answers import answer
from pixelproof.deploy.serve.models import load_models
from pixelproof.deploy.serve.names import model_names
from pixelproof.deploy.serve.server import thresholds_of
from pixelproof.errors import UserError
from pixelproof.prediction import Predictor, tiles
from pixelproof.verbs.predict import predict_run
from small_data import write_raster
from small_runs import untrained_run


def exif(orientation: int) -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = orientation
    return made


KINDS = {
    "rgb.png": encoded(picture()),
    "grey16.png": encoded(picture()[..., 0].astype(np.uint16) * 257),
    "alpha.png": encoded(np.dstack([picture(), picture()[..., 0]])),
    "turned.jpg": encoded(picture(), "JPEG", exif=exif(6)),
    "plain.bmp": encoded(picture(), "BMP"),
    "deflated.tif": encoded(picture(), "TIFF", compression="tiff_adobe_deflate"),
    "lossless.webp": encoded(picture(), "WEBP", lossless=True),
    "one.png": encoded(picture(1, 1)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for name, data in KINDS.items():
        (folder / name).write_bytes(data)
    return folder


def test_pictures_are_the_files_that_predict_writes(server, runs, folder, tmp_path):
    for run in runs[:2]:
        predict_run(run.path, [folder], tmp_path / run.name, device="cpu")
        for (name, data), (kind, place) in itertools.product(KINDS.items(), FOLDERS.items()):
            reply = server.predict(run.name, data, kind)
            assert (reply.status, reply.headers["content-type"]) == (200, "image/png")
            assert reply.body == (tmp_path / run.name / place / name).with_suffix(".png").read_bytes(), (name, kind)


def test_the_plain_answer_of_a_segmenter(server, models, runs, folder, tmp_path):
    predict_run(runs[0].path, [folder], tmp_path / "out", device="cpu")
    scheme = models[0].predictor.scheme
    for name, data in KINDS.items():
        found = server.predict("fcn8s", data).json
        image = read_image(folder / name)
        ids = decoded((tmp_path / "out" / "ids" / name).with_suffix(".png").read_bytes())
        assert list(found) == [
            *("model", "task", "width", "height", "classes", "confidence", "mask", "confidence_map", "seconds")
        ]
        assert (found["model"], found["task"]) == ("fcn8s", "segmentation")
        assert (found["height"], found["width"]) == image.shape[:2] == ids.shape
        assert list(found["classes"]) == list(scheme.names)
        for label in scheme.classes:
            counted = found["classes"][label.name]
            assert counted == {"id": label.id, "pixels": (ids == label.id).sum(), "share": (ids == label.id).mean()}
        mask = base64.b64decode(found["mask"])
        assert np.array_equal(decoded(mask), decoded(server.predict("fcn8s", data, "mask").body))
        sure = models[0].predictor.confident_map(image, [1.0])[..., 1]
        grey = decoded(base64.b64decode(found["confidence_map"]))
        assert grey.dtype == np.uint8
        assert np.abs(grey / 255 - sure).max() <= 0.5 / 255 + 1e-6
        assert found["confidence"] == pytest.approx(sure.mean(dtype=float), abs=1e-6)


def test_the_answer_of_a_classifier(server, runs, folder, tmp_path):
    predict_run(runs[2].path, [folder], tmp_path / "out", device="cpu")
    with (tmp_path / "out" / "predictions.csv").open() as file:
        rows = {row["filename"]: row for row in csv.DictReader(file)}
    for name, data in KINDS.items():
        found = server.predict("colors", data).json
        assert list(found) == [
            *("model", "task", "width", "height", "label", "probability", "probabilities", "seconds")
        ]
        assert str(found["label"]["id"]) == rows[name]["label"]
        assert found["label"]["name"] == rows[name]["name"]
        assert f"{found['probability']:.6f}" == rows[name]["probability"]
        likely = sorted(found["probabilities"].items(), key=lambda item: -item[1])
        assert " ".join(f"{label}={chance:.4f}" for label, chance in likely) == rows[name]["top5"]
        assert sum(found["probabilities"].values()) == pytest.approx(1)


def test_thresholds_are_reached_as_predict_says(runs, folder, tmp_path):
    predict_run(runs[2].path, [folder], tmp_path / "plain", device="cpu", probabilities=True)
    with (tmp_path / "plain" / "probabilities.csv").open() as file:
        red = sorted({float(row["red"]) for row in csv.DictReader(file)})
    asked = [f"red={red[-2]}", "green=0"]
    predict_run(runs[2].path, [folder], tmp_path / "out", device="cpu", threshold=asked)
    with (tmp_path / "out" / "predictions.csv").open() as file:
        wanted = {row["filename"]: row["look_for"].split("; ") for row in csv.DictReader(file)}
    assert {len(names) for names in wanted.values()} == {1, 2}
    few = [runs[0], runs[2]]
    with running(load_models(few, "cpu", "torch", None, None, thresholds_of(few, asked))) as server:
        assert {name: server.predict("colors", data).json["look_for"] for name, data in KINDS.items()} == wanted
        assert "look_for" not in server.predict("fcn8s", PNG).json
        listed = [model["thresholds"] for model in server.get("/api/models").json["models"]]
    assert [[(each["class"], each["probability"]) for each in model] for model in listed] == [
        [],
        [(name, float(least)) for name, _, least in (text.partition("=") for text in asked)],
    ]


def test_a_large_image_is_computed_in_tiles(server, monkeypatch):
    data = encoded(picture(1000, 150))
    whole = server.predict("fcn8s", data, "ids").body
    monkeypatch.setattr(tiles, "LARGE", 1000)
    assert server.predict("fcn8s", data, "ids").body == whole
    assert server.predict("fcn8s", data).json["height"] == 1000


def test_the_image_as_the_models_see_it(server, folder):
    for name, data in KINDS.items():
        reply = server.ask("POST", "/api/image", data)
        assert np.array_equal(decoded(reply.body), read_image(folder / name))


def test_what_is_served(server, models):
    assert server.get("/api/health").json == {"status": "ok", "version": pixelproof.__version__}
    for path in ("/", "/api/health"):
        head = server.ask("HEAD", path)
        assert (head.status, head.body) == (200, b"")
    listed = server.get("/api/models").json["models"]
    assert [model["name"] for model in listed] == ["fcn8s", "fcn32s", "colors"]
    assert [model["task"] for model in listed] == ["segmentation", "segmentation", "classification"]
    assert [model["model"] for model in listed] == ["fcn8s", "fcn32s", "vgg16"]
    assert {(model["backend"], model["temperature"]) for model in listed} == {("torch", 1.0)}
    assert listed[0]["labels"] == models[0].predictor.scheme.hash
    assert listed[0]["classes"][0] == {"id": 0, "name": "urban", "color": "#00ffff", "ignored": False}
    assert [c["name"] for c in listed[0]["classes"] if c["ignored"]] == ["unknown"]
    assert listed[2]["classes"][1] == {"id": 1, "name": "green", "color": None, "ignored": False}
    described = server.get("/openapi.json").json
    assert set(described["paths"]) == {*("/api/health", "/api/models", "/api/models/{name}/predict", "/api/image")}
    for elsewhere in ("/docs", "/redoc"):
        assert "nothing at this address" in server.get(elsewhere).error


def test_answers_without_a_server(models):
    with pytest.raises(UserError, match=r"the image is not a PNG.*; remove or replace it"):
        answer(models[0], b"hello")
    with pytest.raises(UserError, match="is a classifier"):
        answer(models[2], PNG, "mask")


def test_names_that_urls_can_hold(tmp_path):
    def names(*paths: str) -> list[str]:
        return model_names([Path(path) for path in paths])

    assert names("runs/a", "runs/b") == ["a", "b"]
    assert names("one/fcn8s", "two/fcn8s", "x") == ["one-fcn8s", "two-fcn8s", "x"]
    assert names("my run", "100%", "a?b#c", "水 域", ".hidden") == ["my-run", "100", "a-b-c", "水-域", "hidden"]
    assert names("a b", "a-b", "x/a-b") == ["a-b", "a-b-2", "x-a-b"]
    assert names("%%%", "///") == ["run", "run-2"]
    many = names("a b", "a-b", "a?b", "a-b-2", "x/a b", "x-a-b", "e\u0301", "\u00e9")
    assert len(set(many)) == len(many)
    assert not [name for name in many if set(name) & set("/?#%& .\\")]


def test_pictures_of_every_mode_come_out_the_same_from_bytes(folder):
    from pixelproof.data.images import decode_image

    for name, data in KINDS.items():
        assert np.array_equal(decode_image(data), read_image(folder / name))
    with Image.open(io.BytesIO(KINDS["turned.jpg"])) as image:
        assert (image.height, image.width) == decode_image(KINDS["turned.jpg"]).shape[1::-1]


def test_a_model_of_other_bands(tmp_path, runs, monkeypatch):
    bands = untrained_run(tmp_path / "bands", "fcn8s", bands=(3, 1, 2, 4), stretch=((0.0, 3000.0),))
    stored = np.random.default_rng(0).integers(0, 3000, (4, 40, 56), dtype=np.uint16)
    data = write_raster(tmp_path / "four.tif", stored).read_bytes()
    with running(load_models([runs[0], bands], "cpu", "torch", None)) as server:
        expected = Predictor.open(bands, "cpu").class_map(Predictor.open(bands, "cpu").reader.decode(data))
        ids = decoded(server.predict("bands", data, "ids").body)
        assert np.array_equal(ids, np.array([label.id for label in bands.labels().classes])[expected])
        assert server.predict("bands", data, "overlay").status == 200
        assert "holds 4 bands of uint16" in server.predict("fcn8s", data).error
        assert "has 3 bands, no band 4" in server.predict("bands", PNG).error
        shown = decoded(server.ask("POST", "/api/image", data).body)
        assert np.abs(shown - stored[[2, 0, 1]].transpose(1, 2, 0) / 3000 * 255).max() <= 1
        vrt = b'<VRTDataset rasterXSize="1" rasterYSize="1"></VRTDataset>'
        assert "is made of other files" in server.predict("bands", vrt).error
        monkeypatch.setattr(answers, "MOST_PIXELS", 1000)
        assert "has 2,240 pixels of 4 bands, and a server takes 750; cut it up" in server.predict("bands", data).error
