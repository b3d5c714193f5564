"""The probabilities of all classes that predict writes, and that they say what it writes beside them."""

import csv
import json
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pixelproof.data import read_image, write_png
from pixelproof.errors import UserError
from pixelproof.labels import PRESETS, LabelScheme
from pixelproof.prediction import Predictor
from pixelproof.prediction.chances import likeliest, rounded
from pixelproof.prediction.predictor import trained_network
from pixelproof.runs.calibration_file import Calibration, save_calibration
from pixelproof.training.checkpoints import save_weights
from pixelproof.verbs.predict import predict_run
from small_runs import COLORS, untrained_run

LAND = PRESETS["deepglobe"]


def noise(folder, *names, size=(70, 101)):
    for seed, name in enumerate(names):
        write_png(folder / name, np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8))
    return folder


def calibrate(run, temperature):
    facts = {"split": "selection", "images": 1, "samples": 1, "loss_before": 2.0, "loss_after": 1.0}
    save_calibration(run.calibration, Calibration(temperature=temperature, **facts))


def centre(run):
    """Centre each class's logits, or an untrained network would answer one class everywhere."""
    use = Predictor(trained_network(run), LAND, "cpu")
    image = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    scoring = [module for module in use.model.modules() if getattr(module, "out_channels", 0) == 7][-1]
    with torch.no_grad():
        scoring.bias -= use([image]).logits.mean(dim=(0, 2, 3))
    save_weights(run.best, use.model)


def read(path):
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


PHOTO = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("image", "given"),
    [
        (PHOTO.astype(np.uint16), r"an array uint16 \[40, 50, 3\]"),
        (PHOTO / 255, r"an array float64 \[40, 50, 3\]"),
        (PHOTO[..., 0], r"an array uint8 \[40, 50\]"),
        (np.dstack([PHOTO, PHOTO[..., :1]]), r"an array uint8 \[40, 50, 4\]"),
        (PHOTO.transpose(2, 0, 1), r"an array uint8 \[3, 40, 50\]"),
        (PHOTO[:0], r"an array uint8 \[0, 50, 3\]"),
        (torch.from_numpy(PHOTO), "Tensor"),
    ],
)
def test_arrays_that_are_no_image_are_refused(tmp_path, image, given):
    run = untrained_run(tmp_path / "run", "fcn32s")
    predictor = Predictor.open(str(run.path), "cpu")
    for ask in (predictor.class_map, predictor.probability_map, lambda one: predictor.probabilities([one])):
        with pytest.raises(UserError, match=rf"an image is given as {given}, and the network takes uint8 \[H, W, 3\]"):
            ask(image)


def test_images_of_several_sizes_are_for_networks_that_resize_them(tmp_path):
    images = [PHOTO, PHOTO[:30]]
    with pytest.raises(UserError, match="the images have several sizes, and the network resizes none; give them one"):
        Predictor.open(untrained_run(tmp_path / "masks", "fcn32s"), "cpu")(images)
    classifier = Predictor.open(untrained_run(tmp_path / "run", "vgg16", COLORS, input_size=32), "cpu")
    each = np.concatenate([classifier.probabilities([image]) for image in images])
    np.testing.assert_allclose(classifier.probabilities(images), each, atol=1e-6)


def test_a_view_of_an_array_is_an_image(tmp_path):
    predictor = Predictor.open(untrained_run(tmp_path / "run", "fcn32s"), "cpu")
    assert (predictor.class_map(PHOTO[:, ::-1, ::-1]) == predictor.class_map(PHOTO[:, ::-1, ::-1].copy())).all()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_class_with_the_largest_logit_stays_the_likeliest(temperature):
    """Also where half precision cannot tell it from others, as in most of the first 200 rows."""
    drawn = torch.Generator().manual_seed(0)
    logits = torch.randn(5, 300, 90, generator=drawn)
    logits[:, :200] = logits[:1, :200] + 1e-4 * torch.randn(5, 200, 90, generator=drawn)
    exact = (logits.double() / temperature).softmax(dim=0).numpy()
    found = rounded(logits, temperature)
    assert (found.dtype, found.shape) == (np.float16, (5, 300, 90))
    assert (exact.astype(np.float16).argmax(axis=0) != exact.argmax(axis=0)).mean() > 0.1
    np.testing.assert_array_equal(found.argmax(axis=0), logits.numpy().argmax(axis=0))
    np.testing.assert_array_equal(likeliest(found), found.argmax(axis=0))
    assert np.abs(found - exact).max() < 5e-4
    assert np.abs(found.sum(axis=0, dtype=float) - 1).max() < 1e-3


@pytest.mark.parametrize(
    ("asked", "tiled"), [({}, False), ({}, True), ({"tta": True}, False), ({"scales": [0.5, 1]}, True)]
)
def test_a_segmenter_s_agree_with_the_masks_beside_them(tmp_path, monkeypatch, asked, tiled):
    """And these are the masks that are written without probabilities; tiles are those of the whole image."""
    run = untrained_run(tmp_path / "run", "fcn8s")
    centre(run)
    calibrate(run, 1.7)
    root = noise(tmp_path / "in", "a.png", "sub/b.png", size=(200, 301))
    predict_run(run.path, root, tmp_path / "plain", device="cpu", **asked)
    with monkeypatch.context() as patch:
        if tiled:
            patch.setattr("pixelproof.prediction.tiles.LARGE", 100)
            patch.setattr("pixelproof.prediction.tiles.TILE", 64)
        predict_run(run.path, root, tmp_path / "all", device="cpu", probabilities=True, **asked)
    assert read(tmp_path / "plain").items() <= read(tmp_path / "all").items()
    classes = json.loads((tmp_path / "all" / "probabilities" / "classes.json").read_text("utf-8"))
    assert classes == [{"id": c.id, "name": c.name} for c in LAND.classes]
    predictor = Predictor.open(run, "cpu", **asked)
    for name in ("a", "sub/b"):
        found = np.load(tmp_path / "all" / "probabilities" / f"{name}.npy", allow_pickle=False)
        ids = np.array([c["id"] for c in classes])[found.argmax(axis=0)]
        np.testing.assert_array_equal(ids, read_image(tmp_path / "all" / "ids" / f"{name}.png")[..., 0])
        logits = predictor.logits([predictor.reader(root / f"{name}.png")])[0] / predictor.temperature
        assert np.abs(found - logits.softmax(dim=0).numpy()).max() < 1e-3
        assert len(np.unique(ids)) > 1
        assert np.array_equal(predictor.probability_map(predictor.reader(root / f"{name}.png")), found) or tiled


