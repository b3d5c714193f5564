"""Images of one patient are no independent evidence: what groups change of figures, intervals and promises."""

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.stats import binomtest

from pixelproof.errors import UserError
from pixelproof.evaluation.calibration import calibration_counts, reliability
from pixelproof.evaluation.finding import findings, reached
from pixelproof.evaluation.intervals import area_intervals, mask_intervals, share_interval, share_intervals
from pixelproof.evaluation.selective import kept, promises
from pixelproof.evaluation.sentences import promise_lines
from pixelproof.evaluation.threshold import choosable
from pixelproof.evaluation.units import members_of, one_of_each
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.runs import ClassificationScores, SegmentationScores, Source

CLASSES = tuple(LabelClass(id=i, name=f"c{i}") for i in range(3))
SCHEME = LabelScheme(task="classification", classes=CLASSES)
PIXELS = LabelScheme(task="segmentation", classes=CLASSES)


def classified(count=120, seed=0):
    """Return scores of independent images whose confidence is what it says."""
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet((0.3, 0.3, 0.2), count).astype(np.float32)
    truth = np.array([rng.choice(3, p=row / row.sum()) for row in chances.astype(np.float64)])
    sure, predicted = chances.max(axis=1), chances.argmax(axis=1)
    counts = calibration_counts(sure[:, None], (predicted == truth)[:, None])[:, None]
    ids, unknown = tuple(f"i{n:03}" for n in range(count)), np.full(count, np.nan)
    return ClassificationScores(
        ids, truth, predicted, np.full(count, -1), unknown, sure.astype(np.float64), SCHEME,
        Source("a", "validation", temperatures="none"), counts, chances,
    )  # fmt: skip


def segmented(count=30, seed=0):
    counts = np.random.default_rng(seed).integers(0, 50, (count, 4, 4)) + 60 * np.eye(4, dtype=np.int64)
    return SegmentationScores(tuple(f"i{n:03}" for n in range(count)), counts, PIXELS, Source("a", "validation"))


def copied(scores, times):
    """Return the scores of so many copies of each image, which are a group."""
    arrays = {f.name: getattr(scores, f.name) for f in fields(scores)}
    many = {name: value.repeat(times, axis=0) for name, value in arrays.items() if isinstance(value, np.ndarray)}
    ids = tuple(f"{sample_id}-{copy}" for sample_id in scores.ids for copy in range(times))
    return replace(scores, **many, ids=ids, groups=np.array([sample_id[:4] for sample_id in ids]))


def test_groups_are_numbered_and_one_image_of_each_is_taken():
    scores = copied(classified(), 3)
    assert members_of(classified()) is None
    np.testing.assert_array_equal(members_of(scores), np.arange(120).repeat(3))
    one = one_of_each(scores)
    assert [sample_id[:4] for sample_id in one.ids] == list(classified().ids)
    assert len({sample_id[-1] for sample_id in one.ids}) == 3  # not always the first
    np.testing.assert_array_equal(one.truth, classified().truth)
    assert one.probabilities.shape == (120, 3)
    assert one_of_each(classified()).ids == classified().ids


@pytest.mark.parametrize("times", [2, 7])
def test_copies_of_images_promise_no_more_and_are_no_surer(times):
    alone, many = classified(), copied(classified(), times)
    assert repr(promises(many)) == repr(promises(alone))
    assert repr(promises(replace(many, groups=None))) != repr(promises(alone))
    shares = share_intervals(alone, np.arange(120)), share_intervals(many, members_of(many))
    for name in ("accuracy", "recall", "precision"):
        np.testing.assert_allclose(shares[1][name], shares[0][name], rtol=1e-9)
    areas = area_intervals(alone, np.arange(120)), area_intervals(many, members_of(many))
    for name, ends in areas[0].items():
        np.testing.assert_allclose(areas[1][name], ends, atol=0.02)
    for index in range(3):
        sure, expected = findings(many, index), findings(alone, index)
        assert repr([(each.probability, each.share) for each in sure]) == repr(
            [(each.probability, each.share) for each in expected]
        )
        assert sure[0].low == pytest.approx(expected[0].low, abs=0.05)
        assert reached(many, index)[3].probability == reached(alone, index)[3].probability
    found = {groups: kept(replace(many, groups=groups and many.groups)) for groups in (None, True)}
    np.testing.assert_array_equal(found[None].accuracy, found[True].accuracy)
    width = {groups: (each.high - each.low)[0] for groups, each in found.items()}
    assert width[True] / width[None] == pytest.approx(times**0.5, rel=0.1)
    exact = kept(alone)
    np.testing.assert_allclose(found[True].low[:4], exact.low[:4], atol=0.03)


