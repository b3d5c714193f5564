"""Checkpoints as safetensors: weights alone to use, or everything needed to go on. Nothing is ever unpickled."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from pixelproof.config import TrainingConfig
from pixelproof.errors import UserError
from pixelproof.runs import atomic


@dataclass
class Progress:
    """How far a run has come."""

    epoch: int = 0
    """Epochs done."""
    step: int = 0
    """Optimiser steps done."""
    best_score: float | None = None
    best_epoch: int = 0
    seconds: float = 0.0
    """Training time over all sessions."""

    def is_over(self, config: TrainingConfig, scored: bool) -> bool:
        """Return whether all epochs are done, or ``patience`` with the score is at its end.

        By what this holds and nothing else, so that a resumed run ends where an uninterrupted one does, and all
        processes end together.
        """
        patience = config.patience if scored else None
        best = 0 if self.best_score is None else self.best_epoch
        # A frozen backbone is not given up: what comes after it may be better.
        waited = self.epoch - max(best, config.thaws)
        return self.epoch >= config.epochs or (patience is not None and waited >= patience)

    def is_best(self, score: float | None) -> bool:
        """Return whether the last epoch's weights are the best so far, and note it; without scores, the last are.

        An undefined score never replaces a defined one.
        """
        best = self.best_score
        if not (score is None or best is None or score > best):
            return False
        self.best_epoch = self.epoch
        self.best_score = None if score is None or math.isnan(score) else score
        return True


def save_weights(path: Path, model: nn.Module) -> None:
    """Write a model's state dict, atomically."""
    _save(path, _named("", model.state_dict()), {})


def load_weights(path: Path, model: nn.Module) -> None:
    """Read weights that ``save_weights`` wrote into a model of the same architecture.

    Raises:
        UserError: The file is missing, damaged, or of another architecture.
    """
    tensors, _ = _load(path)
    _into(path, model, tensors)


def save_state(path: Path, progress: Progress, modules: dict[str, nn.Module], optimizer: torch.optim.Optimizer) -> None:
    """Write everything needed to go on training as one file, so that no kill can leave half of it.

    Args:
        path: Where to write, atomically.
        progress: How far the run has come.
        modules: Modules by name, such as the model and its moving average.
        optimizer: The optimiser; its settings are rebuilt from the run's config, only its state is stored.
    """
    tensors: dict[str, Tensor] = {}
    for name, module in modules.items():
        tensors |= _named(f"{name}/", module.state_dict())
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= _named(f"optimizer/{index}/", state)
    _save(path, tensors, {"progress": json.dumps(asdict(progress))})


def load_state(path: Path, modules: dict[str, nn.Module], optimizer: torch.optim.Optimizer) -> Progress:
    """Read what ``save_state`` wrote into ``modules`` and ``optimizer``.

    Raises:
        UserError: The file is missing, damaged, or of another architecture.
    """
    tensors, metadata = _load(path)
    for name, module in modules.items():
        _into(path, module, _below(f"{name}/", tensors))
    try:
        _restore(optimizer, _below("optimizer/", tensors))
        return TypeAdapter(Progress).validate_json(metadata["progress"])
    except (KeyError, ValueError, IndexError):
        raise UserError(f"{path} does not say how far training has come", "train again") from None


def remove_unfinished(folder: Path) -> None:
    """Remove checkpoints that killed processes left half written, while no other process writes to the folder."""
    for pattern in (".*.part.safetensors", ".tmp??????"):  # the second is what safetensors writes to at first
        for path in folder.glob(pattern):
            path.unlink()


def _restore(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give an optimiser its state, tensors by ``index/name``."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, name = key.split("/")
        if tensor.ndim and tensor.shape != weights[int(index)].shape:
            raise ValueError(f"{key} fits no weight")
        if tensor.ndim:  # laid out in memory as the weight is, because fused optimisers walk through both alike
            tensor = torch.empty_like(weights[int(index)], dtype=tensor.dtype, device="cpu").copy_(tensor)
        state.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _named(prefix: str, tensors: dict[str, Any]) -> dict[str, Tensor]:
    # Cloned, because safetensors refuses tensors that share memory.
    return {
        prefix + name: t.detach().cpu().clone().contiguous() for name, t in tensors.items() if isinstance(t, Tensor)
    }


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _into(path: Path, module: nn.Module, tensors: dict[str, Tensor]) -> None:
    try:
        module.load_state_dict(tensors)
    except RuntimeError:
        raise UserError(
            f"the weights in {path} belong to another architecture than the run's config.yaml says", "train again"
        ) from None


def _save(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    with atomic(path) as temporary:
        try:
            save_file(tensors, temporary, metadata=metadata)
        except SafetensorError as error:
            # safetensors wraps the operating system's error into text; a full disk is the one that happens.
            raise OSError(28 if "No space" in str(error) else None, str(error)) from error


def _load(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError:
        raise UserError(f"{path} does not exist", "train the run first, or --resume it") from None
    except (SafetensorError, OSError, ValueError):
        raise UserError(f"{path} is damaged or truncated", "restore it or train again") from None
