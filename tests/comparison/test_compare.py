"""The verb: answers, refusals and bad input as a user meets them."""

from dataclasses import replace

import numpy as np
import pytest
from comparison_builders import DEEPGLOBE, answer, classifier, saved, segmenter, truths

from pixelproof import api
from pixelproof.comparison.figures import class_figure
from pixelproof.comparison.verdict import no_worse
from pixelproof.comparison.wording.tables import as_json
from pixelproof.errors import UserError
from pixelproof.evaluation import summarise
from pixelproof.evaluation.metrics import class_iou
from pixelproof.runs import Run, Source, load_scores, save_scores
from pixelproof.runs.comparison_file import load_comparison


def test_a_clear_difference_between_segmenters(pixelproof, segmenters):
    found = answer(pixelproof, *segmenters)
    (pair,) = found["pairs"]
    figures = [summarise(load_scores(path))["protocols"]["unknown_counted"] for path in segmenters]
    assert (pair["a"], pair["b"], pair["metric"], pair["verdict"]) == ("fcn32s", "fcn8s", "miou", "b")
    assert pair["difference"] == pytest.approx(figures[1]["miou"] - figures[0]["miou"])
    assert 0 < pair["low"] < pair["difference"] < pair["high"]
    assert pair["p"] == pytest.approx(1 / 10_001)
    assert set(pair["classes"]) == set(figures[0]["iou"])
    for name, record in pair["classes"].items():
        assert (record["a"], record["b"]) == pytest.approx((figures[0]["iou"][name], figures[1]["iou"][name]))
        assert record["p"] == pytest.approx(6 / 10_001)  # Holm's first step
    assert pair["images"] == 24
    assert pair["wins"] == {"a": 0, "b": 23}
    assert (pair["ties"], pair["undefined"]) == (0, 1)  # one image shows nothing but unknown
    assert pair["sentences"][0].startswith("fcn8s is better than fcn32s: +")
    assert pair["sentences"][0].endswith("no class gets worse beyond chance.")


def test_the_other_protocol(pixelproof, segmenters):
    (pair,) = answer(pixelproof, *segmenters, "--protocol", "unknown_ignored")["pairs"]
    figures = [summarise(load_scores(path))["protocols"]["unknown_ignored"] for path in segmenters]
    assert pair["difference"] == pytest.approx(figures[1]["miou"] - figures[0]["miou"])


def test_the_order_of_models_and_images_changes_nothing_but_the_sign(pixelproof, segmenters, tmp_path):
    (pair,) = answer(pixelproof, *segmenters)["pairs"]
    (mirrored,) = answer(pixelproof, *reversed(segmenters))["pairs"]
    assert mirrored["verdict"] == "a"
    assert mirrored["p"] == pair["p"]
    assert [mirrored[k] for k in ("difference", "low", "high")] == pytest.approx(
        [-pair[k] for k in ("difference", "high", "low")]
    )
    assert mirrored["sentences"] == pair["sentences"]
    scores = load_scores(segmenters[0])
    order = np.random.default_rng(0).permutation(24)
    shuffled = replace(scores, ids=tuple(scores.ids[i] for i in order), confusion=scores.confusion[order])
    save_scores(segmenters[0], replace(shuffled, source=Source("fcn32s")))
    assert answer(pixelproof, *segmenters)["pairs"] == [pair]


def test_a_coin_toss_is_no_verdict(pixelproof, tmp_path):
    paths = saved(tmp_path, one=segmenter(0.7, 3), other=segmenter(0.7, 13))
    (pair,) = answer(pixelproof, *paths)["pairs"]
    assert pair["verdict"] == "undecided"
    assert pair["low"] < 0 < pair["high"]
    assert pair["sentences"][0].startswith("These 24 images cannot tell one from other (other minus one: ")


def test_classifiers(pixelproof, classifiers):
    found = answer(pixelproof, *classifiers)
    (pair,) = found["pairs"]
    assert (found["test"], found["interval"], found["resamples"]) == ("mcnemar", "tango", None)
    assert (pair["metric"], pair["verdict"]) == ("accuracy", "b")
    small, large = map(load_scores, classifiers)
    right = [s.truth == s.predicted for s in (small, large)]
    assert pair["difference"] == pytest.approx(right[1].mean() - right[0].mean())
    assert pair["wins"]["b"] == int((right[1] & ~right[0]).sum())
    assert pair["ties"] == int((right[1] == right[0]).sum())
    assert [record["images"] for record in pair["classes"].values()] == [30, 30, 30]


def test_all_pairs_of_three(pixelproof, tmp_path):
    paths = saved(tmp_path, a=segmenter(0.5, 1), b=segmenter(0.6, 2), c=segmenter(0.8, 3))
    found = answer(pixelproof, *paths)
    assert [(pair["a"], pair["b"]) for pair in found["pairs"]] == [("a", "b"), ("a", "c"), ("b", "c")]
    least = min(pair["p"] for pair in found["pairs"])
    assert min(pair["p_adjusted"] for pair in found["pairs"]) == pytest.approx(3 * least)
    assert found["pairs"][1]["sentences"][-1] == "Adjusted for there being 3 pairs by Holm's method, p < .001."
    alone = answer(pixelproof, paths[0], paths[2])["pairs"][0]
    assert {**found["pairs"][1], **{name: alone[name] for name in ("sentences", "p_adjusted")}} == alone
    assert alone["p_adjusted"] == alone["p"]
    for model, path in zip(found["models"], paths, strict=True):
        assert model["value"] == pytest.approx(summarise(load_scores(path))["protocols"]["unknown_counted"]["miou"])


