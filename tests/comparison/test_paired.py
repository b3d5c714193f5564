"""Resampling against plain loops, full enumeration and SciPy."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from comparison_builders import segmenter, truths
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import permutation_test

from pixelproof.comparison import paired
from pixelproof.comparison.counted import compare_segmenters
from pixelproof.comparison.figures import class_figure
from pixelproof.evaluation import iou, mean_iou
from pixelproof.evaluation.metrics import class_counts
from pixelproof.evaluation.resampling import by_unit
from pixelproof.randomness import generator

COUNTED = "unknown_counted"
statistic = class_figure("miou", segmenter(0.6), COUNTED).table


def counts(scores):
    scored = scores.scheme.scored
    return class_counts(scores.confusion, scored, COUNTED)[..., scored].astype(float)


def figures(scores):
    return np.append(iou(scores, COUNTED)[:6], mean_iou(scores, COUNTED))


def test_every_resample_equals_the_metrics_of_the_images_drawn():
    a, b = segmenter(0.6, 1), segmenter(0.7, 2)
    found = paired.bootstrap(counts(a), counts(b), statistic, seed=3)
    drawn = generator(3, "bootstrap").integers(0, 24, (paired.RESAMPLES, 24))
    for images, row in zip(drawn[:50], found, strict=False):
        resampled = [replace(s, ids=tuple(map(str, images)), confusion=s.confusion[images]) for s in (a, b)]
        np.testing.assert_allclose(row, figures(resampled[1]) - figures(resampled[0]), atol=1e-12)


def test_memory_is_bounded_without_changing_a_result(monkeypatch):
    a, b = counts(segmenter(0.6, 1)), counts(segmenter(0.7, 2))
    whole = paired.bootstrap(a, b, statistic, 0), paired.permutation_p(a, b, statistic, 0)
    monkeypatch.setattr("pixelproof.evaluation.resampling._CELLS", 7777)
    np.testing.assert_array_equal(paired.bootstrap(a, b, statistic, 0), whole[0])
    np.testing.assert_array_equal(paired.permutation_p(a, b, statistic, 0), whole[1])


def test_the_p_value_is_the_share_of_all_exchanges_that_are_as_extreme():
    a, b = (counts(segmenter(skill, seed, truths(8, classes=6))) for skill, seed in ((0.55, 1), (0.58, 2)))
    observed = np.abs(statistic(b.sum(0)) - statistic(a.sum(0)))
    extreme = np.zeros(7)
    for swap in itertools.product([False, True], repeat=8):
        swapped = np.array(swap)[:, None, None]
        one, other = np.where(swapped, b, a).sum(0), np.where(swapped, a, b).sum(0)
        extreme += np.abs(statistic(other) - statistic(one)) >= observed - 1e-12
    exact = extreme / 2**8
    error = 4 * np.sqrt(exact * (1 - exact) / paired.RESAMPLES) + 2e-4
    assert np.all(np.abs(paired.permutation_p(a, b, statistic, 0) - exact) < error)


def test_the_p_value_of_a_mean_equals_scipy():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 100, (30, 1)).astype(float)
    b = a + rng.integers(-30, 45, (30, 1))

    def mean(sums):
        return sums / 30

    theirs = permutation_test(
        (a[:, 0], b[:, 0]),
        lambda x, y: (y - x).mean(),
        permutation_type="samples",
        n_resamples=20_000,
        rng=np.random.default_rng(1),
    )
    found = paired.permutation_p(a, b, mean, 0)[0]
    assert found == pytest.approx(theirs.pvalue, abs=4 * np.sqrt(theirs.pvalue / 10_000))
    low, high = paired.interval(paired.bootstrap(a, b, mean, 0), paired.effective_units(a, b, mean, np.array([30])))
    # Student's interval, which is right for a mean of so many bounded values.
    gain = (b - a)[:, 0]
    half = 2.045 * gain.std(ddof=1) / np.sqrt(30)
    assert low[0] == pytest.approx(gain.mean() - half, abs=0.08 * half)
    assert high[0] == pytest.approx(gain.mean() + half, abs=0.08 * half)


def test_effective_units_are_few_where_few_decide():
    same = np.zeros((100, 1))
    spread, alone = np.random.default_rng(0).normal(size=(100, 1)), np.zeros((100, 1))
    alone[:2, 0] = 1, -1

    def total(sums):
        return sums

    def effective(gain):
        return paired.effective_units(same, gain, total, np.array([100]))[0]

    assert 75 < effective(spread) <= 100
    assert effective(alone) == pytest.approx(6)
    assert effective(same) == 100  # nothing varies, so nothing is decided by few
    assert np.isnan(paired.effective_units(same, spread, total, np.array([1]))[0])


def test_an_interval_leaves_out_resamples_without_the_class():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(10_000, 2))
    values[::2, 1] = np.nan
    low, high = paired.interval(values, np.array([1000.0, 1000.0]))
    np.testing.assert_allclose([low, high], [[-1.96, -1.96], [1.96, 1.96]], atol=0.07)
    low, high = paired.interval(values, np.array([1000.0, np.nan]))
    assert np.isnan([low[1], high[1]]).all()
    wide = paired.interval(values, np.array([2.0, 5.0]))
    assert wide[0][0] == values[:, 0].min()  # two units: no more than what was ever seen
    assert wide[0][1] < low[0]


@given(p=st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), max_size=8))
def test_holm_rejects_what_the_stepwise_procedure_rejects(p):
    adjusted = paired.holm(np.array(p))
    known = sorted(value for value in p if value == value)
    assert np.isnan(adjusted).tolist() == [value != value for value in p]
    for level in (0.01, 0.05, 0.2, 0.5):
        steps = [value > level / (len(known) - rank) for rank, value in enumerate(known)]
        rejected = steps.index(True) if True in steps else len(known)
        limit = known[rejected - 1] if rejected else -1
        for value, found in zip(p, adjusted, strict=True):
            if value == value and abs(found - level) > 1e-9:
                assert (found <= level) == (value <= limit)


def test_grouped_copies_are_no_further_evidence():
    """Three copies of every image, kept together, say what the images say once."""
    a, b = segmenter(0.6, 1), segmenter(0.64, 2)
    once = compare_segmenters(a, b, COUNTED, None, 0)
    copies = [replace(s, ids=tuple(map(str, range(72))), confusion=np.repeat(s.confusion, 3, axis=0)) for s in (a, b)]
    grouped = compare_segmenters(*copies, COUNTED, np.repeat(np.arange(24), 3), 0)
    for name in ("a", "b", "low", "high", "p", "effective"):
        np.testing.assert_allclose(getattr(grouped, name), getattr(once, name), rtol=1e-9)
    naive = compare_segmenters(*copies, COUNTED, None, 0)
    assert naive.high[-1] - naive.low[-1] < 0.7 * (once.high[-1] - once.low[-1])


def test_sums_by_group_in_any_order():
    rng = np.random.default_rng(0)
    values, groups = rng.integers(0, 9, (20, 2, 3)), rng.permutation(np.arange(20) % 6)
    expected = np.stack([values[groups == g].sum(axis=0) for g in range(6)])
    np.testing.assert_array_equal(by_unit(values, groups), expected)
    np.testing.assert_array_equal(by_unit(values, None), values)


@pytest.mark.parametrize("units", [2, 5, 7])
def test_no_p_is_below_what_so_few_units_can_tell(units):
    a, b = np.zeros((units, 1)), np.ones((units, 1))
    for seed in range(20):
        p = paired.exchanged_p(a, b, lambda sums: sums[:, 1] - sums[:, 0], seed)
        assert p >= 2 / 2**units
        assert p == pytest.approx(2 / 2**units, rel=0.3)
