"""Two processes that share each batch find what one finds, and none outlives another."""

import os
import signal
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from pixelproof.config import apply_overrides, default_config
from pixelproof.data import open_data
from pixelproof.errors import Refusal, UserError
from pixelproof.runs import Run
from pixelproof.training.launch import check_processes, launch
from pixelproof.verbs.train import train
from small_plugins import LEARNING, install
from waiting import alive, children_of, started, wait_for

CPU = torch.device("cpu")
EVERYTHING = ["mixup=0.2", "cutmix=1", "dropout=0.5", "accumulate=2", "ema=0.9", "shift=2", "color=0.2", "flip=true"]
SLOWLY = ["optimizer=sgd", "lr=3e-3"]
SLOWER = ["epochs=12", "optimizer=sgd", "lr=3e-4"]
"""So slowly that little follows where rounding decides whether a unit is on: at 1e-3 noise of 1e-7 in the first weights
does as much as a second process, in 8 of 16 trials."""
SEGMENTER = ["crop=48", "scale=[0.5, 2]", "loss=cross-entropy+lovasz", "class_weights=auto", "clip=1", "ema=0.9"]
OWN = ["loss=cross-entropy+lovasz+plugin:tversky", "augmentation=plugin:erase"]
"""A loss that is no mean over pixels, so that it has to see the whole batch, and draws that are the same in both."""


def settings_for(data, model, *more):
    common = ["width=0.03", "batch_size=4", "epochs=2", "warmup=0", "device=cpu", "selection=0.2"]
    return apply_overrides(default_config(data.task, model), [*common, *more])


