"""Comparisons by other figures than accuracy and mIoU, against scikit-learn, plain loops and their own refusals."""

import json
from dataclasses import replace

import numpy as np
import pytest
from comparison_builders import PETS, classifier, probable, saved, segmenter
from scipy.stats import norm
from sklearn import metrics as sk

from pixelproof import api
from pixelproof.comparison.areas import areas
from pixelproof.comparison.classification import compare_classifiers
from pixelproof.comparison.counted import compare_segmenters
from pixelproof.errors import UserError
from pixelproof.runs.comparison_file import load_comparison
from pixelproof.runs.metric_names import OF_ALL, OF_ONE


def by_scikit_learn(metric, scores):
    """Return a classifier's figure as scikit-learn computes it."""
    name, _, of = metric.partition(":")
    truth, predicted = scores.truth, scores.predicted
    if name == "accuracy":
        return sk.accuracy_score(truth, predicted)
    if name in ("roc_auc", "average_precision"):
        area = sk.roc_auc_score if name == "roc_auc" else sk.average_precision_score
        each = [area(truth == k, scores.probabilities[:, k]) for k in range(3)]
    else:
        name = name.replace("balanced_accuracy", "recall")
        each = getattr(sk, f"{name}_score")(truth, predicted, average=None, labels=range(3))
    return each[PETS.names.index(of)] if of else np.mean(each)


def all_metrics(task):
    return [*OF_ALL[task], *(f"{figure}:{'fox' if task == 'classification' else 'water'}" for figure in OF_ONE[task])]


@pytest.mark.parametrize("metric", all_metrics("classification"))
def test_figures_of_classifiers_are_scikit_learns(tmp_path, metric):
    one, other = probable(0.5, (0.5, 0, 0), 1), probable(1.5, (0, 0, 0.5), 2)
    record = api.compare(saved(tmp_path, one=one, other=other), metric=metric)
    (pair,) = record.pairs
    expected = [by_scikit_learn(metric, each) for each in (one, other)]
    assert [model.value for model in record.models] == pytest.approx(expected)
    assert (pair.metric, pair.difference) == (metric, pytest.approx(expected[1] - expected[0]))
    assert pair.low < pair.difference < pair.high
    rows = {"accuracy": "recall", "balanced_accuracy": "recall"}.get(metric, metric.partition(":")[0])
    assert pair.classes["cat"].b == pytest.approx(by_scikit_learn(f"{rows}:cat", other))


@pytest.mark.parametrize("protocol", ["unknown_counted", "unknown_ignored"])
def test_figures_of_segmenters_are_scikit_learns(protocol):
    a, b = segmenter(0.6, 1), segmenter(0.8, 2)

    def figure(name, scores, **how):
        counts = scores.confusion.sum(axis=0)[: 6 if protocol == "unknown_ignored" or name == "accuracy" else 7, :7]
        truth, predicted = np.nonzero(counts)
        return getattr(sk, f"{name}_score")(truth, predicted, sample_weight=counts[truth, predicted], **how)

    for metric, name in [("f1", "f1"), ("pixel_accuracy", "accuracy"), ("precision:water", "precision")]:
        how = {} if name == "accuracy" else {"labels": [4] if ":" in metric else range(6), "average": "macro"}
        found = compare_segmenters(a, b, protocol, None, 0, metric)
        assert [found.a[-1], found.b[-1]] == pytest.approx([figure(name, each, **how) for each in (a, b)])
        assert found.low[-1] < found.b[-1] - found.a[-1] < found.high[-1]


def test_a_metric_of_one_class_says_what_the_row_of_that_class_says(tmp_path):
    paths = saved(tmp_path, one=segmenter(0.6, 1), other=segmenter(0.8, 2))
    row = api.compare(paths).pairs[0].classes["water"]
    (pair,) = api.compare(paths, metric="iou:water").pairs
    assert (pair.difference, pair.low, pair.high, pair.p) == (row.difference, row.low, row.high, row.p_unadjusted)
    shown = segmenter(0.6, 1).confusion[:, 4].sum(axis=1) > 0
    assert [image.a is not None for image in pair.per_image] == shown.tolist()
    paths = saved(tmp_path, small=probable(0.5), large=probable(1.5, seed=2))
    record = api.compare(paths, metric="recall:fox")
    row = api.compare(paths).pairs[0].classes["fox"]
    assert (record.test, record.interval, record.pairs[0].p) == ("mcnemar", "tango", row.p_unadjusted)
    assert (record.pairs[0].low, record.pairs[0].high) == (row.low, row.high)
    assert api.compare(paths, metric="balanced_accuracy").pairs[0].classes == api.compare(paths).pairs[0].classes


