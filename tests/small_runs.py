"""Runs of untrained networks whose answers vary from pixel to pixel, for the tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pixelproof.config import default_config
from pixelproof.labels import PRESETS, LabelScheme
from pixelproof.models import build_model
from pixelproof.runs import Run
from pixelproof.runs.proof_images import ProofImage, save_proof_images
from pixelproof.training.checkpoints import save_weights

COLORS = LabelScheme.model_validate(
    {"task": "classification", "classes": [{"name": n, "id": i} for i, n in enumerate(("red", "green", "blue"))]}
)


def untrained_run(folder: Path, name: str, scheme: LabelScheme = PRESETS["deepglobe"], **settings: object) -> Run:
    """Write a run of the network ``name`` with two proof images of 70x101 pixels; returns it."""
    config = default_config(scheme.task, name)
    config = config.model_copy(update={"model": config.model.model_copy(update={"width": 0.05} | settings)})
    run = Run.create(folder, config.model_dump(mode="json"), scheme, {})
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (70, 101, 3), dtype=np.uint8) for _ in range(2)]
    save_proof_images(run, [ProofImage(f"image{index}", image) for index, image in enumerate(images)])
    drawn = torch.Generator().manual_seed(0)
    model = build_model(config.model, len(scheme.classes))
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d) and module.bias is not None:
            torch.nn.init.normal_(module.bias, std=0.1, generator=drawn)
    save_weights(run.best, model)
    return run


NEEDED = {
    "onnxruntime": ("onnxruntime", "onnxscript"),
    "openvino": ("openvino", "onnxscript"),
    "ncnn": ("ncnn", "pnnx"),
}
"""What each backend needs."""


def need(name: str) -> None:
    """Skip a test where a backend is not installed."""
    for package in NEEDED[name]:
        pytest.importorskip(package, reason=f"the backend {name} is not installed")
