"""Do expectations of more labels keep what they say: intervals that hold what twice and four times as many bring?

    python -m benchmarks.more_labels [--trials 200]

Two kinds of trials. On curves that are known, classifiers are trained, as it were, on draws of the images at hand: an
image is easier or harder for all of them, and each draw and each training moves a run. On scikit-learn's handwritten
digits, real classifiers learn from N images and parts of them and are scored on 300 others. What is expected of 2 N and
4 N is held against classifiers that learn from the same and further images, scored on all that are left. The last line
is one JSON object. Shares are in percent, figures in points of accuracy.
"""

from __future__ import annotations

import argparse
import json
import platform
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy
import sklearn
from scipy.special import expit
from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.seeds import scores
from pixelproof.array_types import Bool, Float64
from pixelproof.comparison.sizes.curve import Size, size_curves
from pixelproof.progress import track
from pixelproof.runs.sizes_file import SizeCurve

SHARES = (0.125, 0.25, 0.5, 1.0)
TIMES = (2, 4)
SCORED = 300
"""Images that the curve is scored on."""
KNOWN: dict[str, Callable[[Any], Any]] = {  # accuracy by the share of the images at hand
    "power law to .95": lambda n: 0.95 - 0.10 * n**-0.5,
    "power law to 1": lambda n: 1 - 0.12 * n**-0.35,
    "slow power law": lambda n: 1 - 0.30 * n**-0.15,
    "no gain": lambda n: 0.8 + 0 * n,
    "exponential": lambda n: 0.93 - 0.25 * np.exp(-2.2 * n),
    "logistic in log n": lambda n: 0.1 + 0.8 * expit(1.0 + 0.9 * np.log2(n)),
}
TRAINING, LABELS = 0.008, 0.008
"""Standard deviations of accuracy by training, and by which images are at hand."""
REAL: dict[str, tuple[int, Callable[[int], Any]]] = {  # images at hand, and the classifier with a seed
    "3 neighbours": (200, lambda seed: KNeighborsClassifier(3)),
    "10 trees": (200, lambda seed: ExtraTreesClassifier(10, random_state=seed)),
    "naive Bayes": (200, lambda seed: GaussianNB(var_smoothing=1e-2)),
    "discriminants": (200, lambda seed: LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1)),
    "10 trees, few": (80, lambda seed: ExtraTreesClassifier(10, random_state=seed)),
}
Trial = tuple[SizeCurve, dict[int, float], float]
"""The curve, what is true by the times the images, and what is true of these."""


def curve_of(right: Bool, images: int) -> SizeCurve:
    """Return the curve of runs that are right or wrong on images, bool [sizes, seeds, N]."""
    sizes = []
    for share, own in zip(SHARES, right, strict=True):
        runs = [scores(run) for run in own]
        sizes.append(Size(round(share * images), ["run"] * len(runs), runs))
    return size_curves({"model": sizes}, None, "steps").curves[0]


def known(rng: np.random.Generator, name: str, seeds: int) -> Trial:
    """Return a trial of a curve that is known, of 1,000 images."""
    truth, shares = KNOWN[name], np.array(SHARES)
    base = LABELS * rng.normal()  # the luck of the images at hand, of which twice as many keep half
    drawn = np.zeros((len(shares), seeds))
    for seed in range(seeds):  # fewer images are some of the more
        walk = np.cumsum(rng.normal(size=len(shares)) * np.sqrt(np.diff(1 / shares[::-1], prepend=1.0)))[::-1]
        drawn[:, seed] = LABELS * walk
    level = truth(shares)[:, None] + base + drawn + TRAINING * rng.normal(size=drawn.shape)
    hard = rng.normal(0, 1.5, SCORED)
    own = rng.normal(0, 0.7, (*level.shape, SCORED))
    odds = _centred(level.clip(0.02, 0.995), rng)[..., None] + hard + own
    right: Bool = rng.random(odds.shape) < expit(odds)
    return curve_of(right, 1000), {k: float(truth(np.float64(k))) + base / k for k in TIMES}, float(truth(1.0)) + base


def _centred(level: Float64, rng: np.random.Generator) -> Float64:
    """Return the log odds at which images of random difficulty are right at these shares, on average."""
    noise, grid = rng.normal(0, np.hypot(1.5, 0.7), 4000), np.linspace(-8, 12, 400)
    return np.interp(level, [float(expit(x + noise).mean()) for x in grid], grid)


def real(rng: np.random.Generator, name: str, seeds: int) -> Trial:
    """Return a trial on the digits."""
    pixels, truth = load_digits(return_X_y=True)
    images, make = REAL[name]
    order = rng.permutation(len(truth))
    pool, scored, left = np.split(order, [4 * images, 4 * images + SCORED])
    mine, others = pool[:images], pool[images:]

    def right(learned: Any, seed: int, on: Any) -> Bool:
        found: Bool = make(seed).fit(pixels[learned], truth[learned]).predict(pixels[on]) == truth[on]
        return found

    draws = [rng.permutation(mine) for _ in range(seeds)]
    found = np.array(
        [[right(own[: round(share * images)], s, scored) for s, own in enumerate(draws)] for share in SHARES]
    )
    more = {
        k: [right(np.r_[mine, rng.choice(others, (k - 1) * images, False)], s, left).mean() for s in range(8)]
        for k in TIMES
    }
    now = np.mean([right(mine, seed, left).mean() for seed in range(8)])
    return curve_of(found, images), {k: float(np.mean(v)) for k, v in more.items()}, float(now)


def measure(name: str, trial: Callable[..., Trial], seeds: int, trials: int) -> dict[str, Any]:
    """Return how often something is said, how often intervals hold what is true, and how wide they are."""
    rng, found, why = np.random.default_rng(1), list[dict[str, float]](), Counter[str]()
    for _ in track(range(trials), f"{name}, {seeds} seeds", trials, "curves"):
        curve, truth, now = trial(rng, name, seeds)
        why[curve.unknown or "said"] += 1
        found.append(dict(_held(curve, truth, now)))
    keys = list(dict.fromkeys(key for each in found for key in each))
    means = {key: round(100 * float(np.mean([each[key] for each in found if key in each])), 1) for key in keys}
    return {"curve": name, "seeds": seeds, "outcomes": dict(why)} | means


def _held(curve: SizeCurve, truth: dict[int, float], now: float) -> Iterator[tuple[str, float]]:
    """Yield what of a curve is true."""
    if curve.backtest is not None:
        yield "backtest", float(curve.backtest.met)
    for each in curve.forecasts:
        times = round(each.times)
        gain = truth[times] - now
        low, value, high = (end or 0.0 for end in (each.gain.low, each.gain.value, each.gain.high))
        yield f"gain_{times}", gain
        yield f"covered_{times}", float(low <= gain <= high)
        yield f"width_{times}", high - low
        yield f"off_{times}", value - gain
        yield f"score_covered_{times}", float((each.score.low or 0) <= truth[times] <= (each.score.high or 0))


def main() -> None:
    """Measure every curve and print a line for each, then all as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    trials, results = parser.parse_args().trials, []
    warnings.filterwarnings("ignore", "Only one sample available")
    for names, trial in ((KNOWN, known), (REAL, real)):
        for name in names:
            results.append(measure(name, trial, 3, trials))
            print(results[-1], flush=True)
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    versions |= {"scikit-learn": sklearn.__version__}
    print(json.dumps({"name": "more_labels", "results": results, "n": trials, "versions": versions}))


if __name__ == "__main__":
    main()
