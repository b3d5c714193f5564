"""``labels.yaml``: the label contract as a file a person can read and write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pixelproof.errors import UserError
from pixelproof.labels import PRESETS, LabelScheme
from pixelproof.runs.files import read_yaml
from pixelproof.runs.plain import to_yaml
from pixelproof.schema import nearest, parse

LABELS_FILE = "labels.yaml"
_TASKS = ("classification", "segmentation")


def read_labels(path: Path) -> LabelScheme:
    """Read a ``labels.yaml``: a whole scheme, or ``preset: NAME``, which may have ``masks`` beside it.

    Raises:
        UserError: The file cannot be read, is not YAML, or its contract contradicts itself.
    """
    values = read_yaml(path)
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no settings", "start it with 'task:' or 'preset:'")
    return _preset(path, values) if "preset" in values else parse(LabelScheme, values, str(path))


def read_labels_for(task: str, path: Path) -> LabelScheme:
    """Read a ``labels.yaml`` that must be for the task of what is scored.

    Raises:
        UserError: It cannot be read, or is for the other task.
    """
    scheme = read_labels(path)
    if scheme.task != task:
        problem = f"{path} is for {scheme.task}, and what is scored is a {task}"
        raise UserError(problem, f"give --labels that are for {task}")
    return scheme


def _preset(path: Path, values: dict[Any, Any]) -> LabelScheme:
    name = values["preset"]
    if not isinstance(name, str) or name not in PRESETS:
        raise UserError(f"{path}: unknown preset '{name}'", nearest(str(name), list(PRESETS)))
    if others := sorted(str(key) for key in values if key not in ("preset", "masks")):
        raise UserError(f"{path}: a preset has its own '{others[0]}'", "remove one of the two")
    read = {"masks": values["masks"]} if "masks" in values else {}
    return parse(LabelScheme, PRESETS[name].model_dump(exclude_defaults=True) | read, str(path))


def named_task(path: Path) -> str | None:
    """Return the task that a ``labels.yaml`` names; None if there is no such file or it names none."""
    values = _values(path)
    if not isinstance(values, dict):
        return None
    if isinstance(preset := values.get("preset"), str) and preset in PRESETS:
        return PRESETS[preset].task
    task = values.get("task")
    return task if task in _TASKS else None


def has_classes(path: Path) -> bool:
    """Return whether there is a ``labels.yaml`` that is more than a task, which only says how a folder is laid out."""
    return path.is_file() and not (named_task(path) and set(_values(path)) == {"task"})


def labels_to_yaml(scheme: LabelScheme) -> str:
    """Return the text of a ``labels.yaml``; ``read_labels`` gives the same scheme back."""
    values = scheme.model_dump(mode="json", exclude_defaults=True)
    classes = values.pop("classes")
    lines = [_flow({"task": values.pop("task")})[1:-1], "classes:"]
    lines += [f"  - {_flow({key: part for key, part in value.items() if part is not None})}" for value in classes]
    lines += [_flow({key: value})[1:-1] for key, value in values.items()]
    return "\n".join(lines) + "\n"


def _values(path: Path) -> Any:
    """Return what a file holds, None if it cannot be read: ``read_labels`` says why."""
    try:
        return read_yaml(path) if path.is_file() else None
    except UserError:
        return None


def _flow(value: dict[str, Any]) -> str:
    """Return ``value`` as YAML on one line, ``{key: value, ...}``."""
    return to_yaml(value, one_line=True).strip()
