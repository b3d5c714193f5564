"""Losses that installed packages bring: what they get, and a sentence for everything wrong with one."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pixelproof.config import apply_overrides, default_config
from pixelproof.data import open_data
from pixelproof.errors import UserError
from pixelproof.training.plugin_trial import try_plugins
from pixelproof.training.plugins import packages_of_training, plugin_losses
from pixelproof.verbs.train import train
from small_plugins import LEARNING, install

CLASSES = 7
OWN = ["loss=cross-entropy+plugin:tversky", "augmentation=plugin:erase"]
LIKE_OURS = """
import torch
from pixelproof.training.losses import cross_entropy


def entropy(num_classes):
    def loss(logits, target):
        assert logits.dtype == torch.float32 and not torch.is_autocast_enabled(logits.device.type)
        return cross_entropy(logits, target)
    return loss


def nothing():
    def change(images, target, generator):
        assert images.dtype == torch.float32 and 0 <= images.min() and 0.2 < images.max() <= 1
        return images, target
    return change
"""
LOSS = """
import torch
import torch.nn.functional as F


def loss(num_classes):
    def mean(logits, target):
        return F.cross_entropy(logits, target, reduction="sum") / (target >= 0).sum().clamp(min=1)
    return mean


def layer(num_classes):
    return torch.nn.Linear(2, 2)


def smooth(num_classes):
    return lambda logits, target: logits.square().mean()


def blind(num_classes):
    return F.cross_entropy