def test_groups(pixelproof, segmenters, classifiers):
    found = answer(pixelproof, *segmenters, "--groups", "^(scene.)_")
    assert found["groups"] == {"pattern": "^(scene.)_", "count": 8}
    assert "The images form 8 groups, which were resampled as wholes." in found["pairs"][0]["sentences"]
    assert "8 groups are few: below 20, intervals are rough." in found["pairs"][0]["sentences"]
    assert found["pairs"][0]["p"] >= 1 / 256 / 2
    assert answer(pixelproof, *segmenters, "--groups", r"scene\d")["groups"]["count"] == 8
    grouped = answer(pixelproof, *classifiers, "--groups", r"^(site\d+)_")
    assert (grouped["test"], grouped["interval"]) == ("permutation", "bootstrap")


def grouped(path, scores, size=3):
    """Write scores with groups of so many images in a row, and return the path."""
    save_scores(path, replace(scores, groups=np.array([f"g{place // size}" for place in range(len(scores.ids))])))
    return path


def test_groups_that_the_scores_know_count_unless_others_are_asked_for(pixelproof, segmenters, tmp_path):
    named = answer(pixelproof, *segmenters, "--groups", "^(scene.)_")
    first = grouped(tmp_path / "fcn32s.npz", segmenter(0.6, 1))
    known = answer(pixelproof, first, segmenters[1])
    assert known["groups"] == {"pattern": None, "count": 8}
    assert known["pairs"] == named["pairs"]
    second = grouped(tmp_path / "fcn8s.npz", segmenter(0.8, 2))
    assert answer(pixelproof, first, second)["pairs"] == named["pairs"]
    alone = answer(pixelproof, first, second, "--groups", "none")
    assert alone["groups"] is None
    assert alone["pairs"][0]["p"] < named["pairs"][0]["p"]
    assert pixelproof("compare", first, second, "--out", tmp_path / "page")[0] == 0
    assert "8 groups" in (tmp_path / "page" / "report.html").read_text("utf-8")


def test_scores_that_know_different_groups_are_refused(pixelproof, tmp_path):
    first = grouped(tmp_path / "one.npz", segmenter(0.6, 1))
    second = grouped(tmp_path / "two.npz", segmenter(0.8, 2), size=4)
    code, _, err = pixelproof("compare", first, second)
    assert code == 1
    assert "one and two were scored with different groups; say by --groups which count, or 'none'" in err
    assert answer(pixelproof, first, second, "--groups", "^(scene.)_")["groups"]["count"] == 8


def test_models_that_are_equal_in_every_group_have_no_interval(pixelproof, classifiers, tmp_path):
    one, other = (load_scores(path) for path in classifiers)
    alike = other.truth == 0
    other = replace(other, predicted=np.where(alike, one.predicted, other.predicted))
    paths = [classifiers[0], *saved(tmp_path, alike=other)]
    out, name = tmp_path / "out", one.scheme.names[0]
    for more, low, units in (((), True, "images"), (("--groups", r"^(site\d+)_"), False, "groups of images")):
        (pair,) = answer(pixelproof, *paths, "--out", out, "--overwrite", *more)["pairs"]
        found = pair["classes"][name]
        assert found["difference"] == 0
        assert (found["low"] is not None, found["p"] is not None) == (low, low)
        assert all(each["p"] is not None for other, each in pair["classes"].items() if other != name)
        assert f"95% interval over {units}. Test" in (out / "report.html").read_text("utf-8")


def test_the_folder_keeps_every_image(pixelproof, segmenters, tmp_path, monkeypatch):
    out, read = tmp_path / "verdict", []
    monkeypatch.setattr(
        "pixelproof.comparison.opening.load_scores", lambda path: read.append(path) or load_scores(path)
    )
    code, text, _ = pixelproof("compare", *segmenters, "--out", out)
    assert (code, read) == (0, list(segmenters))  # each once: they may be large
    assert "fcn8s is better than fcn32s" in text
    record = load_comparison(out / "comparison.json")
    images = record.pairs[0].per_image
    for side, path in zip("ab", segmenters, strict=True):
        expected = by_image(load_scores(path))
        np.testing.assert_allclose(np.array([getattr(image, side) for image in images], float), expected)
    shown = [image for image in images if image.a is not None]
    assert len(shown) == 23
    assert all(image.difference == pytest.approx(image.b - image.a) for image in shown)
    assert record == api.compare(segmenters)
    code, _, err = pixelproof("compare", *segmenters, "--out", out)
    assert code == 2
    assert "comparison.json already exists" in err
    assert pixelproof("compare", *segmenters, "--out", out, "--overwrite")[0] == 0


