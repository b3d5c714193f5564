"""Two classifiers: exact McNemar, Tango's interval, classes and groups."""

import math

import numpy as np
import pytest
from comparison_builders import classifier
from scipy.optimize import minimize_scalar
from scipy.stats import binom, chi2

from pixelproof.comparison.classification import compare_classifiers
from pixelproof.comparison.proportions import mcnemar, tango
from pixelproof.evaluation import accuracy, class_accuracy


@pytest.mark.parametrize(("a", "b"), [(0, 0), (0, 1), (0, 6), (3, 3), (7, 1), (20, 40), (55, 81)])
def test_mcnemar_is_twice_the_binomial_tail(a, b):
    tail = binom.cdf(min(a, b), a + b, 0.5)
    assert mcnemar(a, b) == pytest.approx(min(1.0, 2 * tail))
    assert mcnemar(a, b) == pytest.approx(mcnemar(b, a))


def test_tango_gives_the_published_interval():
    # Airway hyper-responsiveness before and after transplantation (Bentur et al. 2009), as worked through in Fagerland,
    # Lydersen and Laake, Statistical Analysis of Contingency Tables (2017), chapter 8: -0.517 to -0.026.
    assert tango(7, 1, 21) == pytest.approx((-0.517, -0.026), abs=5e-4)


@pytest.mark.parametrize(("a", "b", "n"), [(7, 1, 21), (0, 5, 30), (20, 40, 160), (3, 3, 9), (0, 0, 12)])
def test_tango_bounds_are_where_the_score_test_is_at_its_limit(a, b, n):
    """The score test by its definition: the likelihood is maximised under the assumed difference numerically."""

    def score(assumed):
        def loss(chance):  # of ``a`` alone; ``b`` alone then has chance + assumed
            cells = [(a, chance), (b, chance + assumed), (n - a - b, 1 - 2 * chance - assumed)]
            return -sum(count * math.log(max(p, 1e-300)) for count, p in cells if count)

        bounds = (max(0.0, -assumed), (1 - assumed) / 2)
        chance = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
        return (b - a - n * assumed) ** 2 / (n * (2 * chance + assumed * (1 - assumed)))

    for bound in tango(a, b, n):
        assert score(bound) == pytest.approx(chi2.ppf(0.95, 1), rel=1e-3)


def test_tango_at_the_ends():
    assert tango(0, 10, 10)[1] == 1.0
    assert tango(10, 0, 10)[0] == -1.0
    low, high = tango(0, 0, 10)
    assert low == -high
    assert 0.2 < high < 0.3  # no image separates them, which is not the same as no difference


@pytest.mark.parametrize(("only_a", "only_b"), [(0.05, 0.05), (0.04, 0.12)])
def test_tango_covers_the_truth(only_a, only_b):
    """Exactly, by summing the probabilities of all outcomes on 60 images."""
    n, covered = 60, 0.0
    for a in range(0, 20):
        for b in range(0, 24):
            chance = binom.pmf(a, n, only_a) * binom.pmf(b, n - a, only_b / (1 - only_a))
            low, high = tango(a, b, n) if chance > 1e-7 else (1, -1)
            covered += chance * (low <= only_b - only_a <= high)
    assert 0.935 < covered < 0.965


def test_figures_are_those_of_the_metrics():
    a, b = classifier(0.6, 1), classifier(0.8, 2)
    found = compare_classifiers(a, b, None, 0)
    np.testing.assert_allclose(found.a, [*class_accuracy(a), accuracy(a)])
    np.testing.assert_allclose(found.b, [*class_accuracy(b), accuracy(b)])
    right_a, right_b = a.truth == a.predicted, b.truth == b.predicted
    for place, member in enumerate([a.truth == 0, a.truth == 1, a.truth == 2, np.full(90, True)]):
        alone = int((member & right_a & ~right_b).sum()), int((member & right_b & ~right_a).sum())
        assert found.p[place] == mcnemar(*alone)
        assert (found.low[place], found.high[place]) == tango(*alone, int(member.sum()))


def test_grouped_images_are_resampled_as_wholes():
    a, b = classifier(0.6, 1), classifier(0.8, 2)
    alone = compare_classifiers(a, b, None, 0)
    each = compare_classifiers(a, b, np.arange(90), 0)
    np.testing.assert_allclose(each.low[-1], alone.low[-1], atol=0.03)
    np.testing.assert_allclose(each.p[-1], alone.p[-1], atol=0.01)
    grouped = compare_classifiers(a, b, np.arange(90) // 30, 0)
    assert grouped.p[-1] == pytest.approx(0.25, abs=0.02)  # three groups: 2 of 8 exchanges are as extreme