def test_copies_of_masks_are_no_surer():
    alone, many = segmented(), copied(segmented(), 4)
    for name, ends in mask_intervals(alone, "unknown_counted").items():
        found = mask_intervals(many, "unknown_counted", members_of(many))[name]
        np.testing.assert_allclose(found, ends, rtol=1e-9)


def test_the_calibration_error_of_copies_is_no_surer():
    alone, many = classified(400), copied(classified(400), 5)
    found = reliability(many.calibration[:, 0], members=members_of(many))
    expected = reliability(alone.calibration[:, 0])
    naive = reliability(many.calibration[:, 0])
    assert found.ece == pytest.approx(expected.ece)
    assert found.high == pytest.approx(expected.high, abs=0.01)
    assert naive.high < found.high - 0.01


def test_a_promise_to_patients_with_many_images_is_kept():
    """Of models that are right in less than 90% of patients' images, few may promise 90%."""
    broken = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        skill = np.where(rng.random(40) < 0.12, 0.1, 0.98)  # a patient's images are alike: .874 are right
        right = rng.random((40, 15)) < skill[:, None]
        one = classified(600)
        sure = np.full(600, 0.95)
        counts = calibration_counts(sure[:, None], right.reshape(-1, 1))[:, None]
        truth = np.zeros(600, int)
        groups = np.array([f"p{n // 15}" for n in range(600)])
        scores = replace(one, truth=truth, predicted=(~right).astype(int).ravel(), calibration=counts, groups=groups)
        broken += not np.isnan(promises(scores)[0].confidence)
    assert broken <= 0.05 * 200


def test_what_a_threshold_reaches_on_these_images_is_of_all_of_them():
    scores = replace(copied(classified(30), 4), groups=np.array([f"g{n % 4}" for n in range(120)]))  # few groups
    for index in range(3):
        own, chances = scores.truth == index, scores.probabilities[:, index]
        for goal, found in zip((0.8, 0.9, 0.95, 0.99), reached(scores, index), strict=True):
            assert (chances[own] >= found.probability).mean() >= goal
        assert all(np.isnan(found.probability) for found in findings(scores, index))
    assert promise_lines(scores)[0].startswith(
        "At least 90% right is not promised: 4 groups, of which one image counts,"
    )


def of_groups(sizes, right, confidence=0.95):
    """Return scores of groups of these sizes, all of whose images are right or wrong."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    correct = np.asarray(right)[groups]
    one, count = classified(len(groups)), len(groups)
    counts = calibration_counts(np.full(count, confidence)[:, None], correct[:, None])[:, None]
    chances = np.where(correct[:, None], [0.97, 0.02, 0.01], [0.02, 0.97, 0.01]).astype(np.float32)
    return replace(
        one, truth=np.zeros(count, int), predicted=(~correct).astype(int), calibration=counts, probabilities=chances,
        groups=np.array([f"g{number:03}" for number in groups]),
    )  # fmt: skip


def test_where_the_largest_group_is_the_difficult_one_nothing_is_promised():
    easy = of_groups([2] * 120, [True] * 120)
    assert not np.isnan(promises(easy)[1].confidence)
    assert promise_lines(easy)[1].startswith("At least 95% right, each group counting alike, with 95% certainty: all")
    assert findings(easy, 0)[1].probability > 0.9
    difficult = of_groups([300] + [2] * 119, [False] + [True] * 119)  # 44% of the images are right
    assert all(np.isnan(each.confidence) for each in promises(difficult))
    for found in findings(difficult, 0):  # 28% of the images have a high probability of their class
        own = difficult.probabilities[difficult.truth == 0, 0]
        assert np.isnan(found.probability) or (own >= found.probability).mean() >= found.goal


@pytest.mark.parametrize("right", [1, 2])
def test_groups_that_are_all_alike_have_no_interval_of_no_width(right):
    hit = np.tile(np.arange(3) < right, 30)
    one_of_each = binomtest(10 * right, 30).proportion_ci(method="exact")
    assert share_interval(hit, np.arange(90) // 3) == pytest.approx((one_of_each.low, one_of_each.high))
    assert np.isfinite(share_interval(hit, np.arange(90) // 4)).all()


def test_what_a_network_has_learned_from_promises_nothing():
    scores = replace(classified(), source=replace(classified().source, split="all"))
    assert promises(scores)
    none = replace(scores, source=replace(scores.source, learned="0"))
    assert promises(none)
    for known in ("some", "1"):  # one of a rare class may be a large part of it
        learned = replace(scores, source=replace(scores.source, learned=known))
        assert promises(learned) is None
        with pytest.raises(UserError, match="has learned from some of these images, or was chosen by some"):
            choosable(learned, learned.scheme.names[0])
        [line] = promise_lines(learned)
        assert line == "Nothing is promised where the model has learned from any of the images, or was chosen by any."
