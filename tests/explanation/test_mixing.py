"""Class mixing: equal to scikit-learn on random cases, and a planted set is described as it was planted."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import silhouette_samples
from sklearn.neighbors import KNeighborsClassifier

from pixelproof.errors import UserError
from pixelproof.explanation import neighbours
from pixelproof.explanation.clusters import clusters
from pixelproof.explanation.describe import Cloud, describe
from pixelproof.explanation.mixing import measure_mixing, silhouettes
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.runs.explanation_file import load_explanation, save_explanation

PLANTED = {"anvil": 60, "bell": 60, "candle": 60, "pine": 80, "willow": 40, "torn": 60}


def cloud_of(points, truth, names, predicted=None):
    classes = tuple(LabelClass(name=name, id=index) for index, name in enumerate(names))
    return Cloud(
        ids=tuple(f"{i:03}" for i in range(len(points))),
        truth=truth,
        predicted=truth if predicted is None else predicted,
        features=points.astype(np.float32),
        scheme=LabelScheme(task="classification", classes=classes),
        layer="second-last",
    )


@pytest.fixture(scope="module")
def planted():
    """Three classes far apart, two drawn from the same cloud, and one in two clouds."""
    rng = np.random.default_rng(0)
    size = 40
    centre = {name: 20 * np.eye(size)[i] for i, name in enumerate(PLANTED)}
    centre["willow"] = centre["pine"]
    points = [rng.normal(centre[name], 1, (count, size)) for name, count in PLANTED.items()]
    points[-1][:25] += 30 * np.eye(size)[10]
    truth = np.repeat(np.arange(len(PLANTED)), list(PLANTED.values()))
    return cloud_of(np.concatenate(points), truth, PLANTED)


def test_a_planted_set_is_described_as_it_was_planted(planted):
    found = describe(planted, "validation")
    said = {kind: [s for s in found.statements if s.kind == kind] for kind in ("mixes", "scattered", "splits", "apart")}
    assert [s.classes for s in said["mixes"]] == [(3, 4)]
    assert said["mixes"][0].value == pytest.approx(0.5, abs=0.03)
    assert re.match(r"pine and willow mix \(k-NN confusion \d\d%, 95% CI \d\d to \d\d; ", said["mixes"][0].sentence)
    # Twice as many of one as of the other: two thirds of all neighbours are pines, whoever asks.
    pair = found.pairs[0]
    assert pair.a_near_b == pytest.approx(2 / 3, abs=0.08)
    assert pair.b_near_a == pytest.approx(1 / 3, abs=0.08)
    assert pair.low < pair.confusion < pair.high
    assert pair.high - pair.low < 0.15
    assert [s.sentence for s in said["splits"]] == ["torn falls into 2 clusters of 32 and 25 of its 60 images."]
    assert {s.classes for s in said["apart"]} == {(0,), (1,), (2,), (5,)}
    assert said["scattered"] == []
    assert [len(c.clusters) for c in found.classes[:3]] == [1] * 3
    assert min(c.silhouette for c in found.classes[:3]) > 0.5
    assert max(abs(c.silhouette) for c in found.classes[3:5]) < 0.1


def test_a_class_spread_among_all_others_is_scattered():
    rng = np.random.default_rng(1)
    names = [*"abcdef", "mouse"]
    truth = np.repeat(np.arange(7), 50)
    where = np.where(truth == 6, np.arange(350) % 6, truth)  # mice sit in every other cloud
    found = describe(cloud_of(20 * np.eye(8)[where] + rng.normal(0, 1, (350, 8)), truth, names), "validation")
    (statement,) = [s for s in found.statements if s.kind == "scattered"]
    assert statement.classes == (6,)
    assert statement.sentence.startswith("mouse is scattered: of its neighbours only ")
    assert found.classes[6].spread == pytest.approx(6, abs=0.3)


def test_a_class_that_only_its_number_makes_alone_is_not_said_to_stand_alone():
    noise = np.random.default_rng(3).normal(0, 1, (1000, 8))
    found = describe(cloud_of(noise, np.repeat([0, 1], [900, 100]), "ab"), "validation")
    assert found.classes[0].own > 0.85
    assert {s.kind for s in found.statements} == {"mixes"}


def test_how_a_rare_class_mixes_is_told_of_each_class():
    noise, truth = np.random.default_rng(3).normal(0, 1, (1000, 8)), np.repeat([0, 1], [900, 100])
    predicted = np.concatenate([np.repeat([0, 1], [882, 18]), np.repeat([0, 1], [87, 13])])
    found = describe(cloud_of(noise, truth, ["good", "dent"], predicted), "validation")
    (pair,) = found.pairs
    assert (pair.a_as_b, pair.b_as_a, pair.predicted) == (18, 87, 0.105)
    near = f"{pair.b_near_a:.0%} of the neighbours of good are dent, {pair.a_near_b:.0%} of the neighbours of dent"
    taken = "the model takes 18 of 900 good for dent and 87 of 100 dent for good"
    assert found.statements[0].sentence.endswith(f"; {near} are good; {taken}).")


@pytest.mark.parametrize("small", [4, 10, 11])
def test_a_class_of_at_most_k_images_is_not_said_to_mix(small):
    """Its images lack k neighbours of their own, although the other class lies far off."""
    truth = np.repeat([0, 1], [small, 50])
    points = 30 * np.eye(8)[truth] + np.random.default_rng(6).normal(0, 1, (len(truth), 8))
    found = describe(cloud_of(points, truth, "ab"), "validation")
    assert "mixes" not in {s.kind for s in found.statements}
    assert found.classes[0].own == pytest.approx(min(1, (small - 1) / 10))


def test_a_small_class_among_others_is_not_said_to_be_scattered():
    centre = 30 * np.eye(8)[np.repeat(np.arange(7), [6] * 7)]
    points = centre + np.random.default_rng(7).normal(0, 1, (42, 8))
    found = describe(cloud_of(points, np.repeat(np.arange(7), [6] * 7), "abcdefg"), "validation")
    assert found.statements == ()


@settings(max_examples=10)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 9))
def test_knn_confusion_and_silhouette_equal_scikit_learn(seed, k):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, 60)
    points = rng.normal(0, 1, (60, 6)) + truth[:, None] * rng.uniform(0, 0.7)
    mixing = measure_mixing(points, truth, 5, k)
    chances = np.zeros((60, 5))
    for i in range(60):
        others = np.arange(60) != i
        model = KNeighborsClassifier(k, algorithm="brute").fit(points[others], truth[others])
        chances[i, model.classes_] = model.predict_proba(points[i : i + 1])[0]
    expected = [chances[truth == c].mean(axis=0) for c in range(4)]
    np.testing.assert_allclose(mixing.confusion[:4], expected)
    assert np.isnan(mixing.confusion[4]).all()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "_BLOCK", 500)
        values, images = silhouettes(points, truth, 5)
    samples = silhouette_samples(points, truth)
    many = [c for c in range(4) if (truth == c).sum() > 1]
    np.testing.assert_allclose(values[many], [samples[truth == c].mean() for c in many])
    assert np.isnan(values[4])
    assert images == 60


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """Two classes from one cloud: in the long run half of all neighbours are of the other one."""
    rng = np.random.default_rng(2)
    held = 0
    for trial in range(60):
        truth = np.repeat([0, 1], 60)
        mixing = measure_mixing(rng.normal(0, 1, (120, 5)), truth, 2, 10, trial)
        pair = mixing.pair(0, 1)
        held += pair.low <= 60 / 119 <= pair.high
    assert held >= 50


@pytest.mark.parametrize("size", [16, 49, 98, 103, 107, 161])  # of those whose reciprocals do not add up to 1
def test_a_share_never_passes_one(size):
    points = np.random.default_rng(0).normal(0, 1, (2 * size, 3)) + np.repeat([0, 90], size)[:, None]
    own = measure_mixing(points, np.repeat([0, 1], size), 2, 15).own(0)
    assert own.high <= 1


def test_shares_of_nothing_and_all_keep_an_interval():
    rng = np.random.default_rng(3)
    truth = np.repeat([0, 1, 2], 20)
    mixing = measure_mixing(rng.normal(0, 1, (60, 3)) + 100 * truth[:, None], truth, 4, 5)
    assert mixing.own(0).value == 1
    assert 0.8 < mixing.own(0).low < 1
    assert mixing.pair(0, 1).value == 0
    assert 0 < mixing.pair(0, 1).high < 0.12
    assert mixing.own(3) is None
    assert mixing.pair(0, 3) is None
    assert mixing.mixed_pairs() == []
    assert mixing.spread(0) is None


def test_a_pair_that_shares_nothing_is_known_no_better_than_its_small_class():
    """Wilson's ends, computed by hand: 3.84 / (5 + 3.84) = .434 and 3.84 / (200 + 3.84) = .019."""
    truth = np.repeat([0, 1], [5, 200])
    points = np.random.default_rng(8).normal(0, 1, (205, 3)) + 100 * truth[:, None]
    mixing = measure_mixing(points, truth, 2, 4)
    assert mixing.own(0).low == pytest.approx(1 - 0.434, abs=1e-3)
    assert mixing.pair(0, 1).high == pytest.approx(np.hypot(0.434, 0.019) / 2, abs=1e-3)


