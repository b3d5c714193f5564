"""Other libraries are used only where they give the same answer."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from pixelproof.config import default_config
from pixelproof.errors import Refusal, UserError
from pixelproof.labels import PRESETS
from pixelproof.models import build_model
from pixelproof.prediction import Predictor
from pixelproof.prediction.backends import choice, use_backend
from pixelproof.prediction.backends.trial import prove
from pixelproof.runs import Run
from pixelproof.runs.proof_images import proof_images, save_proof_images
from pixelproof.training.checkpoints import save_weights

NEEDED = {
    "onnxruntime": ("onnxruntime", "onnxscript"),
    "openvino": ("openvino", "onnxscript"),
    "ncnn": ("ncnn", "pnnx"),
}


def need(name):
    for package in NEEDED[name]:
        pytest.importorskip(package, reason=f"the backend {name} is not installed")


@pytest.fixture
def make_run(tmp_path):
    """Return a run of an untrained network whose answers vary from pixel to pixel."""

    def make(name, width=0.05, **settings):
        config = default_config("segmentation", name)
        config = config.model_copy(update={"model": config.model.model_copy(update={"width": width, **settings})})
        run = Run.create(tmp_path / name.replace(":", "-"), config.model_dump(mode="json"), PRESETS["deepglobe"], {})
        rng = np.random.default_rng(0)
        save_proof_images(run, [rng.integers(0, 256, (70, 101, 3), dtype=np.uint8) for _ in range(2)])
        model = build_model(config.model, 7)
        for module in model.modules():
            if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d) and module.bias is not None:
                torch.nn.init.normal_(module.bias, std=0.1)
        save_weights(run.best, model)
        return run

    return make


@pytest.mark.parametrize("name", ["fcn8s-bn", pytest.param("fcn8s-bilinear", marks=pytest.mark.slow)])
def test_a_library_gives_the_answer_of_the_network_at_any_size(make_run, name):
    run = make_run(name)
    right = Predictor.open(run, "cpu")
    for backend in NEEDED:  # in one test, because two of them share a conversion that takes seconds
        need(backend)
        use = Predictor.open(run, "cpu")
        assert use_backend(use, run, backend, (64, 96)) == backend
        for size in ((64, 96), (33, 70), (129, 31)):
            image = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
            a, b = right.logits([image]), use.logits([image])
            assert a.shape == b.shape
            assert (a - b).abs().max() < 1e-4 * a.abs().max()
            assert (right.class_map(image) == use.class_map(image)).mean() > 0.999
        found = json.loads((run.path / "backends" / "trials.json").read_text())
        (trial,) = found["trials"].values()
        assert trial[backend]["difference"] < 1e-4


def test_auto_takes_the_fastest_and_remembers(make_run, monkeypatch):
    need("ncnn")
    monkeypatch.setattr(choice, "RUNTIMES", {"ncnn": choice.RUNTIMES["ncnn"]})
    run = make_run("fcn8s")
    use = Predictor.open(run, "cpu")
    chosen = use_backend(use, run, "auto", (64, 64))
    (trial,) = json.loads((run.path / "backends" / "trials.json").read_text())["trials"].values()
    assert chosen == min(trial, key=lambda key: trial[key].get("seconds", np.inf))
    assert {"torch", "ncnn"} == trial.keys()

    def never(*_):
        raise AssertionError("tried again")

    monkeypatch.setattr(choice, "race", never)
    assert use_backend(Predictor.open(run, "cpu"), run, "auto", (64, 64)) == chosen
    model = build_model(default_config("segmentation", "fcn8s").model.model_copy(update={"width": 0.05}), 7, seed=9)
    save_weights(run.best, model)  # other weights: nothing that was found holds
    with pytest.raises(AssertionError, match="tried again"):
        use_backend(Predictor.open(run, "cpu"), run, "auto", (64, 64))


def test_a_library_that_answers_otherwise_is_refused(make_run, monkeypatch):
    need("ncnn")
    run = make_run("fcn8s")

    class Wrong(choice.RUNTIMES["ncnn"]):
        def __call__(self, images):
            return super().__call__(images) * 1.01

    monkeypatch.setattr(choice, "RUNTIMES", {"ncnn": Wrong})
    with pytest.raises(Refusal, match=r"ncnn cannot run this network: its logits differ by up to 1\.0e-02"):
        use_backend(Predictor.open(run, "cpu"), run, "ncnn", (64, 64))
    use = Predictor.open(run, "cpu")
    assert use_backend(use, run, "auto", (64, 64)) == "torch"


def test_what_is_not_there_is_said_in_one_sentence(make_run, monkeypatch):
    run = make_run("fcn8s")
    use = Predictor.open(run, "cpu")
    with pytest.raises(UserError, match="no backend 'openvin'; did you mean 'openvino'"):
        use_backend(use, run, "openvin", (64, 64))
    monkeypatch.setattr(choice, "_version", lambda package: None)
    with pytest.raises(UserError, match="needs ncnn, which is not installed; pip install"):
        use_backend(use, run, "ncnn", (64, 64))
    assert use_backend(use, run, "auto", (64, 64)) == "torch"
    assert use.runtime is None


def test_a_proof_sees_one_wrong_pixel():
    rng = np.random.default_rng(0)
    right = rng.normal(size=(1, 5, 40, 50)).astype(np.float32)
    assert prove(lambda _: right, [right], [right]).equal
    wrong = right.copy()
    wrong[0, :, 7, 9] += [1, 2, 3, 4, 5]
    proof = prove(lambda _: wrong, [right], [right])
    assert not proof.equal
    assert proof.changed <= 1 / 2000
    wrong[...] = np.nan
    assert not prove(lambda _: wrong, [right], [right]).equal


def test_proof_images_are_kept_and_made_where_there_are_none(make_run):
    run = make_run("fcn8s")
    first, *stored = proof_images(run, (150, 90))
    assert first.shape == (150, 90, 3)
    assert [image.shape for image in stored] == [(70, 101, 3)] * 2
    run.proof_images.unlink()
    made = proof_images(run, (150, 90))
    assert len(made) == 5
    assert all(np.array_equal(a, b) for a, b in zip(made, proof_images(run, (150, 90)), strict=True))
