"""The ways in which images reach the network and the forms in which it is computed change no result."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pixelproof.config import ModelConfig, apply_overrides, default_config, run_settings
from pixelproof.data import open_data, write_png
from pixelproof.data.loading import TrainingImages
from pixelproof.errors import UserError
from pixelproof.labels import encode_colors
from pixelproof.models import build_model, summarise
from pixelproof.runs import Run
from pixelproof.training import muon
from pixelproof.training.class_weights import class_weights
from pixelproof.training.device import tune
from pixelproof.training.muon import orthogonalize
from pixelproof.training.speed import Speed, measured_peak, median_rate, multiply_adds
from pixelproof.verbs.train import train

SLIM = ["width=0.03", "batch_size=3", "lr=3e-3", "warmup=0", "device=cpu", "epochs=2"]
FIELDS = ["crop=32", "scale=[0.5, 2]", "color=0.3", "finish=cross-entropy+lovasz", "finish_from=0.5", "ema=0.9"]


def trained(data, out, *more):
    model, common = ("fcn8s-bn", FIELDS) if data.task == "segmentation" else ("vgg16-bn", ["color=0.2", "mixup=0.2"])
    config = apply_overrides(default_config(data.task, model), [*SLIM, *common, *more])
    run = train(data, config, out)
    return {f"{path.name}/{k}": v for path in (run.best, run.last) for k, v in load_file(path).items()}


def assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


@pytest.mark.parametrize("folder", ["color_classes", "two_fields"])
def test_cache_workers_and_residence_change_not_a_bit(tmp_path, request, folder):
    data = open_data(request.getfixturevalue(folder))
    reference = trained(data, tmp_path / "files", "cache=none")
    for name, setting in (("cache", "cache=auto"), ("resident", "resident=yes"), ("workers", "workers=2")):
        assert_same(trained(data, tmp_path / name, setting), reference)


def test_images_of_differing_size_stay_in_main_memory(two_fields, tmp_path, capsys):
    from PIL import Image

    for name in ("0003_sat.png", "0003_mask.png"):
        path = two_fields / "train" / name
        Image.open(path).crop((0, 0, 40, 50)).save(path)
    data = open_data(two_fields)
    reference = trained(data, tmp_path / "files", "cache=none")
    assert_same(trained(data, tmp_path / "resident", "resident=yes"), reference)
    assert "they differ in size" in capsys.readouterr().err


def test_images_are_resident_where_that_is_asked_for(two_fields):
    data = open_data(two_fields)
    for wanted, there in (("auto", False), ("yes", True), ("no", False)):
        config = apply_overrides(default_config("segmentation", "fcn8s"), [f"resident={wanted}"])
        images = TrainingImages(data.split("train"), data.scheme, config)
        images.place(torch.device("cpu"))
        assert (images.resident is not None) == there


def test_a_class_that_few_masks_show_has_a_weight(two_fields, monkeypatch):
    monkeypatch.setattr("pixelproof.training.class_weights._LOOKED_AT", 1)
    data = open_data(two_fields)
    urban, water = (data.scheme.names.index(name) for name in ("urban", "water"))
    for rare in ("0002", "0007"):
        mask = encode_colors(data.scheme, np.full((64, 64), water, np.uint8))
        mask[:8] = data.scheme.classes[urban].color
        write_png(two_fields / "train" / f"{rare}_mask.png", mask)
        config = apply_overrides(default_config("segmentation", "fcn8s"), ["device=cpu"])
        weights = class_weights(TrainingImages(data.split("train"), data.scheme, config))
        assert weights[urban] > weights[water] > 0


def test_class_weights_reach_the_loss_as_they_are_set(color_classes, tmp_path):
    for path in sorted((color_classes / "train" / "blue").iterdir())[2:]:
        path.unlink()
    data, losses = open_data(color_classes), {}
    for how in ("none", "auto", "corrected"):
        trained(data, tmp_path / how, "epochs=1", "lr=1e-9", "ema=0", f"class_weights={how}")
        losses[how] = Run(tmp_path / how).metrics.read()[0]["loss"]
    assert len(set(losses.values())) == 3, losses


def test_weights_by_hand_are_those_that_are_set(color_classes, two_fields, tmp_path):
    data = open_data(color_classes)
    how = {"none": "none", "even": "{blue: 1}", "hand": "{blue: 5}"}
    for name, text in how.items():
        trained(data, tmp_path / name, "epochs=1", "lr=1e-9", "ema=0", f"class_weights={text}")
    losses = {name: Run(tmp_path / name).metrics.read()[0]["loss"] for name in how}
    assert losses["even"] == losses["none"] != losses["hand"]
    assert run_settings(Run(tmp_path / "hand")).training.class_weights == {"blue": 5}

    data = open_data(two_fields)
    config = apply_overrides(default_config("segmentation", "fcn8s"), ["class_weights={water: 3, urban: 0.5}"])
    weights = class_weights(TrainingImages(data.split("train"), data.scheme, config)).tolist()
    assert dict(zip(data.scheme.names, weights, strict=True)) == dict.fromkeys(data.scheme.names, 1) | {
        "water": 3,
        "urban": 0.5,
    }


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("watr", "did you mean 'water'?"),
        ("unknown", "known are agriculture, barren, forest"),
        ("8", "; a name of digits stands in quotes"),
    ],
)
def test_a_weight_of_a_class_that_is_not_learned_is_refused_before_training(tmp_path, two_fields, name, remedy):
    with pytest.raises(UserError, match=rf"class_weights names '{name}', and .* has no such class") as caught:
        trained(open_data(two_fields), tmp_path / "run", f"class_weights={{water: 2, {name}: 5}}")
    assert remedy in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_channels_last_is_the_same_function_to_rounding(tmp_path, two_fields):
    data = open_data(two_fields)
    common = ("optimizer=sgd", "lr=1e-2", "epochs=1")
    a, b = (trained(data, tmp_path / flag, *common, f"channels_last={flag}") for flag in ("no", "yes"))
    for name in a:
        torch.testing.assert_close(b[name], a[name], rtol=1e-3, atol=1e-4)


def test_a_network_is_not_compiled_for_a_cpu(tmp_path, two_fields, capsys):
    data = open_data(two_fields)
    a, b = (trained(data, tmp_path / flag, "epochs=1", f"compile={flag}") for flag in ("no", "yes"))
    assert_same(a, b)
    assert capsys.readouterr().err.count("note: the network is not compiled, because") == 1


@pytest.mark.parametrize("name", ["avx512_bf16", "amx_bf16", "bf16", "avx2"])
def test_a_processor_that_emulates_bfloat16_is_named(monkeypatch, capsys, name):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {name: True}, raising=False)
    tune(torch.device("cpu"), "float32")
    assert not capsys.readouterr().err
    tune(torch.device("cpu"), "bf16")
    assert capsys.readouterr().err.count("note: this processor has no bfloat16") == (name == "avx2")


@pytest.mark.parametrize(("precision", "products"), [("auto", torch.float32), ("bf16", torch.bfloat16)])
def test_muon_multiplies_in_the_precision_of_the_network(tmp_path, color_classes, monkeypatch, precision, products):
    seen = set()
    monkeypatch.setattr(muon, "orthogonalize", lambda matrices: seen.add(matrices.dtype) or orthogonalize(matrices))
    weights = trained(open_data(color_classes), tmp_path / "run", "optimizer=muon", f"precision={precision}")
    assert seen == {products}
    assert {value.dtype for name, value in weights.items() if name.endswith("weight")} == {torch.float32}


def test_speed_is_kept_with_the_run(tmp_path, color_classes, capsys):
    data = open_data(color_classes)
    config = apply_overrides(default_config("classification", "vgg16"), SLIM)
    run = train(data, config, tmp_path / "run")
    rates = [row["images_per_second"] for row in run.metrics.read()]
    assert min(rates) <= run.environment()["speed"]["images_per_second"] <= max(rates)
    assert "run: trained at" in capsys.readouterr().err


@pytest.mark.parametrize(("frozen", "median"), [(0, 7.5), (1, 5.0), (9, 7.5)])
def test_speed_is_that_of_the_whole_network_where_it_was_trained(tmp_path, frozen, median):
    run = Run(tmp_path)
    for epoch, rate in enumerate([100.0, 10.0, 5.0, 1.0]):
        row = {"epoch": epoch, "loss": 1.0, "lr": 1.0, "score": None, "seconds": 1.0}
        run.metrics.append(row | {"images_per_second": rate})
    assert median_rate(run, frozen) == median


@pytest.mark.parametrize("name", ["vgg16", "fcn8s", "fcn32s-bn"])
def test_multiply_adds_of_a_batch_are_those_of_its_images(name):
    model = build_model(ModelConfig(name=name, width=0.1), 5).eval()
    assert multiply_adds(model, torch.zeros(2, 3, 64, 64)) == summarise(model, name, 64)["macs"]


def test_the_share_of_the_peak_counts_three_passes_of_two_operations():
    speed = Speed(images_per_second=100.0, macs=10**9, peak_flops=1e12)
    assert speed.share_of_peak == pytest.approx(0.6)
    assert str(speed) == "trained at 100 images/s, 60% of the 1 TFLOP/s of a matrix product here"
    assert Speed(5.0).facts()["share_of_peak"] is None


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_the_peak_is_measured(precision):
    peak = measured_peak(torch.device("cpu"), precision, side=256, seconds=0.05)
    assert 1e8 < peak < 1e14