@pytest.mark.parametrize("images", [1, 2, 4])
def test_classes_of_few_images_have_the_intervals_of_trials(images):
    """Drawn again, one image gives an interval of no width. Wilson's ends solve (x - p)^2 = z^2 p (1 - p) / n."""
    rng = np.random.default_rng(9)
    truth = np.repeat([0, 1], [images, 30])
    mixing = measure_mixing(rng.normal(0, 1, (images + 30, 2)), truth, 2, 6)
    own = mixing.own(0)
    for end in (own.low, own.high):
        assert (own.value - end) ** 2 == pytest.approx(1.96**2 * end * (1 - end) / images)
    assert 0 <= own.low < own.high <= 1
    pair = mixing.pair(0, 1)
    assert pair.low < pair.value < pair.high
    assert pair.high - pair.low > 0.2


@pytest.mark.parametrize("images", [5, 10])
def test_classes_smaller_than_their_neighbourhood_have_them_too(images):
    """Of ten neighbours, all others of such a class are some: whichever images are drawn, the share is the same."""
    truth = np.repeat([0, 1], [images, 30])
    mixing = measure_mixing(
        np.random.default_rng(10).normal(0, 1, (images + 30, 3)) + 100 * truth[:, None], truth, 2, 10
    )
    own = mixing.own(0)
    assert own.value == pytest.approx((images - 1) / 10)
    assert own.high - own.low > 0.2


