"""The study file: which data, which models, which images to show."""

from __future__ import annotations

import re
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from pixelproof.config import RunConfig, Task, apply_overrides, default_config
from pixelproof.errors import UserError
from pixelproof.runs.atomic import read_yaml
from pixelproof.schema import Strict, parse


class ModelEntry(Strict):
    """One model of a part."""

    model: str
    """The model's name, such as ``fcn8s-bn``."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of this run alone, as in ``--set``."""


class Part(Strict):
    """One data set with the models trained on it."""

    title: str = ""
    data: str
    """Folder of the data set, relative to ``--data``."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of every run of this part."""
    models: dict[str, ModelEntry] = Field(min_length=1)
    """Models by the name they have in the report; the first is the one others are compared with."""
    show: tuple[str, ...] = ()
    """Ids of validation images whose predicted masks the report shows."""
    embed: tuple[str, ...] = ()
    """Models whose features are drawn as a t-SNE map."""

    @field_validator("models", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """Accept ``fcn8s: {epochs: 3}`` and ``fcn8s:`` for a model whose name is the entry's."""
        if not isinstance(value, dict):
            return value
        return {name: _entry(str(name), entry) for name, entry in value.items()}


class StudyFile(Strict):
    """A study, as written by its author."""

    name: str = Field(pattern=r"^[\w-]+$")
    title: str = ""
    parts: dict[str, Part] = Field(min_length=1)


def read_study(path: Path) -> StudyFile:
    """Read a study file.

    Raises:
        UserError: It cannot be read, is not YAML, or a key or value is refused.
    """
    values = read_yaml(path)
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no study", "start it with 'name:' and 'parts:'")
    study = parse(StudyFile, values, str(path))
    for name in [*study.parts, *(model for part in study.parts.values() for model in part.models)]:
        if not re.fullmatch(r"\w[\w.-]*", name):
            raise UserError(f"{path}: '{name}' cannot name a folder", "use letters, digits, '_', '-' and '.'")
    for name, part in study.parts.items():
        if strangers := set(part.embed) - set(part.models):
            remedy = f"name one of {', '.join(part.models)}"
            raise UserError(f"{path}: part '{name}' embeds '{min(strangers)}'", remedy)
    return study


def builtin_study(name: str) -> StudyFile:
    """Read a study that comes with Pixelproof, such as "demo"."""
    with as_file(files("pixelproof.study") / "studies" / f"{name}.yaml") as path:
        return read_study(path)


def run_config(study: StudyFile, part: str, model: str, task: Task, overrides: tuple[str, ...]) -> RunConfig:
    """Return the settings of one run: defaults, then the part's, the model's, and those of the command line.

    An override such as ``segmentation.epochs=3`` that starts with a part's name is for that part alone.
    """
    entry = study.parts[part].models[model]
    config = default_config(task, entry.model)
    config = apply_overrides(config, study.parts[part].settings, f"settings of part '{part}'")
    config = apply_overrides(config, entry.settings, f"settings of '{model}'")
    mine = []
    for text in overrides:
        first, dot, rest = text.partition(".")
        if dot and first in study.parts:
            mine += [rest] if first == part else []
        else:
            mine.append(text)
    return apply_overrides(config, mine)


def _entry(name: str, entry: Any) -> Any:
    if entry is None:
        return {"model": name}
    if isinstance(entry, str):
        return {"model": entry}
    if isinstance(entry, dict) and not set(entry) <= set(ModelEntry.model_fields):
        return {"model": entry.get("model", name), "settings": {k: v for k, v in entry.items() if k != "model"}}
    if isinstance(entry, dict):
        return {"model": name, **entry}
    return entry
