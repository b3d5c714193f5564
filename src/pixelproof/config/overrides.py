"""``--set key=value``: change one setting by its full path or by its own name where that is unique."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import NoneType
from typing import Any, get_args

from pixelproof.config.model import ModelConfig
from pixelproof.config.run import AugmentConfig, DataConfig, RunConfig, TrainingConfig
from pixelproof.errors import UserError
from pixelproof.runs.plain import from_yaml
from pixelproof.schema import nearest, parse

ELSEWHERE = {
    "amp": "precision",
    "batch": "batch_size",
    "batchsize": "batch_size",
    "bs": "batch_size",
    "crop_size": "crop",
    "early_stop": "patience",
    "early_stopping": "patience",
    "early_stopping_patience": "patience",
    "folds": "cv_fold",
    "freeze_backbone": "freeze",
    "freeze_encoder": "freeze",
    "freeze_epochs": "freeze",
    "gradient_clip": "clip",
    "image_size": "input_size",
    "img_size": "input_size",
    "imgsz": "input_size",
    "learning_rate": "lr",
    "lr_scheduler": "schedule",
    "max_epochs": "epochs",
    "num_epochs": "epochs",
    "num_workers": "workers",
    "oversample": "sampling",
    "patch_size": "crop",
    "resolution": "input_size",
    "sampler": "sampling",
    "scheduler": "schedule",
    "size": "input_size",
    "wd": "weight_decay",
    "weighted_sampler": "sampling",
}
"""What other programs call a setting."""

MAPPINGS = {"class_weights"}
"""Settings whose value may be a mapping, which is no group of settings."""


def is_setting(key: str) -> bool:
    """Return whether ``--set`` takes a key."""
    return any(key in section.model_fields for section in (ModelConfig, DataConfig, AugmentConfig, TrainingConfig))


def apply_overrides(config: RunConfig, overrides: Mapping[str, Any] | Iterable[str], where: str = "--set") -> RunConfig:
    """Return ``config`` with some settings changed.

    Args:
        config: The settings to start from.
        overrides: ``{"training.lr": 0.1}`` or ``{"lr": 0.1}`` or ``{"training": {"lr": 0.1}}``, or strings "lr=0.1", or
            one of them.
        where: Where the overrides came from, for messages.

    Raises:
        UserError: A key is unknown or ambiguous, or a value is refused.
    """
    values = config.model_dump()
    for key, value in _pairs(overrides, where):
        section, name = _locate(values, key, where)
        if name == "task":
            raise UserError(f"{where}: 'task' cannot be set, the data decides it", "leave it out")
        if isinstance(value, Mapping) and name not in MAPPINGS:
            raise UserError(f"{where}: '{key}' is one value, not a group", "give a single value")
        spelt_out = isinstance(value, str) and value.lower() == "none" and _may_be_none(config, section, name)
        values[section][name] = None if spelt_out else value
    return parse(RunConfig, values, where)


def _may_be_none(config: RunConfig, section: str, name: str) -> bool:
    """Return whether a setting may be None and is no text, which "none" could be."""
    kinds = get_args(type(getattr(config, section)).model_fields[name].annotation)
    return NoneType in kinds and str not in kinds


def _pairs(overrides: Mapping[str, Any] | Iterable[str], where: str) -> list[tuple[str, Any]]:
    """Return (key, value) pairs, groups flattened to dotted keys and the texts of ``key=value`` read as YAML."""
    if isinstance(overrides, Mapping):
        return list(flattened(overrides).items())
    texts = [overrides] if isinstance(overrides, str) else overrides
    return [parse_assignment(text, where) for text in texts]


def flattened(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with those of groups by their paths, ``{"training": {"lr": 1}}`` as ``{"training.lr": 1}``."""
    flat = dict[str, Any]()
    for key, value in settings.items():
        group = isinstance(value, Mapping) and str(key).rpartition(".")[2] not in MAPPINGS
        flat |= {f"{key}.{name}": inner for name, inner in value.items()} if group else {key: value}
    return flat


def same_setting(one: str, other: str) -> bool:
    """Return whether two keys, with or without their group, name the same setting."""
    return f".{one}".endswith(f".{other}") or f".{other}".endswith(f".{one}")


def parse_assignment(text: str, where: str = "--set") -> tuple[str, Any]:
    """Split ``lr=1e-3`` into its key and its value, read as YAML."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise UserError(f"{where}: '{text}' is not of the form key=value", "write for example --set epochs=10")
    if key.strip().rpartition(".")[2] == "groups":  # a regular expression, which YAML would take apart
        return key.strip(), None if value in ("", "None", "null") else value
    try:
        parsed = from_yaml(value)
    except ValueError as error:
        problem = f"{where}: the value of '{key}' is not readable: it {error}"
        raise UserError(problem, "correct, quote or simplify it") from None
    return key.strip(), _number(parsed)


def _number(value: Any) -> Any:
    """Read ``1e-3``, which YAML 1.1 takes for a text, as the number it is, and ``None`` as what Python calls so."""
    if value == "None":
        return None
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _locate(values: Mapping[str, Any], key: str, where: str) -> tuple[str, str]:
    """Return the section and name that ``key`` means; section is empty for a top-level setting."""
    places = {f"{section}.{name}": (section, name) for section, group in values.items() if isinstance(group, dict)
              for name in group}  # fmt: skip
    places |= {name: ("", name) for name, group in values.items() if not isinstance(group, dict)}
    if key in places:
        return places[key]
    if key in values:
        more = {"model": ", or name the network with --model", "augment": ", or augmentation=plugin:NAME"}.get(key, "")
        raise UserError(
            f"{where}: '{key}' is a group of settings",
            f"set one of them, such as {key}.{next(iter(values[key]))}{more}",
        )
    matches = [place for place in places if place.endswith(f".{key}")]
    if len(matches) == 1:
        return places[matches[0]]
    if matches:
        raise UserError(f"{where}: '{key}' could be {' or '.join(matches)}", "give the full path")
    known = [*places, *(name for _, name in places.values())]
    advice = f"did you mean '{ELSEWHERE[key]}'?" if key in ELSEWHERE else nearest(key, sorted(set(known)))
    raise UserError(f"{where}: unknown key '{key}'", advice)
