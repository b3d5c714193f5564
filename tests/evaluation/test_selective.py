"""Answers that are kept by confidence, against loops and SciPy, and promises against models whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from pixelproof.evaluation.calibration import BINS, calibration_counts
from pixelproof.evaluation.selective import CONFIDENCES, GOALS, kept, promises
from pixelproof.evaluation.sentences import promise_lines
from pixelproof.evaluation.summary import summarise
from pixelproof.evaluation.tables import print_scores
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.report.finding import finding_table
from pixelproof.report.selective import selective
from pixelproof.runs import ClassificationScores, SegmentationScores, Source

SCHEME = LabelScheme(task="classification", classes=[LabelClass(id=i, name=f"c{i}") for i in range(2)])
PIXELS = LabelScheme(task="segmentation", classes=[LabelClass(id=i, name=f"c{i}", color=(i, 0, 0)) for i in range(2)])


def classified(sure, right):
    """Return scores of images with these confidences; as trained, all are surer."""
    count, right = len(sure), np.asarray(right)
    columns = [calibration_counts(c[:, None], right[:, None]) for c in (sure**0.5, sure)]
    none = np.zeros(count, int)
    return ClassificationScores(
        tuple(map(str, range(count))), none, (~right).astype(int), none, none * 1.0, sure**0.5, SCHEME,
        calibration=np.stack(columns, axis=1),
    )  # fmt: skip


def segmented(sure, right):
    """Return scores of images whose pixels have these confidences, [N, P]."""
    counts = calibration_counts(sure, right)[:, None]
    return SegmentationScores(
        tuple(map(str, range(len(sure)))), np.zeros((len(sure), 3, 3), int), PIXELS, calibration=counts
    )


def test_images_kept_equal_a_loop_with_exact_intervals():
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.3, 0.97, 200).round(4)
    sure[:3] = (0.5, 0.6, 0.95)  # what lies on a confidence is kept
    right = rng.random(200) < sure
    found = kept(classified(sure, right))
    rows = []
    for confidence in CONFIDENCES[:-1]:  # none is as sure as the last
        hits = [hit for hit, c in zip(right, sure, strict=True) if c >= confidence]
        ends = binomtest(int(sum(hits)), len(hits)).proportion_ci(method="exact")
        rows.append((confidence, len(hits) / 200, sum(hits) / len(hits), ends.low, ends.high))
    np.testing.assert_allclose(np.array(list(vars(found).values())).T, rows, rtol=1e-9)


def test_pixels_kept_equal_a_loop():
    rng = np.random.default_rng(1)
    sure = rng.uniform(0.5, 1, (12, 300)).round(4)
    right = rng.random((12, 300)) < sure
    found = kept(segmented(sure, right))
    assert found.confidence[0] == 0
    assert found.confidence[-1] == (BINS - 1) / BINS
    for confidence, share, accuracy, low, high in zip(*vars(found).values(), strict=True):
        above = np.floor(sure * BINS + 1e-9).clip(max=BINS - 1) >= round(confidence * BINS)
        assert (share, accuracy) == pytest.approx((above.mean(), right[above].mean()))
        assert low < accuracy < high
    assert promises(segmented(sure, right)) is None


def test_one_image_has_no_interval_and_no_confidence_no_answer():
    found = kept(segmented(np.full((1, 9), 0.9), np.ones((1, 9), bool)))
    assert found.accuracy[0] == 1
    assert np.isnan([found.low[0], found.high[0]]).all()
    unknown = classified(np.full(4, 0.5), [True, False, True, False])
    unknown = ClassificationScores(**(vars(unknown) | {"calibration": None}))
    assert kept(unknown) is None
    assert promises(unknown) is None


def promised(scores):
    """Return from which confidence on answers are promised to be right in nine of ten cases; NaN if they are not."""
    return next((p.confidence for p in promises(scores) if p.goal == GOALS[0]), np.nan)


def test_promises_are_kept():
    """Where confidence says nothing and 89.9% are right, at most 5% of 400 models promise 90%."""
    rng = np.random.default_rng(2)
    broken = [promised(classified(rng.uniform(0.5, 1, 300), rng.random(300) < 0.899)) for _ in range(400)]
    assert np.isfinite(broken).sum() <= 0.05 * 400


def test_what_can_be_told_is_promised():
    """Where confidence tells, nearly all of 100 models promise it, and from little above."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(100):
        sure = rng.beta(3, 1, 1000)
        found.append(promised(classified(sure, rng.random(1000) < sure**0.7)))
    # 90% of the answers from t on are right where the mean of x^0.7 over Beta(3, 1) above t is .9.
    grid = np.linspace(0, 0.999, 1000)
    least = grid[np.argmax(3 / 3.7 * (1 - grid**3.7) / (1 - grid**3) >= 0.9)]
    assert np.isfinite(found).sum() > 95
    assert least < np.nanmedian(found) < least + 0.12


