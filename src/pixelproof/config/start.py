"""Settings to start from: those of a task, before the user's own are applied, and those that a run folder holds."""

from __future__ import annotations

from pixelproof.config.model import ModelConfig
from pixelproof.config.run import AugmentConfig, RunConfig, Task, TrainingConfig
from pixelproof.errors import UserError
from pixelproof.runs import Run
from pixelproof.runs.folder import CONFIG
from pixelproof.schema import parse


def default_config(task: Task, model: str) -> RunConfig:
    """Return sensible settings for a task, before the user's own are applied."""
    if task == "classification":
        return RunConfig(
            task=task,
            model=ModelConfig(name=model),
            augment=AugmentConfig(shift=2),
            training=TrainingConfig(batch_size=64),
        )
    return RunConfig(
        task=task,
        model=ModelConfig(name=model),
        augment=AugmentConfig(crop=256, turn=True),
        training=TrainingConfig(batch_size=8),
    )


LAST = "seed"
"""The setting with which the file of every version ends."""


def run_settings(run: Run) -> RunConfig:
    """Return the settings that a run folder holds.

    Raises:
        UserError: Its ``config.yaml`` cannot be read, or is not whole.
    """
    values, path = run.config(), run.path / CONFIG
    if missing := [section for section in RunConfig.model_fields if section not in values]:
        raise UserError(f"{path} is cut off: it lacks '{missing[0]}'", "restore it or train again")
    training = values["training"]
    if isinstance(training, dict) and LAST not in training:  # later versions add settings before it
        raise UserError(f"{path} is cut off: it lacks 'training.{LAST}'", "restore it or train again")
    return parse(RunConfig, values, str(path))
