"""Runs of several seeds and networks become one run, which all verbs take."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import rasterio
import torch
from rasterio.errors import NotGeoreferencedWarning

from pixelproof import api
from pixelproof.config import run_settings
from pixelproof.data import write_png
from pixelproof.deploy.serve.answers import answer
from pixelproof.deploy.serve.models import load_models
from pixelproof.errors import UserError
from pixelproof.evaluation.asked import read_questions
from pixelproof.explanation.gradcam import grad_cam
from pixelproof.prediction import Predictor
from pixelproof.prediction.predictor import trained_network
from pixelproof.runs import Run
from pixelproof.runs.calibration_file import fitted_temperature
from pixelproof.runs.files import file_digest
from pixelproof.runs.learned import load_learned
from pixelproof.runs.locks import alone_in
from pixelproof.verbs.rule import keep_rule, load_scores
from small_data import write_two_fields

SETTINGS = ["width=0.06", "epochs=2", "batch_size=4", "warmup=0", "ema=0.5"]


@pytest.fixture(scope="module")
def land(tmp_path_factory):
    """Return a folder with data and runs on it: fcn8s twice, fcn32s, and one of a part of the images."""
    folder = tmp_path_factory.mktemp("land")
    data = write_two_fields(folder / "data")
    for name, model, more in (
        ("one", "fcn8s-bn", []),
        ("two", "fcn8s-bn", ["seed=1", "tta=true"]),
        ("other", "fcn32s-bn", ["validation=0.3", "train_limit=500"]),  # without effect: the same images
        ("fewer", "fcn8s", ["train_limit=4"]),
        ("dark", "fcn8s", ["mean=[0,0,0]"]),
    ):
        api.train(data, model, folder / name, settings=[*SETTINGS, "crop=64", *more])
    return folder


def test_an_ensemble_is_a_run(pixelproof, land, tmp_path):
    runs = [land / name for name in ("one", "two", "other")]
    code, _, said = pixelproof("ensemble", *runs, "--data", land / "data", "--out", tmp_path / "all")
    assert code == 0, said
    assert "note: the ensemble looks at images as" in said
    assert "on the selection part, asked once; its members alone:" in said
    run = Run.open(tmp_path / "all")
    members = [Run.open(path) for path in runs]
    assert [member.seed for member in run.facts().members] == [0, 1, 0]
    assert run.facts().data == members[0].facts().data

    use = Predictor.open(run, "cpu")
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    alone = []
    for member in members:
        literal = Predictor(trained_network(member), use.scheme, "cpu")
        alone.append(literal.logits([image])[0].div(fitted_temperature(member.calibration)).softmax(dim=0))
    expected = torch.stack(alone).mean(dim=0)
    np.testing.assert_allclose(use.logits([image])[0].softmax(dim=0), expected, atol=1e-5)

    code, answer, said = pixelproof("evaluate", run.path, land / "data", "--json")
    assert code == 0, said
    assert json.loads(answer)["images"] == 3
    assert load_scores(run.scores("validation")).source.name == "all"
    heats = [grad_cam(Predictor(network, use.scheme, "cpu"), image, 4).values for network in use.network.networks()]
    total = np.sum(heats, axis=0)
    np.testing.assert_allclose(grad_cam(use, image, 4).values, total / max(total.max(), 1e-9), atol=1e-5)
    page = api.report(run.path).read_text("utf-8")
    assert "none of its own: the mean of the probabilities of one (fcn8s-bn, seed 0," in page
    assert "An ensemble has no training of its own." in page
    assert "Not there yet" not in page


@pytest.fixture(scope="module")
def both(land):
    """Return an ensemble of two networks of different strides."""
    return api.ensemble([land / "one", land / "other"], land / "both", land / "data")


def test_what_was_exported_answers_as_the_ensemble_does(both, tmp_path):
    pytest.importorskip("onnxscript")
    proof = api.export(both.path, "onnx", tmp_path / "both.onnx")
    assert proof["changed"]["count"] == 0
    assert len(proof["sizes"]) > 1  # also images whose sides are no multiples of the networks' strides


def test_a_map_and_a_server_answer_as_the_ensemble_does(both, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (210, 331, 3)).astype(np.uint8)
    write_png(tmp_path / "scene.png", image)
    expected = Predictor.open(both, "cpu").class_map(image)
    api.map(both.path, tmp_path / "scene.png", tmp_path / "map.tif", tile=96, device="cpu")
    with pytest.warns(NotGeoreferencedWarning), rasterio.open(tmp_path / "map.tif") as written:
        np.testing.assert_array_equal(written.read(1), expected)
    (served,) = load_models([both], "cpu", "torch", None)
    said = answer(served, (tmp_path / "scene.png").read_bytes())
    assert [label["pixels"] for label in said["classes"].values()] == np.bincount(expected.flat, minlength=7).tolist()


def test_an_ensemble_of_classifiers(color_classes, tmp_path, capsys):
    for seed in (0, 1):
        api.train(color_classes, "vgg16-bn", tmp_path / f"{seed}", settings=[*SETTINGS, f"seed={seed}"])
    run = api.ensemble([tmp_path / "0", tmp_path / "1"], tmp_path / "both", color_classes)
    assert len(api.evaluate(run.path, color_classes).ids) == 12
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    use = Predictor.open(run, "cpu")
    assert grad_cam(use, image).target == use.logits([image]).argmax()
    features = use([image]).features.shape[1]
    assert features == 2 * Predictor.open(Run.open(tmp_path / "0"), "cpu")([image]).features.shape[1]
    asked = read_questions(run.labels(), ["red=0.3"], None, None)
    api.evaluate(tmp_path / "0", color_classes)
    for each in (Run(tmp_path / "0"), run):  # each has a rule of its own, which goes with it
        assert keep_rule(each, each.scores("validation"), asked).chosen.weights == file_digest(each.best)
    api.ensemble([tmp_path / "0", tmp_path / "1"], tmp_path / "both", color_classes, overwrite=True)
    assert not run.rule.exists()
    assert f"{run.rule} goes with the run that is replaced" in capsys.readouterr().err


def test_what_does_not_fit_together_is_refused(land, both, color_classes, tmp_path):
    def refused(*runs, data=land / "data"):
        with pytest.raises(UserError) as error:
            api.ensemble([land / run for run in runs], tmp_path / "none", data)
        assert not (tmp_path / "none").exists()
        return str(error.value)

    assert "two different runs or more" in refused("one")
    assert "two members have the weights of" in refused("one", "two", "one")
    assert "learned from other images or labels than" in (said := refused("one", "fewer"))
    assert "by train_limit" in said
    assert "by mean" in refused("one", "dark")
    assert "is not the data that" in refused("one", "two", data=color_classes)
    unfinished = Run(shutil.copytree(land / "two", tmp_path / "unfinished"))
    unfinished.note({"finished": False})
    assert "is not trained to its end" in refused("one", unfinished.path)
    assert "is an ensemble itself" in refused("one", "both")
    with pytest.raises(UserError, match="is the place of one of the members"):
        api.ensemble([land / "one", land / "two"], land / "two", land / "data", overwrite=True)


def test_an_ensemble_replaces_another_where_it_may(pixelproof, land, both, tmp_path):
    place = shutil.copytree(both.path, tmp_path / "both")
    again = ["ensemble", land / "one", land / "two", "--data", land / "data", "--out", place]
    code, _, said = pixelproof(*again)
    assert (code, "already exists" in said) == (2, True)
    with alone_in(place / "checkpoints"):
        assert pixelproof(*again)[0] == 2
        assert "another process is writing" in pixelproof(*again, "--overwrite")[2]
    assert [member.name for member in run_settings(Run.open(place)).model.members] == ["fcn8s-bn", "fcn32s-bn"]
    api.ensemble([land / "one", land / "two"], place, land / "data", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["both"]
    assert Run.open(place).facts().members[1].run == "two"
    assert [learned.run for learned in load_learned(Run(place))] == ["both"]
    unknown = Run(shutil.copytree(land / "two", tmp_path / "unknown"))
    (unknown.path / "learned.npz").write_bytes(b"")
    made = api.ensemble([land / "one", unknown.path], place, land / "data", overwrite=True)
    assert load_learned(made) == ()  # a part would seem to be all


def test_an_ensemble_is_not_trained_nor_begun_with(pixelproof, land, both, tmp_path):
    for words in (["--resume", "--out", both.path], ["--model", "ensemble", "--out", tmp_path / "none"]):
        code, _, said = pixelproof("train", land / "data", *words)
        assert (code, "not trained" in said) == (2, True)
    begin = ["train", land / "data", "--model", "fcn8s-bn", "--out", tmp_path / "none", "--weights"]
    assert "has the weights of an ensemble" in pixelproof(*begin, both.path / "checkpoints" / "best.safetensors")[2]
    code, _, said = pixelproof(*begin, both.path)
    assert (code, "is an ensemble, whose weights are those of several networks" in said) == (2, True)
    assert str(both.path / "checkpoints") not in said


def test_a_killed_one_leaves_nothing(land, tmp_path, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pixelproof.verbs.ensemble.finish", killed)
    with pytest.raises(KeyboardInterrupt):
        api.ensemble([land / "one", land / "two"], tmp_path / "both", land / "data")
    assert list(tmp_path.iterdir()) == []
