"""From a package with a network, a loss and an augmentation of one's own to an export; and without the package."""

from __future__ import annotations

import json
import sys

import pytest
import torch
from safetensors.torch import load_file

from pixelproof import api
from pixelproof.data import open_data
from pixelproof.deploy.serve.answers import answer
from pixelproof.deploy.serve.models import load_models
from pixelproof.runs import Run, load_features
from pixelproof.training import loop
from pixelproof.training.settings import prepare
from pixelproof.verbs.train import train
from small_plugins import GROUPS, LEARNING, NETWORKS, install, write_package

ALL = {
    "classification": ["littlenet"],
    "segmentation": ["LittleUnet"],
    "loss": ["tversky"],
    "augmentation": ["erase"],
}
SETTINGS = ["epochs=2", "device=cpu", "batch_size=4", "ema=0.9", "warmup=0"]


def words(settings):
    return [word for setting in settings for word in ("--set", setting)]


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("littlenet", ["mixup=0.2", "loss=plugin:tversky+focal", "augmentation=plugin:erase"]),
        ("LittleUnet", ["crop=48", "finish=cross-entropy+plugin:tversky", "augmentation=plugin:erase"]),
    ],
)
def test_a_killed_run_resumes_to_the_same_bits(tmp_path, color_classes, two_fields, monkeypatch, name, more):
    install(monkeypatch, tmp_path / "site", NETWORKS + LEARNING, **ALL)
    data = open_data(color_classes if name == "littlenet" else two_fields)
    config = prepare(data, f"plugin:{name}", tmp_path / "whole", None, [*SETTINGS, *more])
    whole = train(data, config, tmp_path / "whole")
    steps, step = iter(range(99)), loop.Trainer._step

    def dying(trainer):
        if next(steps) == len(trainer.batches):  # the first one of the second epoch
            raise KeyboardInterrupt
        step(trainer)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(loop.Trainer, "_step", dying)
        train(data, config, tmp_path / "torn")
    torn = train(data, config, tmp_path / "torn", resume=True)
    for one, other in ((whole.best, torn.best), (whole.last, torn.last)):
        expected, found = load_file(one), load_file(other)
        assert expected.keys() == found.keys()
        assert all(torch.equal(tensor, found[key]) for key, tensor in expected.items())


def test_a_classifier_from_training_to_an_export(pixelproof, tmp_path, color_classes, monkeypatch):
    pytest.importorskip("onnxscript")
    module = install(monkeypatch, tmp_path / "site")
    run, photo = tmp_path / "run", color_classes / "validation" / "red" / "0.png"
    model = ["--model", "plugin:littlenet", "--out", run, "--set", "width=2"]
    code, _, err = pixelproof("train", color_classes, *model, *words(["epochs=1", *SETTINGS[1:]]))
    assert code == 0, err
    assert "width is for the VGG and FCN family" in err
    assert Run(run).facts().packages[module] == "0.5"
    code, out, err = pixelproof("evaluate", run, color_classes, "--json")
    assert (code, json.loads(out)["total"]) == (0, 12), err
    code, _, err = pixelproof("predict", run, photo, "--out", tmp_path / "guess", "--backend", "torch")
    assert code == 0, err
    code, _, err = pixelproof("cam", run, photo, "--out", tmp_path / "why")
    assert code == 0, err
    code, _, err = pixelproof("embed", run, color_classes, "--split", "train", "--out", tmp_path / "map")
    assert code == 0, err
    assert load_features(tmp_path / "map" / "features.npz").features.shape[1] == 12
    code, out, err = pixelproof("export", run, "--format", "onnx", "--out", tmp_path / "net.onnx", "--json")
    assert code == 0, err
    assert json.loads(out)["difference"] < 1e-5
    code, out, err = pixelproof("show", run, "--json")
    assert (code, json.loads(out)["name"]) == (0, "plugin:littlenet"), err
    (served,) = load_models([Run(run)], "cpu", "torch", None)
    said = answer(served, photo.read_bytes())["label"]["name"]
    assert f",{said}," in (tmp_path / "guess" / "predictions.csv").read_text()


def test_a_segmenter_from_training_to_an_export(pixelproof, tmp_path, two_fields, monkeypatch):
    pytest.importorskip("ncnn")
    pytest.importorskip("pnnx")
    install(monkeypatch, tmp_path / "site")
    run = tmp_path / "run"
    train = ["train", two_fields, "--model", "plugin:LittleUnet", "--out", run, *words(["epochs=1", *SETTINGS[1:]])]
    code, _, err = pixelproof(*train)
    assert code == 0, err
    code, out, err = pixelproof("evaluate", run, two_fields, "--json")
    assert (code, json.loads(out)["images"]) == (0, 3), err
    image = two_fields / "validation" / "0000_sat.png"
    code, _, err = pixelproof("predict", run, image, "--out", tmp_path / "maps", "--backend", "torch")
    assert code == 0, err
    code, _, err = pixelproof("cam", run, image, "--out", tmp_path / "why")
    assert code == 0, err
    code, out, err = pixelproof("export", run, "--format", "ncnn", "--out", tmp_path / "net.param", "--json")
    assert code == 0, err
    assert json.loads(out)["difference"] < 1e-5


