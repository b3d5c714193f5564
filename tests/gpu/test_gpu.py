"""Training on a CUDA device: it learns in bf16, and batches made there are those of the CPU."""

import pytest
import torch

from pixelproof.config import ModelConfig, apply_overrides, default_config
from pixelproof.data import open_data
from pixelproof.data.loading import TrainingImages
from pixelproof.evaluation import mean_iou
from pixelproof.evaluation.evaluate import evaluate
from pixelproof.models import build_model, fold_for_training
from pixelproof.prediction import Predictor
from pixelproof.runs import Source
from pixelproof.training.device import compiled, tune
from pixelproof.verbs.train import train
from small_plugins import LEARNING, install

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]
AUGMENT = ["crop=32", "scale=[0.5, 2]", "color=0.3", "batch_size=4"]


@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["optimizer=muon", "epochs=60"],
        ["compile=yes"],
        ["resident=no", "workers=2"],
        ["precision=float32"],
    ],
)
def test_a_segmenter_learns_and_says_how_fast(tmp_path, two_fields, settings, capsys):
    data = open_data(two_fields)
    common = ["width=0.06", "batch_size=8", "lr=3e-3", "warmup=0", "epochs=35", "crop=64", "device=cuda"]
    config = apply_overrides(default_config("segmentation", "fcn8s-bn"), [*common, *settings])
    run = train(data, config, tmp_path / "run")
    scores = evaluate(Predictor.open(run, "cuda"), data.split("validation"), Source("run"))
    assert mean_iou(scores, "unknown_ignored") > 0.8
    speed = run.environment()["speed"]
    assert 0 < speed["share_of_peak"] < 1
    assert speed["peak_flops"] > 1e12
    with capsys.disabled():
        print(f"\n{settings}: {speed}")


def test_a_loss_and_an_augmentation_of_a_package_compute_there(tmp_path, two_fields, monkeypatch):
    install(monkeypatch, tmp_path / "site", LEARNING, loss=["tversky"], augmentation=["erase"])
    data, own = open_data(two_fields), ["loss=plugin:tversky", "augmentation=plugin:erase"]  # .86 on a CPU
    common = ["width=0.06", "batch_size=8", "lr=3e-3", "warmup=0", "epochs=35", "crop=64", "device=cuda"]
    run = train(data, apply_overrides(default_config("segmentation", "fcn8s-bn"), [*common, *own]), tmp_path / "run")
    scores = evaluate(Predictor.open(run, "cuda"), data.split("validation"), Source("run"))
    assert mean_iou(scores, "unknown_ignored") > 0.7


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there are not two CUDA devices")
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_two_devices_find_what_one_does(tmp_path, two_fields, optimizer):
    data = open_data(two_fields)
    common = ["width=0.06", "batch_size=4", "lr=1e-3", "crop=64", "epochs=5", "device=cuda", "precision=float32"]
    config = apply_overrides(default_config("segmentation", "fcn8s-bn"), [*common, f"optimizer={optimizer}"])
    one, two = (train(data, config, tmp_path / str(count), processes=count) for count in (1, 2))
    losses = [[row["loss"] for row in run.metrics.read()] for run in (one, two)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-2)
    assert two.environment()["processes"] == 2


@pytest.mark.parametrize("folder", ["color_classes", "two_fields"])
def test_batches_made_on_the_device_are_those_of_the_cpu(request, folder):
    data = open_data(request.getfixturevalue(folder))
    model, settings = ("fcn8s", AUGMENT) if data.task == "segmentation" else ("vgg16", ["color=0.3", "shift=3"])
    config = apply_overrides(default_config(data.task, model), [*settings, "resident=yes"])
    here, there = (TrainingImages(data.split("train"), data.scheme, config) for _ in range(2))
    there.place(torch.device("cuda"))
    for epoch in range(3):
        for start in range(0, 8, 4):
            indices = list(range(start, start + 4))
            (a, stored_a), (b, stored_b) = here.batch(epoch, indices), there.batch(epoch, indices)
            assert b.is_cuda
            # Float rounding may tip a value over to the next whole number.
            assert (a.int() - b.cpu().int()).abs().max() <= 1
            assert (a == b.cpu()).float().mean() > 0.99
            assert torch.equal(stored_a, stored_b.cpu())
            assert torch.equal(here.target(stored_a), there.target(stored_b).cpu())


def test_a_run_resumes_on_the_device(tmp_path, two_fields, monkeypatch):
    from pixelproof.training import loop

    data = open_data(two_fields)
    common = ["width=0.06", "lr=3e-3", "warmup=0", "epochs=3", "crop=64", "device=cuda", "ema=0.9"]
    config = apply_overrides(default_config("segmentation", "fcn8s-bn"), common)
    calls = iter(range(10**6))
    original = loop.mix

    def dying(*args):
        if next(calls) == 2:
            raise KeyboardInterrupt
        return original(*args)

    monkeypatch.setattr(loop, "mix", dying)
    with pytest.raises(KeyboardInterrupt):
        train(data, config, tmp_path / "run")
    monkeypatch.undo()
    run = train(data, config, tmp_path / "run", resume=True)
    assert [row["epoch"] for row in run.metrics.read()] == [1, 2, 3]


def test_a_loss_that_is_not_finite_keeps_the_last_good_checkpoint(tmp_path, two_fields):
    from safetensors.torch import load_file

    from pixelproof.errors import UserError

    data = open_data(two_fields)
    common = ["width=0.06", "lr=1e30", "optimizer=sgd", "epochs=3", "crop=64", "device=cuda"]
    config = apply_overrides(default_config("segmentation", "fcn8s"), common)
    with pytest.raises(UserError, match="became infinite or undefined"):
        train(data, config, tmp_path / "run")
    for path in (tmp_path / "run" / "checkpoints").glob("*.safetensors"):
        assert all(tensor.isfinite().all() for tensor in load_file(path).values())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the compiler's own, as is the other
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf:UserWarning")
@pytest.mark.parametrize(("name", "side"), [("vgg16", 32), ("fcn8s-bn", 64), ("fcn8s", 64), ("fcn32s", 64)])
def test_a_compiled_network_has_the_gradients_of_the_folded_one(name, side):
    device = torch.device("cuda")
    tune(device, "float32")
    network = fold_for_training(build_model(ModelConfig(name=name, width=0.05, dropout=0.0), 5).to(device))
    images = torch.randn(4, 3, side, side, generator=torch.Generator().manual_seed(0)).to(device)
    found = []
    for forward in (network, compiled(network, "yes", device)):
        network.zero_grad()
        logits = forward(images).logits
        logits.square().mean().backward()
        # Biases before a batch norm have no gradient but rounding.
        weights = [p.grad.clone() for key, p in network.named_parameters() if key.endswith("weight")]
        found.append([logits.detach(), *weights])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(b, a, rtol=1e-3, atol=1e-4 * float(a.abs().max()))