def test_a_classifier_s_are_a_table_of_all_classes(tmp_path):
    names = ["red", 'a "b", c', "filename"]
    scheme = {"task": "classification", "classes": [{"name": n, "id": i + 3} for i, n in enumerate(names)]}
    run = untrained_run(tmp_path / "run", "vgg16", LabelScheme.model_validate(scheme), input_size=32)
    calibrate(run, 0.02)
    root = noise(tmp_path / "in", "x,y.png", "sub/b.png", "c.png")
    predict_run(run.path, root, tmp_path / "out", device="cpu", probabilities=True)
    texts = ((tmp_path / "out" / f"{name}.csv").read_text("utf-8") for name in ("predictions", "probabilities"))
    tables = (list(csv.reader(text.splitlines())) for text in texts)
    (_, *predicted), (header, *rows) = tables
    assert header == ["filename", *names]
    assert [row[0] for row in rows] == [row[0] for row in predicted] == ["c.png", "sub/b.png", "x,y.png"]
    chances = np.array([row[1:] for row in rows], float)
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=0, atol=1e-15)
    assert [names[i] for i in chances.argmax(axis=1)] == [row[2] for row in predicted]
    predictor = Predictor.open(run, "cpu")
    np.testing.assert_array_equal(chances[1], predictor.probabilities([predictor.reader(root / "sub/b.png")])[0])


@pytest.mark.parametrize("name", ["fcn8s", "vgg16"])
def test_parts_are_the_whole_and_earlier_ones_make_room(tmp_path, name):
    scheme = LAND if name == "fcn8s" else LabelScheme(**LAND.model_dump() | {"task": "classification"})
    run = untrained_run(tmp_path / "run", name, scheme, **({"input_size": 32} if name == "vgg16" else {})).path
    root = noise(tmp_path / "in", "a.png", "b.png", "c.png", size=(33, 40))
    for part in ("1/1", "1/2", "2/2"):
        predict_run(run, root, tmp_path / part, device="cpu", probabilities=True, part=part)
    if name == "fcn8s":
        parts = {key: data for part in ("1/2", "2/2") for key, data in read(tmp_path / part).items()}
        assert parts == read(tmp_path / "1/1")
    else:
        lines = [(tmp_path / part / "probabilities.csv").read_text().splitlines() for part in ("1/1", "1/2", "2/2")]
        assert sorted(lines[0][1:]) == sorted(lines[1][1:] + lines[2][1:])
    predict_run(run, root / "b.png", tmp_path / "1/1", device="cpu", overwrite=True)
    assert not [path for path in (tmp_path / "1/1").rglob("*") if "probabilities" in path.name]


@pytest.mark.parametrize("full", [False, True])
def test_room_is_made_before_anything_is_computed(tmp_path, monkeypatch, full):
    run = untrained_run(tmp_path / "run", "fcn32s").path
    root = noise(tmp_path / "in", "a.png")

    def reserve(handle, start, size):
        assert (start, size) == (0, 128 + 2 * 7 * 70 * 101)
        if full:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", reserve)
    with pytest.raises(UserError, match="the disk is full while writing") if full else nullcontext():
        predict_run(run, root, tmp_path / "out", device="cpu", probabilities=True)
    assert (tmp_path / "out").exists() != full


def test_a_disk_without_room_for_all_is_named_at_once(tmp_path, monkeypatch):
    run = untrained_run(tmp_path / "run", "fcn32s").path
    root = noise(tmp_path / "in", "a.png", "b.png")
    size, asked = 2 * 7 * 2 * 70 * 101, []  # 198 kB
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=size - 1))
    monkeypatch.setattr(Predictor, "probability_map", lambda *given: asked.append(given))
    with pytest.raises(UserError, match=r"of 2 images take 198\.0 kB, and the disk has 198\.0 kB free; make room"):
        predict_run(run, root, tmp_path / "out", device="cpu", probabilities=True)
    assert not asked
    assert not (tmp_path / "out").exists()
    monkeypatch.undo()
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=size))
    predict_run(run, root, tmp_path / "out", device="cpu", probabilities=True)
    assert (tmp_path / "out" / "probabilities" / "b.npy").is_file()


@pytest.mark.parametrize(
    ("folder", "said"),
    [("a.npy", r"of .*a\.png would be called as the folder a\.npy is"), ("classes.json", "list of classes would be")],
)
def test_folders_called_as_what_is_written_are_named(tmp_path, folder, said):
    run = untrained_run(tmp_path / "run", "fcn32s").path
    root = noise(tmp_path / "in", "a.png", f"{folder}/b.png", size=(40, 40))
    with pytest.raises(UserError, match=said):
        predict_run(run, root, tmp_path / "out", device="cpu", probabilities=True)
    predict_run(run, root, tmp_path / "out", device="cpu")
    assert (tmp_path / "out" / "masks" / folder / "b.png").is_file()