STUDY = """
name: own
parts:
  patches:
    data: patches
    settings: {epochs: 1, batch_size: 4, device: cpu}
    seeds: [0, 1]
    models: {own: "plugin:littlenet"}
"""


def test_a_study_trains_several_at_once(pixelproof, tmp_path, color_classes, monkeypatch):
    install(monkeypatch, tmp_path / "site")
    (tmp_path / "study.yaml").write_text(STUDY)
    out = tmp_path / "out"
    code, _, err = pixelproof("study", tmp_path / "study.yaml", "--data", tmp_path, "--out", out, "--jobs", 2)
    assert code == 0, err
    both = api.ensemble([out / "patches" / name for name in ("own", "own.seed-1")], tmp_path / "both", color_classes)
    assert [member.model for member in both.facts().members] == ["plugin:littlenet"] * 2


def test_going_on_with_another_version_of_a_package_is_noted(pixelproof, tmp_path, color_classes, monkeypatch):
    own = install(monkeypatch, tmp_path / "site")
    train = ["train", color_classes, "--out", tmp_path / "run"]
    assert pixelproof(*train, "--model", "plugin:littlenet", *words(["epochs=1", *SETTINGS[1:]]))[0] == 0
    assert "note: " + own not in pixelproof(*train, "--resume")[2]
    run = Run(tmp_path / "run")
    run.note({"packages": run.facts().packages | {own: "0.4"}})
    assert f"note: {own} is 0.5 now, and {run.path} began with 0.4" in pixelproof(*train, "--resume")[2]


def test_a_run_of_a_stranger_brings_no_code(pixelproof, tmp_path, color_classes, monkeypatch):
    """Neither by its folder nor by that of the data; where its package is missing, a sentence says so."""
    with monkeypatch.context() as patch:
        install(patch, tmp_path / "site")
        train = ["train", color_classes, "--model", "plugin:littlenet", "--out", tmp_path / "run"]
        code, _, err = pixelproof(*train, *words(["epochs=1", *SETTINGS[1:]]))
        assert code == 0, err
    entries = {group: ["littlenet"] for group in GROUPS.values()}
    brought = [write_package(tmp_path / place, NETWORKS, entries) for place in ("run", "patches")]
    monkeypatch.chdir(tmp_path / "run")
    missing = "no installed package has the entry point 'littlenet' in the group pixelproof.classifiers or"
    for verb in ("evaluate", "explain", "embed"):
        code, out, err = pixelproof(verb, tmp_path / "run", color_classes, *(["--out", "o"] * (verb != "evaluate")))
        assert (code, out) == (2, "")
        assert missing in err
        assert "install the package that brings it" in err
    for more in (["--out", tmp_path / "run", "--resume"], ["--out", "new", "--model", "plugin:littlenet"]):
        code, _, err = pixelproof("train", color_classes, *more)
        assert code == 2
        assert missing in err
    assert not set(brought) & set(sys.modules)
    code, _, err = pixelproof("report", tmp_path / "run")  # which needs no network
    assert code == 0, err


def test_what_was_learned_with_a_package_is_used_without_it(pixelproof, tmp_path, color_classes, monkeypatch):
    runs, photo = [tmp_path / "0", tmp_path / "1"], color_classes / "validation" / "red" / "0.png"
    own = ["loss=focal+plugin:tversky", "augmentation=plugin:erase", "width=0.03", "epochs=1", *SETTINGS[1:]]
    with monkeypatch.context() as patch:
        module = install(patch, tmp_path / "site", LEARNING, loss=["tversky"], augmentation=["erase"])
        for seed, run in enumerate(runs):
            train = ["train", color_classes, "--model", "vgg16-bn", "--out", run, *words([*own, f"seed={seed}"])]
            code, _, err = pixelproof(*train)
            assert code == 0, err
            assert Run(run).facts().packages[module] == "0.5"
    assert module not in sys.modules
    for verb in (
        ("evaluate", runs[0], color_classes),
        ("predict", runs[0], photo, "--out", tmp_path / "guess", "--backend", "torch"),
        ("show", runs[0]),
        ("ensemble", *runs, "--data", color_classes, "--out", tmp_path / "both"),
        ("report", tmp_path / "both"),
    ):
        code, _, err = pixelproof(*verb)
        assert code == 0, err
    write_package(runs[0], LEARNING, {"pixelproof.losses": ["tversky"], "pixelproof.augmentations": ["erase"]})
    monkeypatch.chdir(runs[0])
    missing = "no installed package has the entry point 'erase' in the group pixelproof.augmentations; install the pack"
    new = ["--model", "vgg16", *words(["augmentation=plugin:erase"])]
    for more in (["--out", runs[0], "--resume"], ["--out", tmp_path / "new", *new]):
        code, _, err = pixelproof("train", color_classes, *more)
        assert code == 2
        assert missing in err
    assert not (tmp_path / "new").exists()


def test_a_network_for_other_data_is_refused(pixelproof, tmp_path, color_classes, monkeypatch):
    install(monkeypatch, tmp_path / "site")
    code, _, err = pixelproof("train", color_classes, "--model", "plugin:LittleUnet", "--out", tmp_path / "run")
    assert code == 2
    assert "model 'plugin:LittleUnet' is for segmentation, the data in" in err
    assert not (tmp_path / "run").exists()