def test_accuracy_and_balanced_accuracy_may_say_opposite_things(pixelproof, tmp_path):
    paths = saved(tmp_path, careless=probable(1.2, (2, 0, -1)), fair=probable(1.2, (-1, 0.5, 0.5)))
    said = {}
    for metric in ("accuracy", "balanced_accuracy"):
        code, out, _ = pixelproof("compare", *paths, "--metric", metric, "--json")
        (pair,) = json.loads(out)["pairs"]
        said[metric] = (code, pair["verdict"], pair["sentences"][0].split(" (")[0].rpartition(" points ")[2])
    assert said == {"accuracy": (0, "a", "accuracy"), "balanced_accuracy": (0, "b", "balanced accuracy")}


def by_delong(one, other, own):
    """Return the difference of two AUCs and its standard error, by comparing every image of the class with all others.

    As DeLong, DeLong and Clarke-Pearson (1988) define it.
    """
    wins = [np.sign(chances[own][:, None] - chances[~own][None, :]) / 2 + 0.5 for chances in (one.astype(float), other)]
    gain = wins[1] - wins[0]
    parts = (gain.mean(axis=1).var(ddof=1) / own.sum(), gain.mean(axis=0).var(ddof=1) / (~own).sum())
    return gain.mean(), np.sqrt(sum(parts))


def test_the_test_of_roc_auc_is_delongs():
    a, b = probable(0.9, seed=1, images=3000), probable(1, seed=2, images=3000)
    found = compare_classifiers(a, b, None, 0, "roc_auc")
    for k in range(3):
        gain, error = by_delong(a.probabilities[:, k], b.probabilities[:, k], a.truth == k)
        assert found.b[k] - found.a[k] == pytest.approx(gain)
        np.testing.assert_allclose([found.low[k], found.high[k]], gain + np.array([-1.96, 1.96]) * error, atol=2e-3)
        assert found.p[k] == pytest.approx(2 * norm.sf(abs(gain) / error), abs=0.02)


@pytest.mark.parametrize("metric", ["balanced_accuracy", "f1", "roc_auc", "average_precision"])
def test_grouped_copies_are_no_further_evidence(metric):
    a, b = probable(0.5, seed=1), probable(1, seed=2)
    once = compare_classifiers(a, b, None, 0, metric)

    def copied(scores):
        names = ("truth", "predicted", "rank", "loss", "confidence", "probabilities")
        ids = tuple(map(str, range(3 * len(scores.ids))))
        return replace(scores, ids=ids, **{name: np.repeat(getattr(scores, name), 3, axis=0) for name in names})

    grouped = compare_classifiers(copied(a), copied(b), np.repeat(np.arange(240), 3), 0, metric)
    # Of areas, images are left out to first order and groups as wholes.
    error = {"rtol": 1e-9} if metric in ("balanced_accuracy", "f1") else {"atol": 0.02}
    rows = slice(-1, None) if metric == "balanced_accuracy" else slice(None)  # its classes have the exact test
    for name in ("a", "b", "low", "high", "p"):
        np.testing.assert_allclose(getattr(grouped, name)[rows], getattr(once, name)[rows], **error)


def test_five_images_are_too_few_for_any_verdict_by_areas(pixelproof, tmp_path):
    one = probable(0, images=5, seed=8)
    truth = np.array([0, 0, 1, 1, 0])
    one = replace(one, truth=truth, probabilities=np.full((5, 3), 1 / 3, np.float32))
    sure = np.eye(3, dtype=np.float32)[truth] * 0.9 + np.arange(5, dtype=np.float32)[:, None] / 100
    paths = saved(tmp_path, one=one, other=replace(one, probabilities=sure))
    code, out, _ = pixelproof("compare", *paths, "--metric", "roc_auc", "--json")
    (pair,) = json.loads(out)["pairs"]
    assert (code, pair["difference"], pair["verdict"]) == (0, pytest.approx(0.5), "undecided")
    assert any("5 images are too few for any verdict" in sentence for sentence in pair["sentences"])


