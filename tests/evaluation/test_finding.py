"""How classes are told from all others, against scikit-learn, and thresholds against models whose truth is known."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score, roc_auc_score

from pixelproof.errors import UserError
from pixelproof.evaluation.areas import average_precision, roc_auc
from pixelproof.evaluation.finding import GOALS, findings, reached
from pixelproof.evaluation.summary import summarise
from pixelproof.evaluation.tables import print_scores
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.report.finding import finding_table
from pixelproof.runs import ClassificationScores, Source, load_scores, save_scores


def scores_of(probabilities, truth):
    count, classes = probabilities.shape
    scheme = LabelScheme(task="classification", classes=[LabelClass(id=i, name=f"c{i}") for i in range(classes)])
    none = np.zeros(count, int)
    return ClassificationScores(
        tuple(map(str, range(count))), truth, probabilities.argmax(axis=1), none, none * 1.0, none * 1.0, scheme,
        probabilities=probabilities.astype(np.float32),
    )  # fmt: skip


def made_up(rng, count, classes, digits):
    """Return probabilities of so many digits, so that many are equal, and truths that they say something of."""
    logits = rng.normal(0, 2, (count, classes))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (rng.random(count)[:, None] > chances.cumsum(axis=1)).sum(axis=1).clip(max=classes - 1)
    return chances.round(digits).clip(0, 1), truth


@pytest.mark.parametrize(("count", "classes", "digits"), [(60, 2, 1), (300, 4, 2), (500, 7, 6)])
def test_areas_equal_scikit_learns(count, classes, digits):
    chances, truth = made_up(np.random.default_rng(count), count, classes, digits)
    scores = scores_of(chances, truth)
    for index in range(classes):
        own, column = truth == index, scores.probabilities[:, index]
        assert average_precision(scores)[index] == pytest.approx(average_precision_score(own, column))
        assert roc_auc(scores)[index] == pytest.approx(roc_auc_score(own, column))


def test_what_is_undefined_is_not_a_number():
    chances = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1]])
    scores = scores_of(chances, np.zeros(2, int))
    np.testing.assert_array_equal(average_precision(scores), [1, np.nan, np.nan])
    assert np.isnan(roc_auc(scores)).all()
    assert all(np.isnan(found.probability) for index in range(3) for found in findings(scores, index))
    unknown = replace(scores, probabilities=None)
    assert np.isnan(average_precision(unknown)).all()
    assert findings(unknown, 0) == []
    assert summarise(unknown)["findings"] is None


def test_a_finding_is_what_a_loop_counts():
    chances, truth = made_up(np.random.default_rng(5), 700, 3, 6)
    for index in range(3):
        for found in findings(scores_of(chances, truth), index)[:3]:
            looked_at = chances[:, index].astype(np.float32) >= found.probability
            right = int((looked_at & (truth == index)).sum())
            ends = binomtest(right, int(looked_at.sum())).proportion_ci(method="exact")
            assert (found.share, found.precision) == pytest.approx((looked_at.mean(), right / looked_at.sum()))
            assert (found.low, found.high) == pytest.approx((ends.low, ends.high))
            assert right / (truth == index).sum() >= found.goal


@pytest.mark.parametrize(("goal", "least"), [(0.8, 14), (0.9, 29), (0.95, 59), (0.99, 299)])
def test_few_images_tell_nothing(goal, least):
    """One image must lie below the threshold that is sought with 95% certainty: goal ** N must be 5% at most."""
    for count, told in ((least - 1, False), (least, True)):
        chances = np.random.default_rng(6).uniform(0, 1, count + 50)
        scores = scores_of(np.stack([chances, 1 - chances], axis=1), (np.arange(count + 50) >= count).astype(int))
        found = findings(scores, 0)[GOALS.index(goal)]
        assert np.isfinite(found.probability) == told


def test_what_is_not_promised_is_reached_on_these_images(capsys):
    chances, truth = made_up(np.random.default_rng(9), 120, 3, 6)
    scores = scores_of(chances, truth)
    for index in range(3):
        own = chances[truth == index, index].astype(np.float32)
        sure, here = findings(scores, index), reached(scores, index)
        assert np.isfinite([found.probability for found in here]).all()
        assert all(b.probability <= a.probability for a, b in itertools.pairwise(here))
        for promise, found in zip(sure, here, strict=True):
            assert (own >= found.probability).mean() >= found.goal
            assert np.isnan(promise.probability) or promise == found
        assert np.isnan(sure[-1].probability)  # of 299 images of the class it would be told
        figures = summarise(scores)["findings"][f"c{index}"][-1]
        assert figures["probability"] is None
        assert figures["here"]["probability"] == here[-1].probability
    print_scores(scores)
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith(" c0") and "99%" in line]
    assert rows == [["c0", "99%", "none", *rows[0][3:]]]
    page = finding_table("m", scores)
    assert [(row.goal, row.certainty) for row in page.goals[:4]][-1] == ("99%", "none")
    assert [row.name for row in page.areas] == ["c0", "c1", "c2"]
    assert reached(replace(scores, source=Source("m", "train")), 0) == []


@pytest.mark.parametrize("count", [298, 299])
def test_what_no_certainty_means_is_said_where_a_row_has_none(count, capsys):
    chances = np.repeat([[0.8, 0.2], [0.3, 0.7]], count, axis=0)
    print_scores(scores_of(chances, np.repeat([0, 1], count)))
    assert ("Certainty none" in capsys.readouterr().out) == (count < 299)


def test_so_large_a_part_is_found():
    """Of 1,000 thresholds from 100 images of a class, 5% at most find less of it than they say, and not far fewer."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(1000):
        own = rng.uniform(0, 1, 100)  # so that the part found from p on is 1 - p
        chances = np.concatenate([own, rng.uniform(0, 0.5, 100)])
        scores = scores_of(np.stack([chances, 1 - chances], axis=1), np.repeat([0, 1], 100))
        found.append(1 - findings(scores, 0)[GOALS.index(0.9)].probability)
    assert (np.array(found) < 0.9).sum() <= 50
    assert np.median(found) < 0.96


def test_probabilities_are_kept_with_scores(tmp_path):
    scores = scores_of(*made_up(np.random.default_rng(8), 20, 3, 6))
    save_scores(tmp_path / "scores.npz", scores)
    np.testing.assert_array_equal(load_scores(tmp_path / "scores.npz").probabilities, scores.probabilities)
    for wrong in (np.full((20, 2), 0.5, np.float32), np.full((20, 3), np.nan), np.full((20, 3), 1.5)):
        save_scores(tmp_path / "wrong.npz", replace(scores, probabilities=wrong))
        with pytest.raises(UserError, match=r"wrong\.npz does not hold what a scores file holds"):
            load_scores(tmp_path / "wrong.npz")
