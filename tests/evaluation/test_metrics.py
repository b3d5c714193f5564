"""Metrics against brute force, scikit-learn, torchmetrics and the course's rule, on random cases."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from torchmetrics.classification import MulticlassJaccardIndex

from pixelproof.evaluation import (
    accuracy,
    average_loss,
    class_accuracy,
    confusion_counts,
    confusion_matrix,
    frequency_weighted_iou,
    iou,
    mean_iou,
    pixel_accuracy,
    summarise,
    top_k_accuracy,
)
from pixelproof.evaluation.outcomes import rank_of_truth
from pixelproof.evaluation.sentences import study_line
from pixelproof.evaluation.tables import print_scores
from pixelproof.labels import PRESETS, VOID, LabelClass, LabelScheme
from pixelproof.runs import ClassificationScores, SegmentationScores

DEEPGLOBE = PRESETS["deepglobe"]


def scores_of(truths, predictions, scheme):
    counts = [confusion_counts(t, p, len(scheme.classes)) for t, p in zip(truths, predictions, strict=True)]
    return SegmentationScores(tuple(map(str, range(len(counts)))), np.stack(counts), scheme)


def course_iou(prediction, labels):
    """The course's rule, pixel by pixel in its own terms: counts summed over all images, classes 0 to 5."""
    values = []
    for i in range(6):
        tp_fp = np.sum(prediction == i)
        tp_fn = np.sum(labels == i)
        tp = np.sum((prediction == i) * (labels == i))
        values.append(tp / (tp_fp + tp_fn - tp))
    return values


def random_masks(seed, classes, void=False, shape=(3, 17, 23)):
    rng = np.random.default_rng(seed)
    truth, prediction = rng.integers(0, classes, (2, *shape)).astype(np.uint8)
    same = rng.random(shape) < 0.5
    prediction[same] = truth[same]
    if void:
        truth[rng.random(shape) < 0.1] = VOID
        prediction[rng.random(shape) < 0.05] = VOID
    return truth, prediction


@pytest.mark.parametrize("seed", range(5))
def test_unknown_counted_is_the_course_rule(seed):
    truth, prediction = random_masks(seed, 7)
    scores = scores_of(truth, prediction, DEEPGLOBE)
    expected = course_iou(prediction, truth)
    np.testing.assert_allclose(iou(scores, "unknown_counted")[:6], expected, rtol=1e-12)
    assert np.isnan(iou(scores, "unknown_counted")[6])
    assert mean_iou(scores, "unknown_counted") == pytest.approx(np.mean(expected), rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), classes=st.integers(1, 6), ignored=st.booleans())