def test_the_last_of_several_shares_is_no_luck():
    """Where the surer half is right in 89.9% and the others in half of the cases, at most 5% of 400 promise 90%."""
    rng = np.random.default_rng(4)
    broken = []
    for _ in range(400):
        sure = rng.uniform(0.5, 1, 300)
        broken.append(promised(classified(sure, rng.random(300) < np.where(sure > 0.75, 0.899, 0.5))))
    assert np.isfinite(broken).sum() <= 0.05 * 400


@pytest.mark.parametrize(("goal", "least"), [(0.9, 29), (0.95, 59), (0.99, 299)])
def test_few_images_promise_nothing(goal, least):
    for count, told in ((least - 1, False), (least, True)):
        scores = classified(np.full(count, 0.9), np.ones(count, bool))
        found = promises(scores)[GOALS.index(goal)]
        assert found.share == told
        assert np.isfinite(found.confidence) == told
        ending = "all answers." if told else f"{count} images are too few, or too many of them wrong."
        assert promise_lines(scores)[GOALS.index(goal)].endswith(ending)


def test_one_image_is_too_few():
    one = classified(np.array([0.9]), np.array([True]))
    assert promise_lines(one)[0] == "At least 90% right is not promised: 1 image is too few."
    grouped = replace(one, groups=np.array(["a"]))
    assert promise_lines(grouped)[0].endswith("1 group, of which one image counts, is too few.")


def test_answers_from_the_confidence_on_are_those_promised():
    rng = np.random.default_rng(5)
    exact = rng.uniform(0.3, 1, 2000)  # of more digits than are counted
    found = promises(classified(exact, rng.random(2000) < exact**0.3))
    assert [p.goal for p in found] == list(GOALS)
    for promise in found:
        if np.isfinite(promise.confidence):
            assert (exact >= promise.confidence).mean() == promise.share


@pytest.mark.parametrize("split", ["train", "selection"])
def test_nothing_is_promised_of_what_was_learned(split):
    scores = classified(np.full(100, 0.9), np.ones(100, bool))
    assert promises(replace(scores, source=Source("m", split))) is None
    assert promises(replace(scores, source=Source("m", "validation"))) is not None
    (line,) = promise_lines(replace(scores, source=Source("m", split)))
    assert "learned from" in line


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        ("1 x 1", "Each image was looked at once: what is said of probabilities holds for predict without --tta and"),
        (
            "8 x 1",
            "Each probability is the mean over 8 flips and turns of an image: it holds for predict with the same",
        ),
        ("1 x 0.5, 1", "Each probability is the mean over the sizes 0.5, 1 of an image"),
        ("8 x 0.5, 1", "Each probability is the mean over 8 flips and turns and the sizes 0.5, 1 of an image"),
    ],
)
def test_tables_and_pages_name_the_looks_that_promises_hold_for(capsys, looks, said):
    scores = replace(classified(np.full(100, 0.9), np.ones(100, bool)), source=Source("m", "validation", looks=looks))
    for known in (scores, replace(segmented(np.full((5, 9), 0.9), np.ones((5, 9), bool)), source=scores.source)):
        print_scores(known)
        assert said in capsys.readouterr().out
        assert summarise(known)["looks"] == looks
        assert said in selective({"m": known}).tables[0].looks
    chances = np.tile(np.array([0.9, 0.1], np.float32), (100, 1))
    assert said in finding_table("m", replace(scores, probabilities=chances)).looks
    print_scores(replace(scores, source=Source("m")))
    assert "predict" not in capsys.readouterr().out
    assert selective({"m": replace(scores, source=Source("m"))}).tables[0].looks == ""


def test_older_scores_of_averaged_looks_are_asked_for_again():
    older = replace(classified(np.full(100, 0.9), np.ones(100, bool)), source=Source("m", looks="8 x 1"))
    assert older.calibration is not None
    (line,) = promise_lines(replace(older, calibration=older.calibration[:, :1]))
    assert line.endswith("evaluate again.")