@pytest.mark.parametrize("count", [10, 50, 450])
@pytest.mark.parametrize("size", [2, 100])
def test_one_cloud_is_one_cluster_and_two_are_two(count, size):
    rng = np.random.default_rng(4)
    for _ in range(5):
        cloud = rng.normal(0, 1, (count, size))
        assert len(clusters(cloud)) == 1
    apart = np.concatenate([rng.normal(0, 1, (count, size)), rng.normal(0, 1, (count, size)) + 8])
    sizes = clusters(apart)
    assert len(sizes) == 2
    assert min(sizes) >= 0.8 * count
    assert clusters(cloud[:9]) is None


@pytest.mark.parametrize(("distance", "fewest", "most"), [(0, 0, 2), (8, 54, 60)])
def test_clusters_are_more_than_a_chance_of_the_draw(distance, fewest, most):
    """Of 60 draws of one cloud 9 would be several clusters if one look at all of it were enough."""
    rng, split = np.random.default_rng(7), 0
    for draw in range(60):
        cloud = rng.normal(0, 1, (20, 2))
        cloud[8:, 0] += distance
        sizes = clusters(cloud, draw)
        split += len(sizes) > 1
    assert fewest <= split <= most


def test_an_outlier_is_in_no_cluster():
    cloud = np.random.default_rng(8).normal(0, 1, (60, 3))
    cloud[30:59] += 12
    cloud[59] = 300
    sizes = clusters(cloud)
    assert len(sizes) == 2
    assert sum(sizes) < 60


def test_a_set_of_few_images_and_classes_has_figures_where_they_exist(tmp_path):
    rng = np.random.default_rng(5)
    found = describe(cloud_of(rng.normal(0, 1, (4, 3)), np.array([0, 0, 0, 2]), "abc"), "validation")
    assert found.neighbours == 3
    empty = found.classes[1]
    assert (empty.images, empty.own, empty.silhouette, empty.accuracy, empty.typical) == (0, None, None, None, ())
    assert found.classes[2].silhouette is None
    save_explanation(tmp_path / "e.json", found)
    assert load_explanation(tmp_path / "e.json") == found


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"version": 9}, "explanation record of version 9, expected 1"),
        ({"colour": 1}, "unknown key 'colour'"),
        ({"neighbours": 0}, "'neighbours'"),
        (
            {
                "pairs": [
                    {
                        "a": 0,
                        "b": 7,
                        "confusion": 0,
                        "low": 0,
                        "high": 0,
                        "b_near_a": 0,
                        "a_near_b": 0,
                        "predicted": None,
                        "a_as_b": 0,
                        "b_as_a": 0,
                    }
                ]
            },
            "class 7 is named, there are 6",
        ),
    ],
)
def test_an_edited_explanation_is_refused(planted, tmp_path, change, complaint):
    path = tmp_path / "e.json"
    save_explanation(path, describe(planted, "validation"))
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError, match=complaint):
        load_explanation(path)
    path.write_text("[1]")
    with pytest.raises(UserError, match="holds no explanation record"):
        load_explanation(path)