@pytest.mark.parametrize(
    ("folder", "model", "more"),
    [
        ("color_classes", "vgg16-bn", [*EVERYTHING, *SLOWLY, "epochs=5", "patience=1", "freeze=1", "backbone_lr=0.5"]),
        ("two_fields", "fcn8s-bn", [*SEGMENTER, *OWN, "optimizer=sgd", "lr=1e-2", "channels_last=yes"]),
        pytest.param(
            *("two_fields", "smp:FPN:resnet18", [*SEGMENTER, "optimizer=sgd", "lr=1e-3", "workers=1"]),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_two_processes_find_the_weights_of_one(tmp_path, request, monkeypatch, folder, model, more):
    install(monkeypatch, tmp_path / "site", LEARNING, loss=["tversky"], augmentation=["erase"])
    data = open_data(request.getfixturevalue(folder))
    config = settings_for(data, model, *more)
    one, two = (train(data, config, tmp_path / str(count), processes=count) for count in (1, 2))
    a, b = load_file(one.best), load_file(two.best)
    assert a.keys() == b.keys()
    for name in a:
        torch.testing.assert_close(b[name], a[name], rtol=1e-3, atol=1e-4)
    rows = [
        [(row["loss"], row["lr"], row["score"], row["selection_loss"]) for row in run.metrics.read()]
        for run in (one, two)
    ]
    assert rows[1] == [pytest.approx(row, rel=1e-3) for row in rows[0]]
    assert [run.environment()["processes"] for run in (one, two)] == [1, 2]
    # And they are not all where they began.
    assert any((a[name] - value).abs().max() > 1e-3 for name, value in untrained(config, data).items())


def untrained(config, data):
    from pixelproof.verbs.fit import start

    return start(config, data, begun=False).state_dict()


def whole_batch(parallel, device):
    """Compare layers over two halves of a batch with torch's over the whole of it."""
    for shape in [(6, 5, 4, 3), (8, 3), (4, 2, 1, 1)]:
        norms_see_the_whole_batch(parallel, shape)
    for layout in (torch.contiguous_format, torch.channels_last):
        for drop in (F.dropout, F.dropout2d):
            what_is_dropped_is_of_the_whole_batch(parallel, drop, layout)
    so_are_the_paths_that_are_dropped(parallel)


def norms_see_the_whole_batch(parallel, shape):
    torch.manual_seed(0)
    images = torch.randn(shape, dtype=torch.float64) * 3 + 100
    layer, twin = ((nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d)(shape[1]).double() for _ in "ab")
    with torch.no_grad():
        for norm in (layer, twin):
            norm.weight.copy_(torch.linspace(-1, 2, shape[1]))
    whole = images.clone().requires_grad_()
    weights = torch.randn(shape, dtype=torch.float64)
    (twin(whole) * weights).sum().backward()
    part = images[parallel.part(len(images))].clone().requires_grad_()
    with parallel.whole_batch_layers(len(part)):
        joined = parallel.gather(layer(part))
    (joined * weights).sum().backward()
    parallel.sum_gradients(layer.parameters())
    torch.testing.assert_close(joined, twin(images))
    torch.testing.assert_close(part.grad, whole.grad[parallel.part(len(images))])
    for a, b in zip(layer.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad)
    with parallel.whole_batch_layers(len(images)):
        layer.eval()(images)
    torch.testing.assert_close(layer.running_mean * 1.9, twin.running_mean)  # it has seen the batch twice


def what_is_dropped_is_of_the_whole_batch(parallel, drop, layout):
    images = torch.randn(4, 6, 5, 5).contiguous(memory_format=layout)
    torch.manual_seed(1)
    expected = drop(images, 0.4)
    torch.manual_seed(1)
    with parallel.whole_batch_layers(2):
        found = drop(images[parallel.part(4)], 0.4)
        assert drop(images, 0.4, training=False) is images
    assert torch.equal(parallel.gather(found), expected)


def so_are_the_paths_that_are_dropped(parallel):
    from timm.layers import DropPath  # here, because every process reads this file and few need timm

    images, drop_path = torch.randn(4, 6, 5, 5), DropPath(0.5)
    torch.manual_seed(1)
    expected, noise = drop_path(images), torch.rand([4, 1])
    torch.manual_seed(1)
    with parallel.whole_batch_layers(2):
        found, part = drop_path(images[parallel.part(4)]), torch.rand([2, 1])
        assert torch.rand(3).shape == torch.rand(size=(3,)).shape == (3,)
    assert torch.equal(parallel.gather(found), expected)
    assert torch.equal(parallel.gather(part), noise)


@pytest.mark.slow
def test_layers_that_look_beyond_an_image_see_the_whole_batch():
    launch(2, CPU, whole_batch)


def fail_in_the_second(parallel, device, how):
    if parallel.rank:
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "interrupted":
            os.kill(os.getpid(), signal.SIGINT)
        raise Refusal("this image is broken", "mend it") if how == "refused" else ZeroDivisionError("a bug")
    parallel.all_reduce(torch.zeros(1))  # waits for the other one


@pytest.mark.parametrize(
    ("how", "kind", "says"),
    [
        ("refused", Refusal, "this image is broken; mend it"),
        pytest.param("killed", UserError, "one of the 2 processes .* ended by SIGKILL", marks=pytest.mark.slow),
        pytest.param("interrupted", KeyboardInterrupt, "^$", marks=pytest.mark.slow),
        pytest.param("wrong", RuntimeError, "ZeroDivisionError: a bug", marks=pytest.mark.slow),
    ],
)
def test_when_one_process_ends_all_do(how, kind, says, capfd):
    with pytest.raises(kind, match=says):
        launch(2, CPU, fail_in_the_second, how)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.slow
def test_a_killed_run_of_two_processes_leaves_none_and_goes_on_in_one(tmp_path, color_classes):
    data = open_data(color_classes)
    config = settings_for(data, "vgg16-bn", *EVERYTHING, *SLOWER)
    whole = train(data, config, tmp_path / "whole")
    options = [f"--set={text}" for text in ["width=0.03", "batch_size=4", "warmup=0", "device=cpu"]]
    options += [f"--set={text}" for text in [*EVERYTHING, *SLOWER, "selection=0.2"]]
    command = [sys.executable, "-m", "pixelproof", "train", color_classes, "--model", "vgg16-bn", *options]
    torn = Run(tmp_path / "torn")
    with started(
        [*command, "--out", torn.path, "--processes", "2"],
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # as shells do for '&' in a script
    ) as process:
        wait_for(torn.last.is_file, process)
        children = children_of(process.pid)
    assert children
    wait_for(lambda: not any(alive(pid) for pid in children))
    assert not torn.environment()["finished"]
    train(data, config, torn.path, resume=True)
    train(data, config, torn.path, resume=True, processes=2)  # nothing is left to do
    assert torn.environment()["processes"] == 1
    a, b = load_file(whole.best), load_file(torn.best)
    for name in a:
        torch.testing.assert_close(b[name], a[name], rtol=1e-3, atol=1e-3)


def test_processes_that_cannot_share_the_work_are_refused(pixelproof, tmp_path, color_classes, monkeypatch):
    command = ["train", color_classes, "--model", "vgg16", "--out", tmp_path / "run", "--set", "batch_size=8"]
    code, _, err = pixelproof(*command, "--processes", 3, "--set", "device=cpu")
    assert code == 2
    assert "a batch of 8 images cannot be shared by 3 processes in equal parts" in err
    assert not (tmp_path / "run").exists()
    code, _, err = pixelproof(*command, "--processes", 2, "--set", "device=cpu", "--set", "batch_size=64")
    assert code == 2
    assert "train has 27 images, one batch, which cannot be shared by 2 processes in equal parts" in err
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UserError, match="2 processes need a GPU each, and there is 1 GPU; give fewer"):
        check_processes(2, 8, 100, torch.device("cuda"))
    with pytest.raises(UserError, match="several processes cannot share the device cuda:1; set device=cuda"):
        check_processes(2, 8, 100, torch.device("cuda:1"))


@pytest.mark.slow
def test_a_script_that_would_start_itself_is_told_how_not_to(tmp_path, color_classes):
    script = tmp_path / "script.py"
    settings = ["width=0.03", "batch_size=4", "epochs=1", "device=cpu", "selection=0.2"]
    call = f"api.train({str(color_classes)!r}, 'vgg16', 'run', settings={settings}, processes=2, overwrite=True)"
    script.write_text(f"from pixelproof import api\n{call}\n")
    ended = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1
    assert "the 2 processes that train could not start; put the call that trains under" in ended.stderr
    assert "this script starts processes wherever it is read" in ended.stderr
