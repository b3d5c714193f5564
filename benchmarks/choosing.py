"""How far is the figure of a chosen model flattered, by the images that chose it and by those that had no say?

    python -m benchmarks.choosing [--trials 300]

Classifiers are trained, as it were, with settings that are equally good or not, and the best is chosen by validation or
by a selection part. What it has there is held against what it has on 2,000 fresh images. An image is easier or harder
for all classifiers, for each setting, and for each run; seeds make runs better or worse. The last line is one JSON
object. Its figures are in points of accuracy, with their standard deviations over studies; ``kept`` is how often the
setting that is truly the best is the chosen one or cannot be told from it by the selection part, in percent.
"""

from __future__ import annotations

import argparse
import json
import platform
from typing import Any

import numpy as np
import scipy

from benchmarks.seeds import scores
from pixelproof.array_types import Bool, Float64
from pixelproof.comparison.choice import best_of
from pixelproof.progress import track
from pixelproof.runs.choice_record import Candidate

FRESH = 2000
LUCK = 0.1
"""Standard deviation over seeds of the log odds of being right."""
SCENARIOS = [  # candidates, seeds of each, images of selection, of validation, standard deviation over the settings
    (5, 1, 100, 200, 0.0),
    (20, 1, 100, 200, 0.0),
    (20, 3, 100, 200, 0.0),
    (20, 1, 100, 1000, 0.0),
    (20, 1, 100, 200, 0.3),
    (20, 3, 100, 200, 0.3),
]

NAMES = (
    "flattery_chosen_by_validation",
    "flattery_chosen_by_selection",
    "flattery_of_the_selection_figure",
    "gain_chosen_by_validation",
    "gain_chosen_by_selection",
)
"""Flattery is a figure minus that on fresh images; gain is that minus the mean of all candidates'."""


def answers(rng: np.random.Generator, skill: Float64, luck: Float64, images: int) -> Bool:
    """Return whether each run of each candidate is right on new images, [K, seeds, N]."""
    hard = rng.normal(1.0, 1.5, images) + rng.normal(0, 1, (len(skill), 1, images))
    odds = hard + skill[:, None, None] + luck[..., None] + rng.normal(0, 0.5, (*luck.shape, images))
    right: Bool = rng.random(odds.shape) < 1 / (1 + np.exp(-odds))
    return right


def study(rng: np.random.Generator, candidates: int, seeds: int, parts: tuple[int, int], spread: float) -> list[float]:
    """Return, of one study, what ``NAMES`` says, in shares."""
    skill, luck = rng.normal(0, spread, candidates), rng.normal(0, LUCK, (candidates, seeds))
    selection, validation, fresh = (answers(rng, skill, luck, images) for images in (*parts, FRESH))
    by_selection, on_validation, truly = (each.mean(axis=(1, 2)) for each in (selection, validation, fresh))
    bare = [Candidate(name=str(number), runs=("run",) * seeds) for number in range(candidates)]
    made = best_of(bare, [[scores(run) for run in own] for own in selection], None)
    chosen, flattered = int(made.chosen), int(on_validation.argmax())
    kept = {made.chosen, *(each.name for each in made.open)}
    return [
        on_validation[flattered] - truly[flattered],
        on_validation[chosen] - truly[chosen],
        by_selection[chosen] - truly[chosen],
        truly[flattered] - truly.mean(),
        truly[chosen] - truly.mean(),
        float(str(skill.argmax()) in kept),
        len(kept) / candidates,
    ]


def measure(candidates: int, seeds: int, selection: int, validation: int, spread: float, trials: int) -> dict[str, Any]:
    """Return the mean over studies and its standard deviation, in points."""
    rng, what = np.random.default_rng(1), f"{candidates} candidates, {seeds} seeds"
    rounds = track(range(trials), what, trials, "studies")
    found = 100 * np.array([study(rng, candidates, seeds, (selection, validation), spread) for _ in rounds])
    means, deviations = found.mean(axis=0).round(2), found.std(axis=0, ddof=1).round(2)
    figures = {name: [float(m), float(d)] for name, m, d in zip(NAMES, means, deviations, strict=False)}
    setting = {"candidates": candidates, "seeds": seeds, "selection": selection, "validation": validation}
    return setting | {"spread": spread} | figures | {"kept": float(means[-2]), "open": float(means[-1])}


def main() -> None:
    """Measure every scenario and print a line for each, then all as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=300)
    trials, results = parser.parse_args().trials, []
    for scenario in SCENARIOS:
        results.append(measure(*scenario, trials))
        print(results[-1], flush=True)
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    print(json.dumps({"name": "choosing", "results": results, "n": trials, "versions": versions}))


if __name__ == "__main__":
    main()
