"""Other libraries are used only where they give the same answer."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from pixelproof.config import default_config
from pixelproof.errors import Refusal, UserError
from pixelproof.models import build_model
from pixelproof.prediction import Predictor
from pixelproof.prediction.backends import choice, runtimes, use_backend
from pixelproof.prediction.backends.convert import to_ncnn, to_onnx
from pixelproof.prediction.backends.trial import prove
from pixelproof.runs import packages
from pixelproof.runs.proof_images import ProofImage, kept_images, proof_images, save_proof_images
from pixelproof.training.checkpoints import save_weights
from small_runs import COLORS, NEEDED, need, untrained_run


@pytest.fixture
def make_run(tmp_path):
    """Return a run of an untrained network."""
    return lambda name, **settings: untrained_run(tmp_path / name.replace(":", "-"), name, **settings)


@pytest.mark.parametrize(
    ("name", "settings", "backends"),
    [
        ("fcn8s-bn", {}, NEEDED),
        ("fcn32s", {"downsample": 2}, ["ncnn"]),  # whose converter is the one that needs sizes kept out of the graph
        pytest.param("fcn8s-bilinear", {}, NEEDED, marks=pytest.mark.slow),
        pytest.param("fcn32s", {"downsample": 2}, NEEDED, marks=pytest.mark.slow),
    ],
)
def test_a_library_gives_the_answer_of_the_network_at_any_size(make_run, name, settings, backends):
    run = make_run(name, **settings)
    right = Predictor.open(run, "cpu")
    for backend in backends:  # in one test, because two of them share a conversion that takes seconds
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


TWO_NETWORKS_GO = """
import gc, signal, sys
from pathlib import Path
import numpy as np
from pixelproof.prediction.backends.runtimes import OpenVino

signal.signal(signal.SIGCHLD, lambda *_: print("handled"))
images = np.zeros((1, 3, 64, 64), np.float32)
networks = [OpenVino(Path(sys.argv[1]), 1) for _ in range(2)]
for network in networks:
    network(images)
del network
for _ in range(2):
    networks.pop(0)
    gc.collect()