def test_iou_equals_brute_force(seed, classes, ignored):
    labels = tuple(LabelClass(name=f"c{i}", id=i, ignored=ignored and i == classes) for i in range(classes + 1))
    scheme = LabelScheme(task="segmentation", classes=labels)
    truth, prediction = random_masks(seed, classes + 1, void=True, shape=(2, 5, 6))
    scores = scores_of(truth, prediction, scheme)
    for protocol in ("unknown_counted", "unknown_ignored"):
        for index, label in enumerate(labels):
            found = iou(scores, protocol)[index]
            exists = truth != VOID
            if protocol == "unknown_ignored" and ignored:
                exists &= truth != classes
            hit = np.sum((truth == index) & (prediction == index) & exists)
            union = np.sum(((truth == index) | (prediction == index)) & exists)
            if label.ignored or union == 0:
                assert np.isnan(found)
            else:
                assert found == pytest.approx(hit / union, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_iou_equals_scikit_learn_and_torchmetrics(seed):
    classes = tuple(LabelClass(name=f"c{i}", id=i) for i in range(5))
    scheme = LabelScheme(task="segmentation", classes=classes)
    truth, prediction = random_masks(seed, 5)
    scores = scores_of(truth, prediction, scheme)
    found = iou(scores, "unknown_ignored")
    np.testing.assert_allclose(found, sk.jaccard_score(truth.ravel(), prediction.ravel(), average=None), rtol=1e-12)
    theirs = MulticlassJaccardIndex(5, average="none")(torch.tensor(prediction).long(), torch.tensor(truth).long())
    np.testing.assert_allclose(found, theirs.numpy(), rtol=1e-6)
    assert pixel_accuracy(scores) == pytest.approx(sk.accuracy_score(truth.ravel(), prediction.ravel()))
    share = np.bincount(truth.ravel(), minlength=5) / truth.size
    assert frequency_weighted_iou(scores, "unknown_ignored") == pytest.approx((share * found).sum())
    figures = summarise(scores)["protocols"]["unknown_ignored"]
    theirs = sk.precision_recall_fscore_support(truth.ravel(), prediction.ravel())
    for name, values in zip(("precision", "recall", "f1"), theirs, strict=False):
        np.testing.assert_allclose(list(figures[name].values()), values)
    assert figures["macro_f1"] == pytest.approx(sk.f1_score(truth.ravel(), prediction.ravel(), average="macro"))


def test_a_class_absent_everywhere_is_undefined_and_left_out_of_the_mean():
    truth = np.array([[0, 0, 1, 1]], np.uint8)
    scores = scores_of([truth], [truth], DEEPGLOBE)
    values = iou(scores, "unknown_counted")
    assert values[:2].tolist() == [1.0, 1.0]
    assert np.isnan(values[2:]).all()
    assert mean_iou(scores, "unknown_counted") == 1.0
    figures = summarise(scores)["protocols"]["unknown_counted"]
    assert figures["iou"]["water"] is None
    assert "unknown" not in figures["iou"]


def test_a_class_that_is_only_predicted_has_iou_zero():
    truth, prediction = np.zeros((1, 4), np.uint8), np.array([[0, 0, 0, 1]], np.uint8)
    assert iou(scores_of([truth], [prediction], DEEPGLOBE), "unknown_counted")[1] == 0.0


def test_the_protocols_differ_exactly_by_predictions_on_unknown_pixels():
    truth, prediction = np.array([[0, 0, 6, 6]], np.uint8), np.array([[0, 0, 0, 6]], np.uint8)
    scores = scores_of([truth], [prediction], DEEPGLOBE)
    assert iou(scores, "unknown_counted")[0] == pytest.approx(2 / 3)
    assert iou(scores, "unknown_ignored")[0] == 1.0


def test_nothing_to_count_is_undefined():
    truth = np.full((2, 2), 6, np.uint8)
    figures = summarise(scores_of([truth], [truth], DEEPGLOBE))
    assert figures["protocols"]["unknown_ignored"]["miou"] is None
    assert figures["pixel_accuracy"] is None
    json.dumps(figures, allow_nan=False)


def test_counting_refuses_values_that_are_no_class():
    good, bad = np.zeros((2, 2), np.uint8), np.full((2, 2), 9, np.uint8)
    with pytest.raises(ValueError, match="neither below 7"):
        confusion_counts(bad, good, 7)
    with pytest.raises(ValueError, match="neither below 7"):
        confusion_counts(good, bad, 7)
    with pytest.raises(ValueError, match="truth is"):
        confusion_counts(good, np.zeros((2, 3), np.uint8), 7)


def test_counts_equal_a_loop_over_pixels():
    truth, prediction = random_masks(0, 7, void=True, shape=(1, 9, 8))
    expected = np.zeros((8, 8), int)
    for t, p in zip(truth.ravel(), prediction.ravel(), strict=True):
        expected[7 if t == VOID else t, 7 if p == VOID else p] += 1
    np.testing.assert_array_equal(confusion_counts(truth[0], prediction[0], 7), expected)


def classified(seed, n=200, classes=8):
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet(np.ones(classes), n)
    truth = rng.integers(0, classes - 1, n)  # the last class never occurs
    of_truth = chances[np.arange(n), truth]
    labels = tuple(LabelClass(name=f"c{i}", id=i) for i in range(classes))
    return chances, ClassificationScores(
        ids=tuple(map(str, range(n))),
        truth=truth,
        predicted=chances.argmax(1),
        rank=(chances > of_truth[:, None]).sum(1),
        loss=-np.log(of_truth),
        confidence=chances.max(1),
        scheme=LabelScheme(task="classification", classes=labels),
    )


@pytest.mark.parametrize("seed", range(3))
def test_classification_equals_scikit_learn(seed):
    chances, scores = classified(seed)
    labels = range(8)
    assert accuracy(scores) == sk.accuracy_score(scores.truth, scores.predicted)
    assert top_k_accuracy(scores, 5) == sk.top_k_accuracy_score(scores.truth, chances, k=5, labels=labels)
    assert average_loss(scores) == pytest.approx(sk.log_loss(scores.truth, chances, labels=labels))
    expected = sk.confusion_matrix(scores.truth, scores.predicted, labels=labels)
    np.testing.assert_array_equal(confusion_matrix(scores), expected)
    recall = sk.recall_score(scores.truth, scores.predicted, average=None, labels=range(7))
    np.testing.assert_allclose(class_accuracy(scores)[:7], recall)
    assert np.isnan(class_accuracy(scores)[7])
    figures = summarise(scores)
    assert figures["balanced_accuracy"] == pytest.approx(recall.mean())
    assert figures["confusion"]["counts"] == expected.tolist()
    theirs = sk.precision_recall_fscore_support(scores.truth, scores.predicted, labels=labels, zero_division=np.nan)
    for name, values in zip(("precision", "recall", "f1"), theirs, strict=False):
        ours = [np.nan if value is None else value for value in figures[name].values()]
        np.testing.assert_allclose(ours, values)
    assert figures["macro_f1"] == pytest.approx(sk.f1_score(scores.truth, scores.predicted, average="macro"))


def test_the_rank_is_zero_exactly_where_the_prediction_is_right_whatever_ties():
    rng = np.random.default_rng(5)
    scores, truth = rng.integers(0, 4, (500, 20)).astype(float), rng.integers(0, 20, 500)
    rank = rank_of_truth(scores, truth)
    np.testing.assert_array_equal(rank == 0, scores.argmax(axis=1) == truth)
    order = np.argsort(-scores, axis=1, kind="stable")
    np.testing.assert_array_equal(rank, (order == truth[:, None]).argmax(axis=1))


def test_the_study_reports_a_classifier_in_one_line():
    _, scores = classified(0, n=100)
    correct = int((scores.truth == scores.predicted).sum())
    assert study_line(scores) == f"Average loss: {scores.loss.mean():.4f}, Accuracy: {correct}/100 ({correct}%)"


def test_brackets_in_names_are_printed_and_do_nothing(capsys):
    scheme = LabelScheme(
        task="segmentation", classes=[LabelClass(name=name, id=i, color=(i, 0, 0)) for i, name in enumerate("ab")]
    )
    named = [each.model_copy(update={"name": f"[/{each.name}]"}) for each in scheme.classes]
    truth = np.array([[0, 1]], np.uint8)
    print_scores(scores_of([truth], [truth], scheme.model_copy(update={"classes": named})))
    assert "[/a]" in capsys.readouterr().out
