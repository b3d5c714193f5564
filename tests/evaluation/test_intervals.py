"""Intervals of one score file against SciPy, derivatives and simulations whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap, norm
from sklearn.metrics import average_precision_score, roc_auc_score
from test_finding import made_up, scores_of

from pixelproof.evaluation import PROTOCOLS, areas, iou, mean_iou, pixel_accuracy, summarise
from pixelproof.evaluation.areas import influences, without_each
from pixelproof.evaluation.intervals import area_intervals, mask_intervals, share_interval, share_intervals
from pixelproof.evaluation.tables import print_scores
from pixelproof.labels import PRESETS
from pixelproof.runs import SegmentationScores

LAND = PRESETS["deepglobe"]


def named(truth, predicted, classes):
    """Return scores of labels whose probabilities are unknown."""
    chances = np.eye(classes)[predicted]
    return replace(scores_of(chances, np.asarray(truth)), probabilities=None)


def masks(rng, count, skill=0.7, classes=7):
    """Return scores of images of 100 pixels each, in which a few of the first classes lead."""
    confusion = np.zeros((count, 8, 8), int)
    for image in confusion:
        truth = rng.choice(classes, 100, p=rng.dirichlet(np.full(classes, 0.3)))
        guess = np.where(rng.random(100) < skill, truth, rng.integers(0, classes, 100))
        np.add.at(image, (truth, guess), 1)
    return SegmentationScores(tuple(map(str, range(count))), confusion, LAND)


def test_shares_of_independent_images_have_scipys_exact_intervals():
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 3, (2, 60))
    scores = named(truth, predicted, 4)  # of the fourth class there is none
    found = share_intervals(scores)
    right = truth == predicted
    for name, own in (("recall", truth), ("precision", predicted)):
        for index in range(3):
            ends = binomtest(int(right[own == index].sum()), int((own == index).sum())).proportion_ci(method="exact")
            assert found[name][:, index] == pytest.approx((ends.low, ends.high))
        assert np.isnan(found[name][:, 3]).all()
    ends = binomtest(int(right.sum()), 60).proportion_ci(method="exact")
    assert found["accuracy"] == pytest.approx((ends.low, ends.high))


def test_influence_is_the_derivative_of_scikit_learns_areas():
    rng = np.random.default_rng(1)
    chances, own = rng.random(40).round(1), rng.random(40) < 0.3
    values, influence = influences(chances, own)
    for area, value, column in zip((average_precision_score, roc_auc_score), values, influence.T, strict=True):
        assert value == pytest.approx(area(own, chances))
        for image, change in enumerate(column):
            weights = np.ones(40)
            weights[image] += 1e-6
            assert change == pytest.approx((area(own, chances, sample_weight=weights) - value) / 1e-6, abs=1e-6)


@pytest.mark.parametrize("at_once", [1, 200, 1_000_000])
def test_areas_without_each_group_equal_scikit_learns(at_once, monkeypatch):
    monkeypatch.setattr("pixelproof.evaluation.areas._CELLS", at_once)
    rng = np.random.default_rng(15)
    chances, own, members = rng.random(90).round(2), rng.random(90) < 0.4, rng.permutation(np.arange(90) % 12)
    values, moved = without_each(chances, own, members)
    for area, value, column in zip((average_precision_score, roc_auc_score), values, moved.T, strict=True):
        left = [area(own[members != group], chances[members != group]) for group in range(12)]
        np.testing.assert_allclose(column, np.array(left) - area(own, chances), atol=1e-12)
        assert value == pytest.approx(area(own, chances))


def test_too_many_groups_are_left_out_of_areas_to_first_order(monkeypatch):
    rng = np.random.default_rng(16)
    scores, members = scores_of(*made_up(rng, 600, 2, 6)), rng.permutation(np.arange(600) // 3)
    exact = area_intervals(scores, members)
    monkeypatch.setattr(areas, "MOST", 0)
    for name, ends in area_intervals(scores, members).items():
        np.testing.assert_allclose(ends, exact[name], atol=0.005)
        assert (ends != exact[name]).all()


@pytest.mark.parametrize("sizes", [[400] + [19] * 5, [200, 20, 20, 20]])
def test_uneven_groups_have_intervals_of_leaving_them_out(sizes):
    """Of sets whose groups have shares of their own that are right, of 80% on average, the intervals of 90% hold it."""
    rng, held = np.random.default_rng(17), []
    members = np.repeat(np.arange(len(sizes)), sizes)
    for _ in range(400):
        right = rng.random(len(members)) < rng.beta(8, 2, len(sizes))[members]
        low, high = share_interval(right, members)
        held.append(low <= 0.8 <= high)
    assert np.mean(held) > 0.9


def test_groups_that_are_all_right_have_a_lower_end():
    members = np.repeat(np.arange(20), 3)
    for right in (True, False):
        ends = binomtest(20 * right, 20).proportion_ci(method="exact")
        assert share_interval(np.full(60, right), members) == pytest.approx((ends.low, ends.high))
    assert share_interval(np.full(3, True), members[:3]) == pytest.approx((0.025, 1))
    assert np.isnan(share_interval(np.full(0, True), members[:0])).all()


def test_areas_agree_with_the_bootstrap_of_scipy():
    scores = scores_of(*made_up(np.random.default_rng(2), 400, 3, 6))
    own = scores.truth == 1
    for name, area in (("average_precision", average_precision_score), ("roc_auc", roc_auc_score)):
        theirs = bootstrap(
            (own, scores.probabilities[:, 1]), area, paired=True, vectorized=False, n_resamples=500,
            method="percentile", rng=np.random.default_rng(3),
        ).confidence_interval  # fmt: skip
        assert area_intervals(scores)[name][:, 1] == pytest.approx(tuple(theirs), abs=0.02)


def test_masks_agree_with_the_bootstrap_of_scipy():
    scores = masks(np.random.default_rng(4), 80)

    def figures(images):
        drawn = replace(scores, confusion=scores.confusion[images])
        return np.append(iou(drawn, PROTOCOLS[0])[:6], [mean_iou(drawn, PROTOCOLS[0]), pixel_accuracy(drawn)])

    theirs = bootstrap(
        (np.arange(80),), figures, vectorized=False, n_resamples=1000, method="percentile", rng=np.random.default_rng(5)
    ).confidence_interval
    found = mask_intervals(scores, PROTOCOLS[0])
    ours = np.column_stack([found["iou"][:, :6], found["miou"], found["pixel_accuracy"]])
    np.testing.assert_allclose(ours, [theirs.low, theirs.high], atol=0.02)
    assert np.isnan(found["iou"][:, 6]).all()  # which is ignored


@pytest.mark.parametrize(("grouped", "least"), [(False, 0.93), (True, 0.91)])
def test_shares_and_areas_hold_the_truth(grouped, least):
    """Of 300 sets of 240 images, in groups of 6 that are alike, about 95% of the intervals hold what is true of all."""
    rng, held = np.random.default_rng(6), []
    members = np.repeat(np.arange(40), 6) if grouped else None
    scatter = np.hypot(1, 1 if grouped else 0)
    # Images of the class, a third of all, lie around 1.5, all others around 0; one above 1 is called one of the class.
    recall, auc = norm.sf(-0.5 / scatter), norm.cdf(1.5 / np.sqrt(2) / scatter)
    for _ in range(300):
        own = rng.random(240) < 1 / 3
        height = rng.normal(1.5 * own, 1) + (np.repeat(rng.normal(0, 1, 40), 6) if grouped else 0)
        chances = 1 / (1 + np.exp(1 - height))
        scores = scores_of(np.stack([1 - chances, chances], axis=1), own.astype(int))
        shares, areas = share_intervals(scores, members), area_intervals(scores, members)
        correct = norm.cdf(1 / scatter), recall
        known = (shares["recall"][:, 1], recall), (shares["balanced_accuracy"], np.mean(correct)),  # fmt: skip
        known += (shares["accuracy"], (2 * correct[0] + correct[1]) / 3), (areas["roc_auc"][:, 1], auc)
        held.append([low <= value <= high for (low, high), value in known])
    assert (np.mean(held, axis=0) > least).all()


@pytest.mark.parametrize(
    ("sizes", "recall"),
    [([1] * 9 + [100], 0.7), ([50, 50, 50, 1], 0.8), ([50, 50, 50, 2], 0.8), ([100, 50, 20, 10, 5, 1], 0.8)],
)
def test_classes_of_few_images_make_balanced_accuracy_unsure(sizes, recall):
    rng, truth, held, width = np.random.default_rng(13), np.repeat(np.arange(len(sizes)), sizes), [], []
    for _ in range(400):
        predicted = np.where(rng.random(len(truth)) < recall, truth, (truth + 1) % len(sizes))
        low, high = share_intervals(named(truth, predicted, len(sizes)))["balanced_accuracy"]
        held.append(low <= recall <= high)
        width.append(high - low)
    assert np.mean(held) > 0.93
    assert np.mean(width) < 0.55


def test_classes_of_few_groups_make_balanced_accuracy_unsure():
    """Of sets with two groups of one class and 30 of another, of whose images 5 of 6 are right, 90% hold it."""
    rng, held = np.random.default_rng(14), []
    members = np.repeat(np.arange(32), 6)
    truth = (members >= 2).astype(int)
    for _ in range(300):
        right = rng.random(192) < rng.choice([0.5, 1], 32, p=[1 / 3, 2 / 3])[members]
        low, high = share_intervals(named(truth, np.where(right, truth, 1 - truth), 2), members)["balanced_accuracy"]
        held.append(low <= 5 / 6 <= high)
    assert np.mean(held) > 0.9


def test_balanced_accuracy_of_one_class_is_accuracy():
    found = share_intervals(named(np.zeros(30, int), (np.arange(30) > 25).astype(int), 2))
    assert found["balanced_accuracy"] == pytest.approx(found["accuracy"])


@pytest.mark.parametrize("grouped", [False, True])
def test_masks_hold_the_truth(grouped):
    """Of 150 sets of 30 images, or of 30 pairs of the same image, about 95% of the intervals hold the IoU of all."""
    truth = masks(np.random.default_rng(7), 3000)
    everything = iou(truth, PROTOCOLS[0])
    rng, held, width = np.random.default_rng(8), [], []
    for _ in range(150):
        images = rng.integers(0, 3000, 30)
        members = np.repeat(np.arange(30), 2) if grouped else None
        scores = replace(truth, confusion=truth.confusion[np.repeat(images, 2) if grouped else images])
        ends = mask_intervals(scores, PROTOCOLS[0], members)
        held.append([low <= value <= high for value, (low, high) in zip(everything, ends["iou"].T, strict=True)][:6])
        held[-1].append(ends["miou"][0] <= everything[:6].mean() <= ends["miou"][1])
        width.append(np.ptp(ends["miou"]))
    assert (np.mean(held, axis=0) > 0.9).all()
    assert np.mean(width) < 0.1


def test_groups_of_one_mask_are_masks():
    rng = np.random.default_rng(9)
    scores, alone = masks(rng, 30), rng.permutation(30)
    first, second = (mask_intervals(scores, PROTOCOLS[0], members)["iou"] for members in (None, alone))
    np.testing.assert_allclose(first, second)


def test_what_shows_nothing_has_no_interval(capsys):
    one = named([0], [0], 2)
    assert share_intervals(one)["accuracy"] == pytest.approx((0.025, 1))
    assert share_intervals(one)["balanced_accuracy"] == pytest.approx((0.025, 1))
    right = scores_of(np.eye(2)[[0, 0, 0, 1]], np.array([0, 0, 0, 1]))  # all of them, and one image of a class
    assert np.isnan(share_intervals(right, np.array([0, 0, 1, 2]))["balanced_accuracy"]).all()  # one in a single group
    assert np.isnan(area_intervals(right)["roc_auc"]).all()
    for scores in (masks(np.random.default_rng(10), 1), masks(np.random.default_rng(10), 5, skill=1)):
        assert np.isnan(np.concatenate([*mask_intervals(scores, PROTOCOLS[0]).values()], axis=None)).all()
    print_scores(one)
    assert summarise(one)["intervals"]["balanced_accuracy"] == {"low": pytest.approx(0.025), "high": 1}
    assert (
        "balanced accuracy (the mean over classes) 100.00% (2.50% to 100.00%), of 1 image." in capsys.readouterr().out
    )


@pytest.mark.parametrize(("count", "said"), [(1, False), (20, True)])
def test_brackets_are_explained_where_there_are_some(count, said, capsys):
    print_scores(masks(np.random.default_rng(10), count))
    assert ("In brackets" in capsys.readouterr().out.splitlines()[-1]) == said


def test_json_and_tables_hold_the_same_ends(capsys):
    scores = masks(np.random.default_rng(11), 20)
    ends = summarise(scores)["intervals"]
    low, high = mask_intervals(scores, PROTOCOLS[1])["miou"]
    assert ends[PROTOCOLS[1]]["miou"] == {"low": low, "high": high}
    assert set(ends[PROTOCOLS[0]]["iou"]) == set(LAND.names[:6])
    print_scores(scores)
    said = f"{mean_iou(scores, PROTOCOLS[1]):.4f} ({low:.4f} to {high:.4f})"
    *tables, result = capsys.readouterr().out.splitlines()
    assert any(said in line for line in tables)
    assert f"{said} unknown ignored" in result  # the last line


def test_one_column_is_printed_where_both_protocols_agree(capsys):
    scores = masks(np.random.default_rng(12), 20, classes=6)
    print_scores(scores)
    said = capsys.readouterr().out
    assert "unknown" not in said
    assert said.splitlines()[-1].startswith(f"mIoU {mean_iou(scores, PROTOCOLS[0]):.4f} (")


@pytest.mark.parametrize("images", [1, 2])
def test_a_share_that_one_group_decides_has_the_ends_of_exact_trials(images):
    """A variance of one group is not known, and Student's quantile of it knows no bounds."""
    members = np.repeat(np.arange(260), 2)
    right = np.ones(520, bool)
    right[:images] = False
    low, high = share_interval(right, members)
    some = 260 if images == 1 else 259
    assert low == pytest.approx(binomtest(259, 260).proportion_ci(0.95).low)
    assert high == pytest.approx(binomtest(some, 260).proportion_ci(0.95).high)
