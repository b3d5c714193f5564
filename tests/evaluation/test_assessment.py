"""How good a map is by points of known truth: estimates by hand and by another way, and intervals that say enough."""

import numpy as np
import pytest

from pixelproof.evaluation.assessment import DRAWS, PointSample, assess

# Table 8 of Olofsson et al. 2014: deforestation, forest gain, stable forest, stable land without forest.
COUNTS = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
SHARES = np.array([0.02, 0.015, 0.32, 0.645])


def sample_of(counts, shares):
    drawn, truth = (np.repeat(places, counts.ravel()) for places in np.indices(counts.shape).reshape(2, -1))
    return PointSample(np.asarray(shares, float), drawn, truth, np.ones(len(drawn)))


def test_the_published_example():
    found = assess(sample_of(COUNTS, SHARES)).measures
    assert found["true"].value == pytest.approx([0.0235, 0.0130, 0.3175, 0.6460], abs=5e-5)
    assert found["users"].value == pytest.approx([0.88, 0.7333, 0.9273, 0.9631], abs=5e-5)
    assert found["producers"].value == pytest.approx([0.7487, 0.8472, 0.9345, 0.9616], abs=5e-5)
    assert found["overall"].value == pytest.approx(0.9465, abs=5e-5)
    # The paper has 0.0235 and 0.95, more or less 0.0068 and 0.02.
    assert (found["true"].high[0] - found["true"].low[0]) / 2 == pytest.approx(0.0068, abs=0.0006)
    assert (found["overall"].high - found["overall"].low) / 2 == pytest.approx(0.0185, abs=0.002)


def ratio_by_hand(sample, part, whole):
    """Stehman's ratio of two stratified means, stratum by stratum."""
    means = []
    for of in (part, whole):
        total = 0.0
        for k, share in enumerate(sample.shares):
            here = [i for i in range(len(sample.drawn)) if sample.drawn[i] == k]
            if here:
                total += share * sum(sample.weights[i] * of[i] for i in here) / sum(sample.weights[i] for i in here)
        means.append(total)
    return means[0] / means[1] if means[1] else np.nan


@pytest.mark.parametrize("seed", range(4))
def test_another_map_is_assessed_as_by_hand(seed):
    rng = np.random.default_rng(seed)
    shares = np.array([0.5, 0.3, 0.2, 0.0])
    drawn = np.sort(np.concatenate([[0, 1, 2], rng.integers(0, 3, 37)]))
    truth, mapped = rng.integers(0, 4, (2, 40))
    weights = rng.uniform(1, 3, 40)
    sample = PointSample(shares, drawn, truth, weights)
    found = assess(sample, mapped)
    for k in range(4):
        both, either = (mapped == k) & (truth == k), (mapped == k) | (truth == k)
        expected = {"users": (both, mapped == k), "producers": (both, truth == k), "iou": (both, either)}
        for name, pair in expected.items():
            assert found.measures[name].value[k] == pytest.approx(ratio_by_hand(sample, *pair), nan_ok=True)
        one = np.ones(40)
        assert found.measures["mapped"].value[k] == pytest.approx(ratio_by_hand(sample, mapped == k, one))
        assert found.measures["true"].value[k] == pytest.approx(ratio_by_hand(sample, truth == k, one))
    gain = ratio_by_hand(sample, (mapped == truth).astype(int) - (drawn == truth).astype(int), one)
    assert found.gains["overall"].value == pytest.approx(gain)
    assert found.matrix.sum() == pytest.approx(1)


def test_the_map_itself_as_another_map_has_the_same_estimates():
    sample = sample_of(COUNTS, SHARES)
    own, other = assess(sample), assess(sample, sample.drawn)
    for name, found in own.measures.items():
        np.testing.assert_allclose(other.measures[name].value, found.value)
        np.testing.assert_allclose(other.measures[name].low, found.low, atol=0.03)
    assert {name: float(gain.value) for name, gain in other.gains.items()} == {"overall": 0, "miou": 0}
    assert own.gains["overall"].low == own.gains["overall"].high == 0


def test_intervals_hold_the_estimate_and_do_not_vanish_where_all_points_are_right():
    found = assess(sample_of(np.diag([30, 30]), [0.9, 0.1])).measures
    assert found["overall"].value == found["overall"].high == pytest.approx(1)
    assert 0.9 < found["overall"].low < 0.99
    assert np.all(found["users"].low < 0.99)
    for one in assess(sample_of(COUNTS, SHARES)).measures.values():
        assert np.all(one.low <= one.value)
        assert np.all(one.value <= one.high)


def test_what_is_mapped_is_known_and_has_no_interval():
    found = assess(sample_of(COUNTS, SHARES)).measures["mapped"]
    np.testing.assert_allclose([found.low, found.high], [SHARES, SHARES], atol=1e-12)


def test_intervals_get_smaller_as_the_root_of_the_points():
    width = []
    for times in (1, 16):
        found = assess(sample_of(COUNTS * times, SHARES)).measures["producers"]
        width.append(found.high - found.low)
    assert width[0] / width[1] == pytest.approx(4, rel=0.2)


def test_a_class_that_nobody_mapped_or_found_is_undefined_and_may_still_be_there():
    counts = np.array([[20, 4, 0], [3, 25, 0], [0, 0, 0]])
    found = assess(sample_of(counts, [0.6, 0.4, 0.0]))
    for name in ("users", "producers", "iou"):
        one = found.measures[name]
        assert np.isnan([one.value[2], one.low[2], one.high[2]]).all()
    assert found.measures["true"].value[2] == found.measures["true"].low[2] == 0
    assert 0 < found.measures["true"].high[2] < 0.1
    assert found.measures["miou"].value == pytest.approx(found.measures["iou"].value[:2].mean())
    assert found.measures["miou"].low < found.measures["miou"].value < found.measures["miou"].high


def test_a_map_of_one_class():
    found = assess(sample_of(np.array([[12]]), [1.0])).measures
    assert found["overall"].low == pytest.approx(1)


def test_the_seed_decides_the_intervals_alone():
    sample = sample_of(COUNTS, SHARES)
    first, again, other = assess(sample), assess(sample), assess(sample, seed=1)
    assert first.measures["miou"] == again.measures["miou"] != other.measures["miou"]
    assert abs(first.measures["miou"].low - other.measures["miou"].low) < 10 / DRAWS**0.5
