"""Collect what a study leaves into ``results/``, all but weights and imagery, and write its page.

    python tools/collect_results.py out/reference_full [--results results] [--overwrite]

A run counts as one seed of the recipe that it is named after; one that has not ended, was a rehearsal or is of a fold
is passed over.
Without a study folder, only the page and the ``<recipe>.json`` are written again, from the score files that are there.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from results_figures import NAMES, recipes, seeds, summary
from results_page import RESULTS, foremost, render

from pixelproof.config import run_settings
from pixelproof.data import write_png
from pixelproof.errors import UserError
from pixelproof.report.figures.curves import curves
from pixelproof.report.figures.masks import colored
from pixelproof.runs import Run, load_shown, write_json, write_text
from pixelproof.runs.metrics_log import MetricsLog
from pixelproof.runs.plain import to_yaml
from pixelproof.runs.scoring_log import scoring_log
from pixelproof.runs.study_file import SPLIT

SHOWN = ("0010", "0097", "0107")
REPLICATE = re.compile(r"\.seed-\d+$")
LABELS = {"classification": "accuracy on the selection part", "segmentation": "mIoU on the selection part"}


def collect(study: Path, results: Path = RESULTS, overwrite: bool = False) -> list[Path]:
    """Copy the finished runs of a study folder and return the folders they were copied to.

    Raises:
        UserError: There are none, one is damaged, or its results are there already.
    """
    found = []
    for config in sorted(study.glob("*/*/config.yaml")):
        run = Run(config.parent)
        if run.path.parent.name == "previous" or not run.scores(SPLIT).is_file():
            continue
        settings = run_settings(run)
        if not run.facts().finished or settings.data.limit is not None or settings.data.cv_fold is not None:
            continue
        target = results / REPLICATE.sub("", run.name) / f"seed-{settings.training.seed}"
        if target.exists() and not overwrite:
            raise UserError(f"{target} already exists", "give --overwrite to replace it")
        shutil.rmtree(target, ignore_errors=True)
        _copy(run, study, target)
        found.append(target)
    if not found:
        raise UserError(
            f"{study} holds no run that has ended and used all images", "run the study to its end, without limit"
        )
    return found


def write_page(results: Path = RESULTS) -> None:
    """Write, from what lies in ``results``, its ``<recipe>.json``, its learning curves and its page."""
    known = {recipe.name: summary(recipe) for recipe in recipes(results)}
    for name, figures in known.items():
        write_json(results / f"{name}.json", figures)
    for task, label in LABELS.items():
        names = foremost(known, task)
        found = {name: MetricsLog(seeds(results / name)[0] / NAMES["log"]) for name in names}
        logs = {name: log.read() for name, log in found.items() if log.path.is_file()}  # an ensemble has none
        drawing = curves(logs, {"score": label}, label, {}) if logs else None
        if drawing is not None:
            write_text(results / f"curves-{task}.svg", drawing.decode())
    write_text(results / "README.md", render(results))


def _copy(run: Run, study: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for name, source in (("scores", run.scores(SPLIT)), ("log", run.metrics.path), ("scorings", scoring_log(run))):
        if source.is_file():
            shutil.copyfile(source, target / NAMES[name])
    write_text(target / NAMES["config"], to_yaml(_portable(run.config(), study)))
    # The command line names folders of the machine that it ran on.
    facts = {key: value for key, value in run.environment().items() if key != "command"}
    write_json(target / NAMES["environment"], facts)
    for sample_id in SHOWN:
        if run.shown(sample_id).is_file() and not REPLICATE.search(run.name):
            # The prediction alone: images and true masks are not ours to give away.
            mask = colored(load_shown(run.shown(sample_id)).prediction, run.labels())
            write_png(target.parent / f"{sample_id}.png", mask)


def _portable(config: dict[str, Any], study: Path) -> dict[str, Any]:
    """Return settings in which the weights of another run are called by their place in the study."""
    weights = Path(config["model"]["weights"])
    if weights.resolve().is_relative_to(study.resolve()) and weights.name.endswith(".safetensors"):
        run = weights.resolve().relative_to(study.resolve()).parts[:2]
        config["model"]["weights"] = "study:" + "/".join(run)
    elif weights.is_absolute():
        config["model"]["weights"] = weights.name
    return config


def main() -> int:
    """Collect, write the page, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="*", type=Path, help="Folders that 'pixelproof study' made.")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--overwrite", action="store_true", help="Replace seeds that are there already.")
    options = parser.parse_args()
    try:
        for study in options.studies:
            for folder in collect(study, options.results, options.overwrite):
                print(folder)
        write_page(options.results)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
