"""Installed packages that bring networks, losses and augmentations, written for the tests as pip leaves them."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

NETWORKS = '''
import torch
from torch import nn


def block(before, after):
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU())


def littlenet(num_classes, channels):
    """From images [N, C, H, W] to logits [N, K]."""
    maps = nn.Sequential(block(channels, 8), nn.MaxPool2d(2), block(8, 12))
    return nn.Sequential(maps, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(12, num_classes))


class LittleUnet(nn.Module):
    """From images [N, C, H, W] to logits [N, K, H/2, W/2]."""

    def __init__(self, num_classes, channels):
        super().__init__()
        self.fine = nn.Sequential(block(channels, 8), nn.MaxPool2d(2), block(8, 8))
        self.coarse = nn.Sequential(nn.MaxPool2d(2), block(8, 8), nn.ConvTranspose2d(8, 8, 2, stride=2))
        self.head = nn.Conv2d(16, num_classes, 1)

    def forward(self, images):
        fine = self.fine(images)
        return self.head(torch.cat([fine, self.coarse(fine)], dim=1))
'''
LEARNING = '''
import torch
import torch.nn.functional as F


def tversky(num_classes):
    """One that counts what is missed more than what is found and is not there; a constant moves with it."""
    return Tversky(torch.linspace(0.5, 0.9, num_classes))


class Tversky(torch.nn.Module):
    def __init__(self, missed):
        super().__init__()
        self.register_buffer("missed", missed)

    def forward(self, logits, target):
        valid = target != -100
        truth = F.one_hot(target * valid, logits.shape[1]).movedim(-1, 1) * valid[:, None]
        chances = logits.softmax(dim=1) * valid[:, None]
        over = [0, *range(2, logits.ndim)]
        both, truth, chances = ((part).sum(over) for part in (truth * chances, truth, chances))
        of_all = both + self.missed * (truth - both) + (1 - self.missed) * (chances - both)
        return 1 - (both / (of_all + 1e-6)).mean()


def erase():
    """A square of each image becomes noise, where it is segmented of no class."""

    def change(images, target, generator):
        for image, own in zip(images, target):
            top, left = torch.randint(images.shape[-1] - 8, (2,), generator=generator).tolist()
            image[:, top : top + 8, left : left + 8] = torch.rand(8, 8, generator=generator)
            if own.ndim:
                own[top : top + 8, left : left + 8] = -100
        return images, target

    return change
'''
GROUPS = {
    "classification": "pixelproof.classifiers",
    "segmentation": "pixelproof.segmenters",
    "loss": "pixelproof.losses",
    "augmentation": "pixelproof.augmentations",
}
_numbers = itertools.count()


def write_package(folder: Path, source: str, entries: dict[str, list[str]], name: str = "") -> str:
    """Write a package and what pip notes of one, and return the name of its module, which no other has.

    Args:
        folder: Where packages are found, or not.
        source: The module.
        entries: By the names of groups, its entry points: "littlenet" is ``littlenet = module:littlenet``, and what has
            a "=" stands as it is.
        name: Of the package; by default that of its module.
    """
    module = f"small_plugin_{next(_numbers)}"
    notes = folder / f"{module}-0.5.dist-info"
    notes.mkdir(parents=True)
    (folder / f"{module}.py").write_text(source)
    (notes / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name or module}\nVersion: 0.5\n")
    lines = [
        line
        for group, words in entries.items()
        for line in (f"[{group}]", *(word if "=" in word else f"{word} = {module}:{word}" for word in words))
    ]
    (notes / "entry_points.txt").write_text("\n".join(lines))
    return module


def install(monkeypatch: pytest.MonkeyPatch, folder: Path, source: str = NETWORKS, **entries: list[str]) -> str:
    """Install a package for a test, by default with ``littlenet`` and ``LittleUnet``; return its module's name.

    Args:
        monkeypatch: Takes it away again.
        folder: A new one.
        source: The module.
        entries: By the keys of ``GROUPS`` the names of its factories.
    """
    entries = entries or {"classification": ["littlenet"], "segmentation": ["LittleUnet"]}
    module = write_package(folder, source, {GROUPS[task]: names for task, names in entries.items()})
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setitem(sys.modules, module, None)  # so that what is imported goes with the test
    monkeypatch.delitem(sys.modules, module)
    return module