signal.raise_signal(signal.SIGCHLD)
"""


def test_signals_are_handled_when_openvino_s_networks_are_gone(tmp_path):
    need("openvino")
    converted = tmp_path / "network.onnx"
    to_onnx(torch.nn.Conv2d(3, 5, 3), converted, torch.zeros(1, 3, 64, 64), {})
    ended = subprocess.run(
        [sys.executable, "-c", TWO_NETWORKS_GO, converted], check=True, capture_output=True, text=True, timeout=300
    )
    assert ended.stdout.endswith("handled\n")


def test_an_average_over_views_is_that_of_torch(make_run):
    need("ncnn")
    run = make_run("fcn8s")
    image = np.random.default_rng(2).integers(0, 256, (45, 70, 3), dtype=np.uint8)
    right, use = (Predictor.open(run, "cpu", tta=True, scales=[0.75, 1]) for _ in range(2))
    assert use_backend(use, run, "ncnn", (45, 70)) == "ncnn"
    assert use.runtime is not None
    a, b = (predictor.logits([image]).exp() for predictor in (right, use))
    assert (a - b).abs().max() < 1e-5
    alone = Predictor.open(run, "cpu").logits([image]).softmax(dim=1)
    assert (a - alone).abs().max() > 1e-3


def test_a_classifier_of_large_images_is_converted_for_them(make_run):
    need("onnxruntime")
    run = make_run("vgg16", scheme=COLORS, input_size=544)
    use, image = Predictor.open(run, "cpu"), np.random.default_rng(3).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    right = use.logits([image])
    assert use_backend(use, run, "onnxruntime", (40, 50)) == "onnxruntime"
    assert (use.logits([image]) - right).abs().max() < 1e-4 * right.abs().max()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "answer"), [("smp:Unet:resnet18", None), ("smp:FPN:resnet18", "ncnn crashes on it")])
def test_a_network_that_another_library_cannot_take_does_not_end_the_process(make_run, name, answer):
    need("ncnn")
    run = make_run(name)
    use = Predictor.open(run, "cpu")
    image = np.random.default_rng(1).integers(0, 256, (129, 31, 3), dtype=np.uint8)
    if answer:
        with pytest.raises(Refusal, match=answer):
            use_backend(use, run, "ncnn", (64, 96))
    else:
        use_backend(use, run, "ncnn", (64, 96))
    right = Predictor.open(run, "cpu").logits([image])
    assert (use.logits([image]) - right).abs().max() < 1e-4 * right.abs().max()


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
    whole = [path.read_bytes() for path in sorted((run.path / "backends").glob("network*"))]
    for path in (run.path / "backends").glob("network*"):
        path.write_bytes(path.read_bytes()[:100])
    assert use_backend(Predictor.open(run, "cpu"), run, "ncnn", (64, 64)) == "ncnn"
    assert [path.read_bytes() for path in sorted((run.path / "backends").glob("network*"))] == whole
    converted = next((run.path / "backends").glob("network.*bin"))
    swapped = np.fromfile(converted, np.float32)
    swapped[len(swapped) // 2 :] *= -1
    swapped.tofile(converted)  # it can be read, and is another network
    assert use_backend(Predictor.open(run, "cpu"), run, "ncnn", (64, 64)) == "ncnn"
    assert [path.read_bytes() for path in sorted((run.path / "backends").glob("network*"))] == whole
    for nonsense in ("[]", '{"trials": 3}', '{"made_from": {}, "files": {}, "trials": {"a": {"ncnn": 3}}}'):
        (run.path / "backends" / "trials.json").write_text(nonsense)
        assert use_backend(Predictor.open(run, "cpu"), run, "ncnn", (64, 64)) == "ncnn"
    model = build_model(default_config("segmentation", "fcn8s").model.model_copy(update={"width": 0.05}), 7, seed=9)
    save_weights(run.best, model)  # other weights: nothing that was found holds
    with pytest.raises(AssertionError, match="tried again"):
        use_backend(Predictor.open(run, "cpu"), run, "auto", (64, 64))


@pytest.mark.parametrize("name", ["onnxruntime", "openvino", "ncnn"])
def test_a_damaged_network_is_found_when_it_is_opened(tmp_path, name):
    need(name)
    path = tmp_path / f"network{choice.RUNTIMES[name].suffix}"
    path.write_bytes(b"\x08\x01 not a network")
    with pytest.raises(Exception, match=r".*"):  # each library has its own
        choice.RUNTIMES[name](path, 1)


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
    (run.path / "backends").write_text("in the way, as a folder that nobody may write would be")
    with pytest.raises(UserError, match=r"what is tried is kept in the run, and .*; use --backend torch"):
        use_backend(use, run, "auto", (64, 64))
    (run.path / "backends").unlink()
    monkeypatch.setattr(packages, "version", lambda package: None)
    with pytest.raises(UserError, match="needs ncnn, which is not installed; install the extra"):
        use_backend(use, run, "ncnn", (64, 64))
    assert use_backend(use, run, "auto", (64, 64)) == "torch"
    assert use.runtime is None


@pytest.mark.parametrize("first", [torch.nn.ReLU(), torch.nn.BatchNorm2d(3)])
def test_ncnn_takes_a_network_whose_first_layer_works_in_place(tmp_path, first):
    need("ncnn")
    network = torch.nn.Sequential(first, torch.nn.Conv2d(3, 5, 3, padding=1)).eval()
    to_ncnn(network, tmp_path / "n.param", 4, None)
    images = torch.randn(2, 3, 21, 34)
    with torch.inference_mode():
        right = network(torch.nn.functional.pad(images, (0, 2, 0, 3)))[..., :21, :34].numpy()
    found = runtimes.Ncnn(tmp_path / "n.param", 1, 4)(images.numpy())
    assert prove(lambda _: found, [images.numpy()], [right]).equal()


def test_a_proof_sees_one_wrong_pixel():
    rng = np.random.default_rng(0)
    right = rng.normal(size=(1, 5, 40, 50)).astype(np.float32)
    assert prove(lambda _: right, [right], [right]).equal()
    wrong = right.copy()
    wrong[0, :, 7, 9] += [1, 2, 3, 4, 5]
    proof = prove(lambda _: wrong, [right], [right])
    assert not proof.equal()
    assert proof.changed <= 1 / 2000
    wrong[...] = np.nan
    assert not prove(lambda _: wrong, [right], [right]).equal()


def test_proof_images_are_kept_with_their_truth_and_made_where_there_are_none(make_run):
    run = make_run("fcn8s")
    first, *stored = proof_images(run, (150, 90), 3)
    assert first.shape == (150, 90, 3)
    assert [image.shape for image in stored] == [(70, 101, 3)] * 2
    image = np.arange(600 * 520 * 3, dtype=np.uint8).reshape(600, 520, 3)
    mask = np.arange(600 * 520, dtype=np.uint8).reshape(600, 520)
    save_proof_images(run, [ProofImage("b", image, mask), ProofImage("a", image, 6), ProofImage("c", image)])
    b, a, c = kept_images(run)
    assert [b.id, a.id, c.id] == ["b", "a", "c"]
    np.testing.assert_array_equal(b.image, image[44:556, 4:516])
    np.testing.assert_array_equal(b.truth, mask[44:556, 4:516])
    assert (a.truth, c.truth) == (6, None)
    run.proof_images.unlink()
    made = proof_images(run, (150, 90), 3)
    assert len(made) == 5
    assert all(np.array_equal(a, b) for a, b in zip(made, proof_images(run, (150, 90), 3), strict=True))
