"""Augmentations that installed packages bring: what they draw from, and a sentence for everything wrong with one."""

from __future__ import annotations

import pytest
import torch

from pixelproof.config import apply_overrides, default_config
from pixelproof.data import open_data
from pixelproof.data.loading import IGNORE
from pixelproof.errors import UserError
from pixelproof.training.plugin_trial import try_plugins
from pixelproof.training.plugins import plugin_augmentation
from pixelproof.verbs.train import train
from small_plugins import LEARNING, install

CLASSES = 7
NOISE = """
import random
import numpy
import torch


def change():
    def noise(images, targets, generator):
        return images + torch.rand(images.shape, generator=generator), targets
    return noise


def seeded():
    def noise(images, targets, generator):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
            return images + torch.rand(images.shape), targets
    return noise
"""


def settings(task: str, called: str, *more: str):
    name = "vgg16" if task == "classification" else "fcn8s"
    return apply_overrides(default_config(task, name), [f"augmentation=plugin:{called}", *more])


def test_changes_are_a_function_of_the_seed_and_the_step(monkeypatch, tmp_path):
    install(monkeypatch, tmp_path / "site", LEARNING, augmentation=["erase"])
    images, target = torch.zeros(2, 3, 20, 20), torch.zeros(2, 20, 20, dtype=torch.int64)

    def changed(seed: int, step: int):
        augmentation = plugin_augmentation(settings("segmentation", "erase", f"seed={seed}"), CLASSES)
        return augmentation(images.clone(), target.clone(), step)

    first, marked = changed(0, 5)
    assert torch.equal(first.any(dim=1), marked == IGNORE)
    assert (marked == IGNORE).sum() == 2 * 64
    assert all(map(torch.equal, changed(0, 5), (first, marked)))
    assert not torch.equal(changed(0, 6)[0], first)
    assert not torch.equal(changed(1, 5)[0], first)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("change():", "change(p):", "{0}:change cannot build 'plugin:change': TypeError: .*missing 1 required"),
        ("return noise", "return None", "{0}:change makes NoneType for 'plugin:change' where a function is wanted"),
        ("targets, gen", "gen", "cannot be applied to images of shape .8, 3, 48, 48.: TypeError"),
        ("), targets", ")", r"'plugin:change' gives float32 .* on the cpu for float32 .* and int64 \[8, 48, 48\]"),
        ("), targets", "), targets.float()", r"and float32 \[8, 48, 48\] on the cpu for .* let it return images and"),
        ("return images", "return images[..., 1:]", "RuntimeError: The size of tensor a"),
        (
            "generator=generator",
            "",
            "'plugin:change' depends on more than images, targets and the generator that it is given; let",
        ),
        ("images + ", "random.random() + ", "depends on more than"),
        ("images + ", "numpy.random.rand() + ", "depends on more than"),
        ("images + ", "numpy.random.default_rng().random() + ", "depends on more than"),
        (
            "        return",
            "        if numpy.random.rand() < 0:\n            return\n        return",
            "depends on more",
        ),
        ("images + ", "images / images.amax((1, 2, 3), keepdim=True) + ", "gives images that are not finite; let"),
        ("images + ", "255 * images + ", r"gives images with values up to 25\d.* where 0..1 is wanted; let it leave"),
        (
            "def noise(images, targets, generator):",
            "held = []\n"
            "    def noise(images, targets, generator):\n"
            "        held.append(images)\n"
            "        images = held[-2:][0]",
            "depends on more than .* and remember no batch",
        ),
        (
            "def noise(images, targets, generator):",
            "held = []\n"
            "    def noise(images, targets, generator):\n"
            "        held.append(images.mean())\n"
            "        images = images - held[0]",
            "depends on more than .* and remember no batch",
        ),
        (
            "), targets",
            "), targets + 1",
            "gives targets that are no classes; .* from 0 to 6, or -100, which is ig",
        ),
    ],
)
def test_what_is_wrong_with_an_augmentation_is_one_sentence(monkeypatch, tmp_path, old, new, said):
    assert old in NOISE
    module = install(monkeypatch, tmp_path / "site", NOISE.replace(old, new, 1), augmentation=["change"])
    config = settings("segmentation", "change", "crop=48")
    with pytest.raises(UserError, match=said.format(module)) as caught:
        try_plugins(config, CLASSES)
    assert "\n" not in str(caught.value)


def test_torch_s_own_generator_may_be_seeded_from_the_one_that_is_given(monkeypatch, tmp_path):
    """For transforms of torchvision, which take none."""
    install(monkeypatch, tmp_path / "site", NOISE, augmentation=["change", "seeded"])
    assert try_plugins(settings("classification", "seeded"), CLASSES) == []
    assert try_plugins(settings("segmentation", "change"), CLASSES) == []


def test_of_classified_images_none_is_ignored(monkeypatch, tmp_path):
    source = NOISE.replace("), targets", "), targets - 100")
    install(monkeypatch, tmp_path / "site", source, augmentation=["change"])
    with pytest.raises(UserError, match=r"gives targets that are no classes; let them be class indices from 0 to 6$"):
        try_plugins(settings("classification", "change"), CLASSES)


def test_what_becomes_wrong_in_training_is_the_same_sentence(monkeypatch, tmp_path, color_classes):
    """A target that is no class would end the process on a GPU."""
    source = NOISE.replace("), targets", "), targets + 5 * (images[0, 0, 0, 0] < 0.02)")
    install(monkeypatch, tmp_path / "site", source, augmentation=["change"])
    config = settings("classification", "change", "width=0.03", "epochs=1", "device=cpu", "selection=0.2")
    with pytest.raises(UserError, match="'plugin:change' gives targets that are no classes"):
        train(open_data(color_classes), config, tmp_path / "run")


def test_dark_images_may_be_standardised(monkeypatch, tmp_path):
    """Which brings single bright pixels far beyond 0..1."""
    source = "def change():\n    return lambda images, targets, generator: (bright(images), targets)\n" + (
        "def bright(images):\n"
        "    spread, middle = images.std((1, 2, 3), keepdim=True), images.mean((1, 2, 3), keepdim=True)\n"
        "    return (images - middle) / (spread + 1e-3)\n"
    )
    install(monkeypatch, tmp_path / "site", source, augmentation=["change"])
    config = settings("segmentation", "change")
    assert try_plugins(config, CLASSES) == []
    images = torch.zeros(2, 3, 64, 64)
    images[:, :, 5, 5] = 1
    changed, _ = plugin_augmentation(config, CLASSES)(images, torch.zeros(2, 64, 64, dtype=torch.int64), 1)
    assert changed.max() > 30
