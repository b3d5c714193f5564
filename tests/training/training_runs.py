"""Slim runs, and whether two have the same weights."""

import torch
from safetensors.torch import load_file

from pixelproof.config import apply_overrides, default_config
from pixelproof.runs import Run

SLIM = ["width=0.03", "batch_size=8", "lr=3e-3", "warmup=0", "device=cpu"]


def settings_for(data, model, *more):
    return apply_overrides(default_config(data.task, model), [*SLIM, *more])


def weights_of(run: Run):
    return load_file(run.best) | {f"last/{k}": v for k, v in load_file(run.last).items()}


def assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name
