"""``show``: what a network is, from its name or from a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pixelproof.config import apply_overrides, default_config, run_settings
from pixelproof.errors import UserError
from pixelproof.models import build_model, diagram, known_models, summarise, task_of
from pixelproof.runs import Run
from pixelproof.runs.kept_rule import kept_rule, misfit

# The reference study's.
CLASSES = {"classification": 50, "segmentation": 7}
SIZES = {"classification": 32, "segmentation": 512}
LARGEST = 65535
"""Of classes, and of pixels a side."""


def describe_model(
    model: str, classes: int | None = None, size: int | None = None, settings: Sequence[str] = ()
) -> tuple[dict[str, Any], str]:
    """Return a network's facts as plain data, of a run with the rule that it keeps, and its structure diagram as SVG.

    Args:
        model: A model's name or the path of a run folder.
        classes: Number of classes; the reference study's by default.
        size: Side of the input in pixels, likewise.
        settings: Settings such as ``width=0.5``.

    Raises:
        UserError: There is no such model, a number is out of range, or a run is given classes or settings.
    """
    for name, value in (("classes", classes), ("size", size)):
        if value is not None and not 1 <= value <= LARGEST:
            raise UserError(f"{name} cannot be {value}", f"give a number from 1 to {LARGEST:,}")
    folder = Path(model)
    if Run.lies_in(folder) or (folder.is_dir() and model not in known_models()):
        run = Run.open(folder)
        if classes is not None or settings:
            raise UserError(
                f"{model} is a run, which has its own classes and settings", "leave --classes and --set out"
            )
        config = run_settings(run)
        classes = len(run.labels().classes)
    else:
        config = apply_overrides(default_config(task_of(model), model), settings)
    size = size or config.model.input_size or SIZES[config.task]
    if config.task == "classification":  # the size that a network of a package is tried at
        config = config.changed("model", input_size=size)
    network = build_model(config.model.without_weights(), classes or CLASSES[config.task])
    facts = summarise(network, config.model.name, size) | _rule_facts(folder)
    return facts, diagram(network, config.model.name, size)


def _rule_facts(folder: Path) -> dict[str, Any]:
    """Return the rule that a run keeps, and why it is not used where it is stale; nothing of a model's name.

    Raises:
        UserError: The rule's file is damaged.
    """
    if not Run.lies_in(folder) or (rule := kept_rule(Run(folder))) is None:
        return {}
    unfit = misfit(Run(folder), rule)
    return {"rule": rule.brief() | {"stale": None if unfit is None else str(unfit)}}
