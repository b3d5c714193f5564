"""Settings of a run: typed, frozen, checked at birth."""

from pixelproof.config.effects import without_effect
from pixelproof.config.model import COLORS, OWN_SIZE, ModelConfig, checked_sizes
from pixelproof.config.overrides import apply_overrides
from pixelproof.config.run import (
    AugmentConfig,
    DataConfig,
    RunConfig,
    Switch,
    Task,
    TrainingConfig,
)
from pixelproof.config.start import default_config, run_settings

__all__ = [
    "COLORS",
    "OWN_SIZE",
    "AugmentConfig",
    "DataConfig",
    "ModelConfig",
    "RunConfig",
    "Switch",
    "Task",
    "TrainingConfig",
    "apply_overrides",
    "checked_sizes",
    "default_config",
    "run_settings",
    "without_effect",
]
