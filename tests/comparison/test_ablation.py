"""Effects of factors, and intervals over seeds and images at once."""

import numpy as np
import pytest
from comparison_builders import probable
from scipy import stats

from pixelproof.comparison.evidence.ablation import effects
from pixelproof.comparison.evidence.contrasts import Cell
from pixelproof.comparison.evidence.measures import value_of
from pixelproof.comparison.evidence.seeds import over_images_and_seeds
from pixelproof.evaluation import accuracy
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.runs import ClassificationScores, Source

SCHEME = LabelScheme(task="classification", classes=tuple(LabelClass(name=n, id=i) for i, n in enumerate("ab")))


def scores(right):
    truth = np.zeros(len(right), np.int64)
    unknown = np.full(len(right), np.nan)
    ids = tuple(map(str, range(len(right))))
    return ClassificationScores(ids, truth, np.where(right, 0, 1), truth - 1, unknown, unknown, SCHEME, Source("m"))


def cell(name, levels, share, rng, images=400, seeds=3, spread=0.0):
    runs = [scores(rng.random(images) < share + spread * rng.normal()) for _ in range(seeds)]
    return Cell(name, levels, runs)


def test_effects_are_differences_of_means_between_models_that_differ_in_one_level():
    rng = np.random.default_rng(0)
    cells = [
        cell("base", {"skip": "two", "way": "steps"}, 0.8, rng),
        cell("none", {"skip": "none", "way": "steps"}, 0.5, rng),
        cell("once", {"skip": "two", "way": "once"}, 0.79, rng),
        cell("none-once", {"skip": "none", "way": "once"}, 0.5, rng),
    ]
    mean = {c.name: np.mean([accuracy(run) for run in c.runs]) for c in cells}
    skip, way = effects(cells, {"skip": "two", "way": "steps"}, "unknown_counted")
    assert (skip.factor, skip.level, skip.reference, skip.seeds) == ("skip", "none", "two", 3)
    assert set(skip.pairs) == {("base", "none"), ("once", "none-once")}
    expected = np.mean([mean["none"] - mean["base"], mean["none-once"] - mean["once"]])
    assert skip.difference.value == pytest.approx(expected)
    assert skip.difference.high < 0
    assert skip.adjusted < 0.001
    assert way.difference.low < 0 < way.difference.high
    assert way.p > 0.05
    assert way.adjusted == pytest.approx(way.p)
    assert skip.adjusted == pytest.approx(min(1, 2 * skip.p))


@pytest.mark.parametrize("metric", ["balanced_accuracy", "recall:fox", "roc_auc"])
def test_an_effect_on_another_figure_is_the_difference_of_it(metric):
    base, other = ([probable(skill, seed=10 * skill + seed) for seed in range(2)] for skill in (1, 2))
    cells = [Cell("base", {"f": "1"}, base), Cell("other", {"f": "2"}, other)]
    (effect,) = effects(cells, {"f": "1"}, "unknown_counted", metric=metric)
    values = [np.mean([value_of(run, "unknown_counted", metric) for run in runs]) for runs in (base, other)]
    assert effect.difference.value == pytest.approx(values[1] - values[0])
    assert effect.difference.low < effect.difference.value < effect.difference.high
    assert 0 < effect.p < 0.5


def test_models_that_differ_in_more_than_one_level_show_no_effect():
    rng = np.random.default_rng(0)
    cells = [cell("base", {"a": "1", "b": "1"}, 0.8, rng), cell("both", {"a": "2", "b": "2"}, 0.5, rng)]
    assert effects(cells, {"a": "1", "b": "1"}, "unknown_counted") == ()


def test_seeds_that_differ_widen_the_interval_and_one_seed_adds_nothing():
    rng = np.random.default_rng(1)
    base = {"f": "1"}
    calm = effects([cell("x", base, 0.6, rng), cell("y", {"f": "2"}, 0.6, rng)], base, "unknown_counted")[0]
    wild = effects(
        [cell("x", base, 0.6, rng, spread=0.1), cell("y", {"f": "2"}, 0.6, rng, spread=0.1)], base, "unknown_counted"
    )[0]
    assert wild.difference.high - wild.difference.low > 2 * (calm.difference.high - calm.difference.low)
    one = effects(
        [cell("x", base, 0.6, rng, seeds=1), cell("y", {"f": "2"}, 0.6, rng, seeds=1)], base, "unknown_counted"
    )
    assert one[0].seeds == 1
    assert one[0].difference.low < one[0].difference.high


def test_intervals_over_seeds_and_images_cover_the_truth():
    """Images and seeds both vary; the interval must cover the true difference of 0 in about 95% of studies."""
    rng = np.random.default_rng(2)
    covered, studies, images, seeds = 0, 300, 60, 3
    for _ in range(studies):
        hard = rng.normal(0, 0.2, images)  # what an image does to the difference, whatever the seed
        luck = rng.normal(0, 0.02, seeds)
        gains = hard[:, None] + luck + rng.normal(0, 0.02, (images, seeds))
        drawn = rng.integers(0, images, (400, images))
        variance = gains.mean(0).var(ddof=1) / seeds
        estimate, _ = over_images_and_seeds(
            gains.mean(), gains.mean(1)[drawn].mean(1).var(), images, variance, seeds - 1
        )
        covered += estimate.low <= 0 <= estimate.high
    assert 0.92 < covered / studies < 0.98


def test_models_that_are_equal_everywhere_do_not_show_how_far_others_would_differ():
    same, p = over_images_and_seeds(0.0, 0.0, 10, float("nan"), 0)
    assert (same.value, same.low, same.high, p) == (0, None, None, 1)
    none, p = over_images_and_seeds(float("nan"), float("nan"), 10, float("nan"), 0)
    assert (none.value, none.low, np.isnan(p)) == (None, None, True)


@pytest.mark.parametrize("wrong", [3, 5, 40])
def test_an_interval_is_as_wide_as_the_few_images_behind_it_make_it(wrong):
    """All other images are right with both, so that they say nothing of how far the difference might reach."""
    right = np.arange(400) >= wrong
    cells = [Cell("x", {"f": "1"}, [scores(right | True)]), Cell("y", {"f": "2"}, [scores(right)])]
    (effect,) = effects(cells, {"f": "1"}, "unknown_counted")
    share = wrong / 400
    change = np.where(right, share / 399, (share - 1) / 399)  # of the difference, where an image is left out
    effective = 3 * (change**2).sum() ** 2 / (change**4).sum()
    deviation = np.sqrt(share * (1 - share) / 400 * effective / (effective - 1))
    half = (effect.difference.high - effect.difference.low) / 2
    assert half == pytest.approx(stats.t.ppf(0.975, effective - 1) * deviation, rel=0.03)
    assert effect.p == pytest.approx(2 * stats.t.sf(share / deviation, effective - 1), rel=0.15)
