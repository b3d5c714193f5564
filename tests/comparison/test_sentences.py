"""What is said: nothing that the test does not show, and the same numbers and names in every language."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.comparison.verdict import class_verdict, verdict
from pixelproof.comparison.wording.sentences import sentences
from pixelproof.comparison.wording.words import CATALOGUE, bound, metric_name, p_value, points, set_in
from pixelproof.languages import LANGUAGES
from pixelproof.runs.comparison_file import (
    ClassRecord,
    ComparedModel,
    ComparisonRecord,
    GroupsRecord,
    ImageRecord,
    PairRecord,
    Wins,
    load_comparison,
    save_comparison,
)

GAINS = [0.1] * 183 + [-0.1] * 74
IMAGES = tuple(ImageRecord(id=f"{i:04}", a=0.5, b=0.5 + gain, difference=gain) for i, gain in enumerate(GAINS))


def of_class(difference, p, half=0.01, effective=50.0):
    low, high = (None, None) if p is None else (difference - half, difference + half)
    return ClassRecord(
        images=60,
        effective=None if p is None else effective,
        a=0.5,
        b=0.5 + difference,
        difference=difference,
        low=low,
        high=high,
        p=p,
        p_unadjusted=p,
    )


def pair(difference=0.073, low=0.059, high=0.088, p=0.0001, classes=None, metric="miou"):
    return PairRecord(
        a="fcn32s",
        b="fcn8s",
        metric=metric,
        difference=difference,
        low=low,
        high=high,
        p=p,
        verdict=verdict(low, high, p),
        images=257,
        wins=Wins(a=74, b=183),
        ties=0,
        undefined=0,
        classes=classes or {},
        per_image=IMAGES,
    )


def record(*pairs, interval="bootstrap"):
    models = tuple(ComparedModel(name=n, path=n, split="", fingerprint="", value=0.5) for n in ("fcn32s", "fcn8s"))
    return ComparisonRecord(
        task="segmentation",
        protocol="unknown_counted",
        interval=interval,
        test="permutation",
        confidence=0.95,
        resamples=10_000,
        seed=0,
        groups=None,
        models=models,
        pairs=pairs,
    )


def said(one, language="en"):
    return sentences(one, record(one), language)


def test_the_verdict_in_one_sentence():
    classes = {"urban": of_class(0.056, 0.001), "rangeland": of_class(0.132, 0.001), "forest": of_class(-0.005, 0.8)}
    assert said(pair(classes=classes)) == [
        "fcn8s is better than fcn32s: +7.3 points mIoU (95% CI 5.9 to 8.8, p < .001); it wins on 183 of 257 images; "
        "rangeland gains most (+13.2); no class gets worse beyond chance."
    ]


def test_the_largest_gain_is_named_only_where_no_other_is_larger():
    classes = {"rangeland": of_class(0.118, 0.001), "water": of_class(0.213, 0.09)}
    assert "; of the classes that gain beyond chance, rangeland gains most (+11.8); " in said(pair(classes=classes))[0]


def test_the_winner_is_named_whichever_side_it_stands_on():
    classes = {"urban": of_class(-0.056, 0.001), "water": of_class(0.031, 0.01)}
    assert said(pair(-0.073, -0.088, -0.059, 0.02, classes)) == [
        "fcn32s is better than fcn8s: +7.3 points mIoU (95% CI 5.9 to 8.8, p = .020); it wins on 74 of 257 images; "
        "urban gains most (+5.6); worse on water (−3.1)."
    ]


def test_what_cannot_be_told_apart_is_said():
    assert said(pair(0.004, -0.005, 0.012, 0.31)) == [
        "These 257 images cannot tell fcn32s from fcn8s "
        "(fcn8s minus fcn32s: +0.4 points mIoU, 95% CI −0.5 to 1.2, p = .31)."
    ]


def test_classes_may_differ_where_the_whole_does_not():
    classes = {"urban": of_class(0.05, 0.01), "water": of_class(-0.06, 0.01), "forest": of_class(0.09, 0.2)}
    assert said(pair(0.004, -0.005, 0.012, 0.31, classes))[1:] == [
        "Single classes do differ: fcn32s is better on water (+6.0).",
        "Single classes do differ: fcn8s is better on urban (+5.0).",
    ]


@pytest.mark.parametrize(("low", "high", "p"), [(-0.001, 0.012, 0.049), (0.001, 0.012, 0.051)])
def test_test_and_interval_must_agree(low, high, p):
    one = pair(0.006, low, high, p)
    assert one.verdict == "undecided"
    assert "The test and the interval disagree, so no verdict is given." in said(one)


def test_so_few_images_that_nothing_could_be_told_are_called_that():
    one = pair(0.4, 0.3, 0.5, 0.0625)
    told = record(one)
    one = one.model_copy(update={"images": 5})
    assert one.verdict == "undecided"
    few = "5 images are too few for any verdict: no difference could have a p below .062."
    assert few in sentences(one, told)
    assert not any("disagree" in sentence for sentence in sentences(one, told))
    grouped = told.model_copy(update={"groups": GroupsRecord(pattern=None, count=3)})
    assert "3 groups are too few for any verdict: no difference could have a p below .25." in sentences(one, grouped)
    assert few not in sentences(one, told.model_copy(update={"test": "mcnemar"}))


def test_rough_intervals_are_called_rough():
    one = pair(classes={"water": of_class(0.1, 0.001, effective=14.2), "unseen": of_class(0.1, None)})
    assert said(one)[1:] == [
        "Intervals are rough where few images decide a class: water.",
        "Too few images show these classes for an interval: unseen.",
    ]
    assert len(sentences(one, record(one, interval="tango"))) == 2  # Tango's interval holds for few images too
    grouped = record(one).model_copy(update={"groups": GroupsRecord(pattern="x", count=60)})
    assert sentences(one, grouped)[2:] == [
        "Intervals are rough where few groups decide a class: water.",
        "Too few groups show these classes for an interval: unseen.",
    ]


differences = st.floats(-0.3, 0.3)
many_classes = st.lists(st.tuples(differences, st.floats(0, 0.2)), min_size=1, max_size=6)


@given(classes=many_classes, sign=st.sampled_from([1, -1]))
def test_a_loss_is_denied_exactly_where_none_is_shown(classes, sign):
    named = {f"class{place}": of_class(difference, p) for place, (difference, p) in enumerate(classes)}
    low, high = sorted((sign * 0.059, sign * 0.088))
    text = said(pair(sign * 0.073, low, high, classes=named))[0]
    loser, winner = ("a", "b") if sign > 0 else ("b", "a")
    losses = [name for name, one in named.items() if class_verdict(one) == loser]
    assert ("no class gets worse beyond chance" in text) == (not losses)
    assert all(f"{name} (−" in text for name in losses)
    assert ("gains most" in text) == any(class_verdict(one) == winner for one in named.values())


@given(difference=differences, half=st.floats(0, 0.2), p=st.floats(0, 1), classes=many_classes)
def test_numbers_and_names_are_the_same_in_every_language(difference, half, p, classes):
    named = {f"class{place}": of_class(d, q, effective=10.0) for place, (d, q) in enumerate(classes)}
    for metric in ("miou", "accuracy", "balanced_accuracy", "roc_auc:melanoma"):
        one = pair(difference, difference - half, difference + half, p, named, metric)
        facts = [
            sorted(re.findall(r"[+−]?\d*\.?\d+%?|fcn32s|fcn8s|class\d", " ".join(said(one, language))))
            for language in LANGUAGES
        ]
        assert facts[0] == facts[1]


def places(template):
    return sorted(name for _, name, _, _ in string.Formatter().parse(template) if name)


@pytest.mark.parametrize("key", CATALOGUE)
def test_every_sentence_exists_in_every_language_with_the_same_places(key):
    assert set(CATALOGUE[key]) == set(LANGUAGES)
    assert len({tuple(places(template)) for template in CATALOGUE[key].values()}) == 1
    assert all(
        "{" not in template.format(**dict.fromkeys(places(template), "x")) for template in CATALOGUE[key].values()
    )


def test_numbers_as_a_reader_sees_them():
    assert [points(v) for v in (0.0731, -0.0309, 0.0, 0.0004, None)] == ["+7.3", "−3.1", "0.0", "0.0", "–"]
    assert [bound(v) for v in (0.0589, -0.005, None)] == ["5.9", "−0.5", "–"]
    assert [p_value(v) for v in (0.31, 0.0309, 0.0001, 0.04999, 0.0501, 1.0, None)] == [
        "= .31",
        "= .031",
        "< .001",
        "< .05",
        "= .050",
        "= 1.00",
        "–",
    ]


def test_the_file_comes_back_as_it_was(tmp_path):
    one = pair(classes={"water": of_class(0.1, 0.001), "unseen": of_class(0.1, None)})
    save_comparison(tmp_path / "comparison.json", record(one))
    assert load_comparison(tmp_path / "comparison.json") == record(one)


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("accuracy", "其準確率變化"),
        ("miou", "其 mIoU 變化"),
        ("recall:fox", "其 fox 的召回率變化"),
        ("average_precision:fox", "其 fox 的 AP 變化"),
    ],
)
def test_in_chinese_a_space_parts_other_letters_alone(metric, said):
    assert f"其{set_in(metric_name(metric, 'zh-Hant'), 'zh-Hant')}變化" == said


@pytest.mark.parametrize("key", [key for key, texts in CATALOGUE.items() if "{metric}" in texts["zh-Hant"]])
def test_no_space_stands_beside_a_metric_whose_name_may_be_chinese(key):
    assert not re.search(r" \{metric\}|\{metric\} ", CATALOGUE[key]["zh-Hant"])