"""


def settings(task: str, *more: str):
    name = "vgg16-bn" if task == "classification" else "fcn8s-bn"
    slim = ["width=0.03", "batch_size=4", "epochs=2", "warmup=0", "device=cpu", "selection=0.2"]
    return apply_overrides(default_config(task, name), [*slim, *more])


@pytest.fixture
def own(monkeypatch, tmp_path):
    return install(monkeypatch, tmp_path / "site", LEARNING, loss=["tversky"], augmentation=["erase"])


@pytest.mark.parametrize(
    ("folder", "more"),
    [
        ("color_classes", ["mixup=0.2", "accumulate=2", "loss=focal", "finish=LOSS", "finish_from=0.5"]),
        ("two_fields", ["crop=48", "loss=dice+LOSS", "precision=bf16", "channels_last=yes"]),
    ],
)
def test_what_computes_as_ours_does_gives_the_same_bits(tmp_path, request, monkeypatch, folder, more):
    install(monkeypatch, tmp_path / "site", LIKE_OURS, loss=["entropy"], augmentation=["nothing"])
    data = open_data(request.getfixturevalue(folder))

    def trained(name: str, loss: str, *others: str):
        config = settings(data.task, *(text.replace("LOSS", loss) for text in more), *others)
        run = train(data, config, tmp_path / name)
        return load_file(run.last), [(row["loss"], row["selection_loss"]) for row in run.metrics.read()]

    expected, logged = trained("ours", "cross-entropy")
    found, logged_too = trained("theirs", "plugin:entropy", "augmentation=plugin:nothing")
    assert logged == logged_too
    assert expected.keys() == found.keys()
    assert all(torch.equal(tensor, found[key]) for key, tensor in expected.items())


def test_packages_and_names(monkeypatch, own):
    config = settings("segmentation", *OWN, "finish=plugin:tversky")
    assert set(packages_of_training(config)) == {own}
    assert packages_of_training(settings("segmentation")) == ()
    assert try_plugins(config, CLASSES) == try_plugins(settings("classification", *OWN), CLASSES) == []
    module = plugin_losses(config, CLASSES, torch.device("meta"))["plugin:tversky"].loss
    assert module.missed.device.type == "meta"  # a loss goes where it is computed
    with pytest.raises(UserError, match=r"entry point 'tverski' in the group pixelproof.losses; .*mean 'tversky'\?"):
        try_plugins(settings("segmentation", "loss=plugin:tverski"), CLASSES)
    with pytest.raises(UserError, match=r"'erase' is not a loss .*; known are .*, plugin:NAME, plugin:tversky"):
        settings("segmentation", "loss=erase")
    with pytest.raises(UserError, match=r"'tversky' is not a loss .*; did you mean 'plugin:tversky'\?$"):
        settings("segmentation", "finish=dice+tversky")
    with pytest.raises(UserError, match=r"'erase' is not an augmentation; did you mean 'plugin:erase'\?$"):
        settings("segmentation", "augmentation=erase")
    monkeypatch.delitem(sys.modules, own)
    settings("segmentation", *OWN)  # which asks nobody
    assert own not in sys.modules


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("num_classes):", "classes):", "cannot build 'plugin:loss' for 7 classes: TypeError: loss.. got an unexpected"),
        ("    return mean", "    return 7", "{0}:loss makes int for 'plugin:loss' where a function is wanted; let it"),
        ("logits, target, r", "logits, targets, r", "for logits of shape .8, 7, 64, 64.: NameError: name 'targets'"),
        ("return F.", "return -1 or F.", "'plugin:loss' gives int where one number is wanted; let it return a tensor"),
        ('"sum"', '"none"', r"gives float32 \[8, 64, 64\] on the cpu where one number is wanted"),
        (".clamp(min=1)", "", "'plugin:loss' is nan for targets that are all ignored; let it be finite, and 0 where"),
        ("return F.", "return logits.log().sum() + F.", "'plugin:loss' is nan for random logits; let it be finite"),
        (
            "return F.",
            "if target.max() < 0:\n            return torch.tensor(0.0)\n        return F.",
            "'plugin:loss' gives a number without a gradient; .* logits.sum.. . 0 will do",
        ),
        (
            "return F.cross_entropy(logits",
            "return F.cross_entropy(logits.detach()",
            "gives a number without a gradient",
        ),
        ("return F.cross_entropy(logits", "return F.cross_entropy(logits * 0", "no gradient of 'plugin:loss' reaches"),
        ("return F.", "return (logits - logits).square().sum().sqrt() + F.", "gradient of 'plugin:loss' is not finite"),
        ("return F.", "target[target < 0] = 0\n        return F.", "'plugin:loss' changes its targets, which other"),
        ("return F.", "logits.detach().mul_(3)\n        return F.", "'plugin:loss' changes its logits, which other"),
        (
            "return F.",
            "import random\n        return random.random() * F.",
            "'plugin:loss' draws from a generator of Python or NumPy that all code shares; draw from torch's own",
        ),
        (
            "def mean(logits, target):",
            "held = [0]\n"
            "    def mean(logits, target):\n"
            "        held[0] = held[0] / 2 + logits.mean()\n"
            "        return held[0] ** 2",
            "'plugin:loss' depends on more than logits",
        ),
        (
            "def mean(logits, target):",
            "held = []\n    def mean(logits, target):\n        held.append(1)\n        return logits.sum() * len(held)",
            "'plugin:loss' depends on more than logits, targets and chance, such as on batches before; let it remember",
        ),
        ("return F.", "logits.clamp_(-9, 9)\n        return F.", "logits of shape .*: RuntimeError: a leaf Variable"),
    ],
)
def test_what_is_wrong_with_a_loss_is_one_sentence(monkeypatch, tmp_path, old, new, said):
    assert old in LOSS
    module = install(monkeypatch, tmp_path / "site", LOSS.replace(old, new, 1), loss=["loss"])
    with pytest.raises(UserError, match=said.format(module)) as caught:
        try_plugins(settings("segmentation", "loss=plugin:loss"), CLASSES)
    assert "\n" not in str(caught.value)


def test_weights_are_refused_and_ignored_pixels_noted(monkeypatch, tmp_path):
    install(monkeypatch, tmp_path / "site", LOSS, loss=["loss", "layer", "smooth", "blind"])
    with pytest.raises(UserError, match="'plugin:blind' is nan for targets that are all ignored"):
        try_plugins(settings("segmentation", "loss=plugin:blind"), CLASSES)
    with pytest.raises(UserError, match="'plugin:layer' has weights of its own, which nothing would train or keep"):
        try_plugins(settings("segmentation", "loss=plugin:layer"), CLASSES)
    noted = try_plugins(settings("segmentation", "loss=plugin:smooth+plugin:loss"), CLASSES)
    assert noted == ["'plugin:smooth' learns from pixels that are ignored"]
    # Of classified images none is ignored.
    assert try_plugins(settings("classification", "loss=plugin:smooth+plugin:blind"), CLASSES) == []


def test_the_example_of_the_documentation_is_taken(monkeypatch, tmp_path):
    page = Path(__file__).parents[2] / "docs" / "how-to" / "extend.md"
    (source,) = re.findall(r"```python\n((?:(?!```).)*?def tversky\(.*?)```", page.read_text("utf-8"), re.DOTALL)
    install(monkeypatch, tmp_path / "site", source, loss=["tversky"], augmentation=["clouds"])
    for task in ("classification", "segmentation"):
        config = settings(task, "loss=plugin:tversky", "augmentation=plugin:clouds")
        assert try_plugins(config, CLASSES) == []
    loss = plugin_losses(config, CLASSES, torch.device("cpu"))["plugin:tversky"]
    target = torch.randint(CLASSES, (2, 9, 9), generator=torch.Generator().manual_seed(0))
    right = torch.nn.functional.one_hot(target, CLASSES).movedim(-1, 1) * 20.0
    assert loss(right, target) < 1e-3 < 0.99 < loss(-right, target)


def test_what_goes_wrong_in_training_is_one_sentence_and_leaves_no_run(monkeypatch, tmp_path, color_classes):
    source = """
def loss(num_classes):
    asked = []
    def mean(logits, target):
        asked.append(1)
        assert len(asked) < 3, "enough"
        return logits.mean()
    return mean
"""
    install(monkeypatch, tmp_path / "site", source, loss=["loss"])
    data = open_data(color_classes)
    with pytest.raises(UserError, match=r"'plugin:loss' cannot be computed for logits of .*: AssertionError: enough"):
        train(data, settings("classification", "loss=plugin:loss"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_loss_of_pairs_of_one_class_is_taken(monkeypatch, tmp_path):
    source = """
import torch


def loss(num_classes):
    def pull(logits, target):
        pairs = (target[:, None] == target[None]).float().triu(1)
        return (pairs * torch.cdist(logits, logits)).sum() / pairs.sum().clamp(min=1)
    return pull
"""
    install(monkeypatch, tmp_path / "site", source, loss=["loss"])
    assert try_plugins(settings("classification", "loss=cross-entropy+plugin:loss"), CLASSES) == []
