"""Do verdicts over several seeds keep what they say: intervals that cover, and no verdicts where nothing differs?

    python -m benchmarks.seeds [--trials 400]

Classifiers that are equally good on average are trained, as it were, with several seeds and compared on the same
images. An image is easier or harder for all models, for each model, and for each run; seeds make runs better or worse.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import platform
from typing import Any

import numpy as np
import scipy

from pixelproof.comparison.evidence.contrasts import Cell
from pixelproof.comparison.evidence.over_seeds import seed_gains
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.progress import track
from pixelproof.runs import ClassificationScores, Source

SCHEME = LabelScheme(task="classification", classes=tuple(LabelClass(name=n, id=i) for i, n in enumerate("ab")))
SCENARIOS = [  # models, seeds of each, images, standard deviation over seeds of the log odds of being right
    (2, 3, 60, 0.1),
    (2, 3, 300, 0.1),
    (2, 3, 300, 0.3),
    (4, 3, 300, 0.1),
    (4, 3, 300, 0.3),
    (2, 5, 1000, 0.2),
]


def trained(rng: np.random.Generator, models: int, seeds: int, images: int, spread: float) -> list[Cell]:
    """Return models with the scores of their runs."""
    hard = rng.normal(1.0, 1.5, images)
    cells = []
    for name in range(models):
        own = hard + rng.normal(0, 1, images)
        odds = own + rng.normal(0, spread, (seeds, 1)) + rng.normal(0, 0.5, (seeds, images))
        right = rng.random((seeds, images)) < 1 / (1 + np.exp(-odds))
        cells.append(Cell(f"model {name}", {}, [scores(row) for row in right]))
    return cells


def scores(right: np.ndarray[Any, np.dtype[np.bool_]]) -> ClassificationScores:
    """Return the scores of a run that is right on these images, bool [N]."""
    truth, unknown = np.zeros(len(right), np.int64), np.full(len(right), np.nan)
    ids = tuple(map(str, range(len(right))))
    return ClassificationScores(ids, truth, np.where(right, 0, 1), truth - 1, unknown, unknown, SCHEME, Source("run"))


def measure(models: int, seeds: int, images: int, spread: float, trials: int) -> dict[str, Any]:
    """Return how often the interval of the first pair covers 0, and how often there is a verdict, in percent."""
    rng, covered, decided = np.random.default_rng(1), 0, 0
    for number in track(range(trials), f"{models} models, {seeds} seeds, {images} images", trials, "studies"):
        first = seed_gains(trained(rng, models, seeds, images, spread), "unknown_counted", seed=number)[0]
        covered += first.difference.low is not None and first.difference.low <= 0 <= (first.difference.high or 0)
        decided += first.verdict != "undecided"
    shares = {"covered": round(100 * covered / trials, 1), "verdicts": round(100 * decided / trials, 1)}
    return {"models": models, "seeds": seeds, "images": images, "spread": spread} | shares


def main() -> None:
    """Measure every scenario and print a line for each, then all as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=400)
    trials, results = parser.parse_args().trials, []
    for scenario in SCENARIOS:
        results.append(measure(*scenario, trials))
        print(results[-1], flush=True)
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    print(json.dumps({"name": "seeds", "results": results, "n": trials, "versions": versions}))


if __name__ == "__main__":
    main()
