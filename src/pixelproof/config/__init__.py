"""Settings of a run: typed, frozen, checked at birth."""

from pixelproof.config.overrides import apply_overrides
from pixelproof.config.run import (
    AugmentConfig,
    DataConfig,
    ModelConfig,
    RunConfig,
    Switch,
    Task,
    TrainingConfig,
    default_config,
    idle,
    run_settings,
)

__all__ = [
    "AugmentConfig",
    "DataConfig",
    "ModelConfig",
    "RunConfig",
    "Switch",
    "Task",
    "TrainingConfig",
    "apply_overrides",
    "default_config",
    "idle",
    "run_settings",
]