def test_a_class_that_one_image_shows_has_an_area_but_no_interval():
    a, b = probable(0.5, seed=1), probable(1, seed=2)
    truth = np.where(a.truth == 2, 1, a.truth)
    truth[7] = 2
    found = compare_classifiers(replace(a, truth=truth), replace(b, truth=truth), None, 0, "roc_auc")
    assert found.b[2] - found.a[2] != 0
    assert np.isnan([found.low[2], found.high[2], found.effective[2]]).all()
    assert found.low[-1] < found.b[-1] - found.a[-1] < found.high[-1]
    none = np.where(truth == 2, 1, truth)
    values, moved = areas(replace(a, truth=none), "average_precision", None)
    assert np.isnan(values[2])
    assert values[3] == pytest.approx(values[:2].mean())
    np.testing.assert_allclose(moved[:, 3], moved[:, :2].mean(axis=1))


REFUSED = [
    ("auc", 2, "there is no metric 'auc' of classification; did you mean 'roc_auc'?"),
    ("miou", 2, "there is no metric 'miou' of classification; known are accuracy, average_precision, "),
    ("f1:", 2, "the metric 'f1:' names no class; leave out the colon, or name one behind it"),
    ("recall", 2, "the metric 'recall' is of one class; name it, such as 'recall:cat'"),
    ("accuracy:cat", 2, "the metric 'accuracy' is of all classes; leave out ':cat', or choose from 'recall:cat', "),
    ("recall:foxx", 2, "there is no scored class 'foxx' for the metric 'recall'; did you mean 'fox'?"),
    ("roc_auc", 1, "the scores of bare have no probabilities of the classes, which 'roc_auc' needs; compare scores of"),
    ("recall:fox", 1, "the metric 'recall:fox' of bare is undefined on these images: they do not show what it is of"),
]


@pytest.mark.parametrize(("metric", "code", "said"), REFUSED)
def test_what_is_no_metric_here_is_refused(pixelproof, tmp_path, metric, code, said):
    bare = classifier(0.6, scheme=PETS, images=3 * 20)
    bare = replace(bare, truth=bare.truth % 2)
    paths = saved(tmp_path, bare=bare, other=replace(bare, predicted=bare.truth))
    found, out, err = pixelproof("compare", *paths, "--metric", metric, "--json")
    assert (found, out) == (code, "")
    assert said in err


def test_boundary_metrics_need_boundary_counts_and_scored_classes():
    with pytest.raises(UserError, match="hold no boundary counts"):
        compare_segmenters(segmenter(0.6, 1), segmenter(0.8, 2), "unknown_counted", None, 0, "boundary_f1")
    with pytest.raises(UserError, match="no scored class 'unknown'"):
        compare_segmenters(segmenter(0.6, 1), segmenter(0.8, 2), "unknown_counted", None, 0, "iou:unknown")


def test_files_and_pages_speak_of_the_metric(pixelproof, tmp_path):
    paths = saved(tmp_path, a=probable(0.5, seed=1), b=probable(0.9, seed=2), c=probable(1.5, seed=3))
    assert pixelproof("compare", *paths, "--metric", "average_precision:fox", "--out", tmp_path / "out")[0] == 0
    record = load_comparison(tmp_path / "out" / "comparison.json")
    assert record == api.compare(paths, metric="average_precision:fox")
    assert (record.interval, record.test, record.resamples) == ("jackknife", "jackknife", None)
    assert record.version == 1  # as of files that earlier versions wrote
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Row minus column, points of average precision of fox" in page
    assert "points average precision of fox (95% CI" in page
    assert "fox 的 AP 相差" in page
    file = tmp_path / "out" / "comparison.json"
    file.write_text(file.read_text("utf-8").replace('"average_precision:fox"', '"cleverness"'), "utf-8")
    with pytest.raises(UserError, match="metric"):
        load_comparison(file)
