"""The figures of ``results/``, computed from the score files that lie there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from pixelproof.comparison.match import in_order
from pixelproof.config import RunConfig
from pixelproof.evaluation import summarise
from pixelproof.runs import Scores, load_scores
from pixelproof.runs.files import read_json, read_yaml
from pixelproof.runs.metrics_log import MetricsLog
from pixelproof.runs.scoring_log import read_scorings
from pixelproof.schema import parse

NAMES = {
    "scores": "scores.npz",
    "log": "metrics.csv",
    "scorings": "scorings.csv",
    "config": "config.yaml",
    "environment": "environment.json",
}
PROTOCOL: Final = "unknown_counted"
FIRST = ("vgg16", "fcn32s", "fcn8s", "best")
"""The recipes that stand before all others."""


def recipes(results: Path) -> list[Path]:
    """Return the folders of all recipes that have a scored seed: the study's own first."""
    found = {path.parent.parent for path in results.glob(f"*/seed-*/{NAMES['scores']}")}
    return sorted(found, key=lambda path: (FIRST.index(path.name) if path.name in FIRST else len(FIRST), path.name))


def seeds(recipe: Path) -> list[Path]:
    """Return the folders of a recipe's seeds, in order."""
    return sorted(recipe.glob("seed-*"), key=lambda path: int(path.name.removeprefix("seed-")))


def scores_of(recipe: Path) -> list[Scores]:
    """Return the scores of a recipe's seeds, their images in one order."""
    return [in_order(load_scores(seed / NAMES["scores"])) for seed in seeds(recipe)]


def figure(found: Mapping[str, Any]) -> float:
    """Return accuracy or mIoU by the course's rule, of what ``pixelproof score`` finds."""
    return float(found["protocols"][PROTOCOL]["miou"] if "protocols" in found else found["accuracy"])


def summary(recipe: Path) -> dict[str, Any]:
    """Return what ``<recipe>.json`` holds."""
    folders, scores = seeds(recipe), scores_of(recipe)
    found = [summarise(each) for each in scores]
    values = [figure(each) for each in found]
    configs = [_config(folder) for folder in folders]
    environments = [read_json(folder / NAMES["environment"]) for folder in folders]
    segmented = scores[0].scheme.task == "segmentation"
    return {
        "recipe": recipe.name,
        "task": scores[0].scheme.task,
        "metric": f"mIoU, {PROTOCOL}" if segmented else "accuracy",
        "images": len(scores[0].ids),
        "seeds": [config.training.seed for config in configs],
        "values": values,
        "mean": float(np.mean(values)),
        "std": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "classes": _classes(found),
        "model": configs[0].model.name,
        "width": configs[0].model.width,
        "starts_from": configs[0].model.weights,
        "epochs": None if configs[0].model.members else configs[0].training.epochs,
        "selection_score": [environment.get("best_score") for environment in environments],
        "seconds": [environment.get("seconds") for environment in environments],
        "seconds_to_best": [_seconds_to_best(*each) for each in zip(folders, environments, strict=True)],
        "device": [environment.get("device") for environment in environments],
        "images_per_second": [environment.get("speed", {}).get("images_per_second") for environment in environments],
        "share_of_peak": [environment.get("speed", {}).get("share_of_peak") for environment in environments],
        "commit": [environment.get("commit") for environment in environments],
        "scorings": [_scorings(folder) for folder in folders],
    } | ({"members": members} if (members := [each["run"] for each in environments[0].get("members", ())]) else {})


def _config(seed: Path) -> RunConfig:
    return parse(RunConfig, read_yaml(seed / NAMES["config"]), str(seed / NAMES["config"]))


def _classes(found: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return IoU or accuracy by class, the mean over seeds; None where one of them is undefined."""
    tables = [one["protocols"][PROTOCOL]["iou"] if "protocols" in one else one["class_accuracy"] for one in found]
    return {name: None if None in (row := [t[name] for t in tables]) else float(np.mean(row)) for name in tables[0]}


def _seconds_to_best(seed: Path, environment: Mapping[str, Any]) -> float | None:
    log = MetricsLog(seed / NAMES["log"])
    rows = log.read() if log.path.is_file() else []  # an ensemble has none
    return next((row["seconds"] for row in rows if row["epoch"] == environment.get("best_epoch")), None)


def _scorings(seed: Path) -> int | None:
    path = seed / NAMES["scorings"]
    return sum(row.split == "validation" for row in read_scorings(path)) if path.is_file() else None