def test_the_language_changes_no_number(pixelproof, segmenters):
    english = answer(pixelproof, *segmenters)
    chinese = answer(pixelproof, *segmenters, "--lang", "zh-Hant")
    assert "優於" in chinese["pairs"][0]["sentences"][0]
    for found in (english, chinese):
        del found["pairs"][0]["sentences"]
    assert english == chinese
    code, _, err = pixelproof("compare", *segmenters, "--lang", "zh")
    assert (code, "known are en, zh-Hant" in err) == (2, True)


def test_runs_are_read_by_split(pixelproof, tmp_path):
    for name, skill in (("fcn32s", 0.6), ("fcn8s", 0.8)):
        run = Run.create(tmp_path / name, {}, DEEPGLOBE, {})
        save_scores(run.scores("validation"), segmenter(skill, name="whatever"))
    found = answer(pixelproof, tmp_path / "fcn32s", tmp_path / "fcn8s")
    assert [model["name"] for model in found["models"]] == ["fcn32s", "fcn8s"]
    code, _, err = pixelproof("compare", tmp_path / "fcn32s", tmp_path / "fcn8s", "--split", "test")
    assert code == 2
    assert "fcn32s has no scores of the split 'test'" in err
    code, _, err = pixelproof("compare", tmp_path, tmp_path / "fcn8s")
    assert (code, "is not a run folder" in err) == (2, True)


def test_models_of_one_name_are_told_apart_by_their_paths(pixelproof, tmp_path):
    paths = saved(tmp_path, a=segmenter(0.6, 1, name="masks"), b=segmenter(0.8, 2, name="masks"))
    (pair,) = answer(pixelproof, *paths)["pairs"]
    assert (pair["a"], pair["b"]) == tuple(map(str, paths))


@pytest.mark.parametrize(
    ("pattern", "said"), [("^(field)", "finds no group in image 'scene0_00'"), ("(", "is not a regular expression")]
)
def test_a_wrong_pattern_is_explained(pixelproof, segmenters, pattern, said):
    code, _, err = pixelproof("compare", *segmenters, "--groups", pattern)
    assert code == 2
    assert said in err


def test_a_class_of_few_images_has_no_interval_and_says_so(pixelproof, tmp_path):
    truth = truths(24, classes=4)
    truth[3][:2] = 5  # barren, in one image; no image shows water
    a, b = segmenter(0.6, 1, truth), segmenter(0.8, 2, truth)
    b.confusion[:, :, 3] += b.confusion[:, :, 4]
    b.confusion[:, :, 4] = 0  # b never says water, a does
    (pair,) = answer(pixelproof, *saved(tmp_path, a=a, b=b))["pairs"]
    barren, water = pair["classes"]["barren"], pair["classes"]["water"]
    assert (barren["images"], barren["low"], barren["p"]) == (1, None, None)
    assert barren["difference"] == pytest.approx(barren["b"] - barren["a"])
    assert (water["images"], water["a"], water["b"], water["difference"]) == (0, 0, None, None)
    assert "Too few images show these classes for an interval: barren." in pair["sentences"]
    assert any("Only one model has a value for water" in sentence for sentence in pair["sentences"])


def by_image(scores, metric="miou"):
    figure = class_figure(metric, scores, "unknown_counted")
    return figure.by_image(figure.counts(scores))


def test_the_iou_of_an_image_covers_the_classes_its_truth_shows():
    scores = segmenter(0.6, 1)
    found = by_image(scores)
    for value, confusion in zip(found, scores.confusion, strict=True):
        shown = [k for k in range(6) if confusion[k].sum()]
        expected = class_iou(confusion, DEEPGLOBE.scored, "unknown_counted")[shown]
        assert value == pytest.approx(np.mean(expected)) if shown else np.isnan(value)


def test_whether_a_model_is_no_worse_but_for_a_margin(tmp_path):
    paths = saved(tmp_path, a=classifier(0.81, 1, 900), b=classifier(0.8, 1, 900))
    pair = api.compare(paths).pairs[0]
    assert pair.low < 0
    for margin in (0.1, -100 * pair.low - 0.01, -100 * pair.low + 0.01, 10):
        record = api.compare(paths, margin=margin)
        found = as_json(record, "en")["pairs"][0]
        shown = {"b": pair.low > -margin / 100, "a": pair.high < margin / 100}
        assert {name: state == "shown" for name, state in found["no_worse"].items()} == shown
        said = " ".join(found["sentences"])
        assert said.count("points at most: that is shown") == sum(shown.values())
    few = pair.model_copy(update={"images": 5, "verdict": "undecided"})
    assert no_worse(few, record) == {"b": "open", "a": "open"}
    worse = pair.model_copy(update={"low": -0.5, "high": -0.2, "verdict": "undecided"})
    assert no_worse(worse, record) == {"b": "open", "a": "shown"}  # where the test does not say so as well
    assert no_worse(worse.model_copy(update={"verdict": "a"}), record)["b"] == "refuted"
    for wrong in (0, 0.01, -1, 100, float("nan")):
        with pytest.raises(UserError, match="points is none"):
            api.compare(paths, margin=wrong)
