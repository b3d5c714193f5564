"""Maps of features: what they are made of, how far they can be believed, and new images on an old map."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.manifold import trustworthiness
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from pixelproof.config import default_config
from pixelproof.data import open_data
from pixelproof.data.thumbnails import side_for, thumbnail
from pixelproof.errors import UserError
from pixelproof.explanation import neighbours
from pixelproof.explanation.embed import embed
from pixelproof.explanation.features import extract
from pixelproof.explanation.neighbours import nearest, vote
from pixelproof.explanation.projection import Reduction, place, project
from pixelproof.explanation.quality import map_quality
from pixelproof.labels import LabelClass, LabelScheme
from pixelproof.models import build_model
from pixelproof.prediction import Predictor
from pixelproof.runs import load_features


def clouds(rng, sizes=(40, 40, 40), size=30, apart=8.0):
    """Return points of Gaussian clouds and the cloud each belongs to."""
    centres = rng.normal(0, 1, (len(sizes), size))
    centres *= apart / np.linalg.norm(centres, axis=1, keepdims=True)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return (centres[labels] + rng.normal(0, 1, (len(labels), size))).astype(np.float32), labels


def left_out(points, labels, k):
    """Return k-NN accuracy with each point left out of what is searched, by scikit-learn."""
    right = 0
    for index in range(len(points)):
        others = np.arange(len(points)) != index
        model = KNeighborsClassifier(k, algorithm="brute").fit(points[others], labels[others])
        right += model.predict(points[index : index + 1])[0] == labels[index]
    return right / len(points)


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), count=st.integers(25, 70), k=st.integers(1, 11), block=st.sampled_from([50, 10**7]))
def test_quality_equals_scikit_learn(seed, count, k, block):
    rng = np.random.default_rng(seed)
    features = (rng.normal(0, 1, (count, 9)) + 100).astype(np.float32)  # far from the origin, where digits get lost
    map_ = (features[:, :2] + rng.normal(0, 1, (count, 2))).astype(np.float32)
    labels = rng.integers(0, 4, count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "_BLOCK", block)
        found = map_quality(features, map_, labels, k)
    high, low = features.astype(np.float64), map_.astype(np.float64)
    assert found.trustworthiness == pytest.approx(trustworthiness(high, low, n_neighbors=k), abs=1e-12)
    assert found.continuity == pytest.approx(trustworthiness(low, high, n_neighbors=k), abs=1e-12)
    assert found.knn_features == pytest.approx(left_out(high, labels, k))
    assert found.knn_map == pytest.approx(left_out(low, labels, k))


def test_a_random_part_of_many_images_gives_nearly_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    features, labels = clouds(rng, (700, 700, 600))
    map_ = (features[:, :2] + rng.normal(0, 1, (2000, 2))).astype(np.float32)
    whole = map_quality(features, map_, labels)
    part_of = neighbours.chosen_rows
    monkeypatch.setattr("pixelproof.explanation.quality.chosen_rows", lambda count, seed: part_of(count, seed, 400))
    part = map_quality(features, map_, labels)
    assert (whole.images, part.images) == (2000, 400)
    assert part.trustworthiness == pytest.approx(whole.trustworthiness, abs=0.02)
    assert part.knn_map == pytest.approx(whole.knn_map, abs=0.08)


@pytest.mark.parametrize("k", [1, 4, 100])
def test_neighbours_equal_scikit_learn_and_never_hold_the_point_itself(k):
    rng = np.random.default_rng(1)
    points = rng.normal(size=(60, 5))
    distances, indices = nearest(points, k)
    expected = NearestNeighbors(n_neighbors=min(k, 59)).fit(points).kneighbors()
    np.testing.assert_allclose(distances, expected[0])
    np.testing.assert_array_equal(indices, expected[1])
    twins = np.repeat(points[:3], 20, axis=0)  # each point nineteen times more
    _, indices = nearest(twins, 5)
    assert (indices != np.arange(60)[:, None]).all()
    assert (indices // 20 == np.arange(60)[:, None] // 20).all()


def test_a_vote_goes_to_the_lowest_of_those_tied():
    np.testing.assert_array_equal(vote(np.array([[2, 2, 0], [1, 0, 3], [3, 1, 1]]), 4), [2, 0, 1])


def test_a_map_keeps_clouds_apart_and_is_the_same_every_time():
    features, labels = clouds(np.random.default_rng(2))
    reduced = Reduction.fit(features)(features)
    np.testing.assert_allclose(reduced, Reduction.fit(features)(features))
    map_, facts = project(reduced, seed=3, perplexity=15)
    again, _ = project(reduced, seed=3, perplexity=15)
    np.testing.assert_array_equal(map_, again)
    assert (facts["seed"], facts["perplexity"], facts["components"]) == (3, 15, 30)
    quality = map_quality(features, map_, labels)
    assert quality.knn_map > 0.95
    assert quality.trustworthiness > 0.85
    scrambled = map_quality(features, np.random.default_rng(0).permutation(map_), labels)
    assert scrambled.trustworthiness < 0.6
    assert scrambled.continuity < 0.6


def test_a_perplexity_that_is_lowered_is_told_once(capsys):
    reduced = np.random.default_rng(3).normal(size=(12, 5)).astype(np.float32)
    assert project(reduced, perplexity=3)[1]["perplexity"] == 3
    assert "note" not in capsys.readouterr().err
    for _ in range(2):
        assert project(reduced, perplexity=31)[1]["perplexity"] == pytest.approx(11 / 3)
    assert capsys.readouterr().err.count("note: a map of 12 images has a perplexity of 3.7 instead of 31\n") == 1


def test_new_images_land_among_their_like():
    rng = np.random.default_rng(4)
    features, labels = clouds(rng, (60, 60, 60, 60))
    old = rng.permutation(240)[:180]
    new = np.setdiff1d(np.arange(240), old)
    reduction = Reduction.fit(features[old])
    map_, facts = project(reduction(features[old]), perplexity=15)
    before = map_.copy()
    placed = place(reduction(features[new]), reduction(features[old]), map_, 0, facts["perplexity"])
    np.testing.assert_array_equal(map_, before)
    _, near = nearest(map_, 5, placed)
    assert (vote(labels[old][near], 4) == labels[new]).mean() > 0.95
    again = place(reduction(features[new]), reduction(features[old]), map_, 0, facts["perplexity"])
    np.testing.assert_array_equal(placed, again)


def test_too_few_images_are_refused():
    with pytest.raises(UserError, match="at least 10 images, here are 9"):
        Reduction.fit(np.zeros((9, 4), np.float32))


@pytest.fixture(scope="module")
def classifier():
    names = ("blue", "green", "red")
    scheme = LabelScheme(task="classification", classes=tuple(LabelClass(name=n, id=i) for i, n in enumerate(names)))
    config = default_config("classification", "vgg16").model
    model = build_model(config.model_copy(update={"width": 0.03, "input_size": 32}), 3)
    return Predictor(model, scheme, "cpu")


def test_any_layer_can_be_mapped(classifier, color_classes):
    samples = open_data(color_classes).split("train")
    last = extract(classifier, samples)
    assert last.features.shape == (30, 123)
    assert last.thumbnails.shape == (30, 32, 32, 3)
    np.testing.assert_allclose(extract(classifier, samples, "classifier.4").features, last.features, rtol=1e-6)
    # A convolution followed by a ReLU that works in place: its own values, some negative, are what counts.
    early = extract(classifier, samples, "features.0").features
    assert early.shape == (30, 2)
    np.testing.assert_array_equal(extract(classifier, samples, "features.0").logits, last.logits)
    with pytest.raises(UserError, match=r"no layer 'classifier\.8'; did you mean 'classifier\.\d'"):
        extract(classifier, samples, "classifier.8")


def test_an_embedding_says_how_it_was_made(classifier, color_classes):
    features, thumbnails = embed(classifier, open_data(color_classes).split("train"), seed=5, layer="features.30")
    assert features.settings["layer"] == "features.30"
    assert features.settings["seed"] == 5
    assert features.settings["perplexity"] == pytest.approx(29 / 3)
    assert features.ids == thumbnails.ids
    reduced = Reduction(features.mean, features.components)(features.features)
    assert reduced.shape == (30, len(features.components))
    new, _ = embed(classifier, open_data(color_classes).split("validation"), onto=features)
    assert new.map.shape == (12, 2)
    assert new.settings["onto"] == 30
    other = features.__class__(**vars(features) | {"features": np.zeros((30, 7), np.float32)})
    with pytest.raises(UserError, match="the map is of 7 features, this run gives"):
        embed(classifier, open_data(color_classes).split("validation"), onto=other)


def test_a_map_of_another_run_is_refused(pixelproof, color_classes, tmp_path):
    slim = [word for s in ("width=0.03", "epochs=1", "device=cpu", "selection=0") for word in ("--set", s)]
    for seed in (0, 1):
        train = [
            "train",
            color_classes,
            "--model",
            "vgg16",
            "--out",
            tmp_path / str(seed),
            *slim,
            "--set",
            f"seed={seed}",
        ]
        assert pixelproof(*train)[0] == 0
    embedding = ["embed", tmp_path / "0", color_classes, "--out", tmp_path / "map", "--split", "train"]
    assert pixelproof(*embedding)[0] == 0
    # Whatever prediction folds, a layer that `show` prints can be mapped.
    inner = ["embed", tmp_path / "0", color_classes, "--out", tmp_path / "inner", "--split", "train"]
    code, _, err = pixelproof(*inner, "--layer", "classifier.0")
    assert code == 0, err
    assert load_features(tmp_path / "inner" / "features.npz").features.shape == (30, 123)
    onto = ["--onto", tmp_path / "map" / "features.npz"]
    code, _, err = pixelproof("embed", tmp_path / "0", color_classes, "--out", tmp_path / "new", *onto)
    assert code == 0, err
    assert len(load_features(tmp_path / "new" / "features.npz").ids) == 12
    page = (tmp_path / "new" / "explanation.html").read_text("utf-8")
    drawn = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert (len(drawn["x"]), len(drawn["beneath"]["x"]), len(drawn["beneath"]["y"])) == (12, 30, 30)
    code, _, err = pixelproof(
        "embed", tmp_path / "0", color_classes, "--out", tmp_path / "none", "--layer", "features.99"
    )
    assert code == 2
    assert "the network has no layer 'features.99'" in err
    assert not (tmp_path / "none").exists()
    code, _, err = pixelproof("embed", tmp_path / "1", color_classes, "--out", tmp_path / "other", *onto)
    assert code == 2
    assert "was made by another model" in err


def test_thumbnails_keep_proportions():
    wide = np.zeros((10, 40, 3), np.uint8)
    small = thumbnail(wide, 16)
    assert small.shape == (16, 16, 3)
    assert (small[:6] == 255).all()
    assert (small[6:10] == 0).all()
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    np.testing.assert_array_equal(thumbnail(image, 32), image)
    np.testing.assert_array_equal(thumbnail(image, 16), np.asarray(Image.fromarray(image).resize((16, 16), Image.BOX)))
    assert (side_for(2500), side_for(60_000)) == (32, 16)


@pytest.mark.parametrize("count", [1, 2])
def test_few_images_have_no_neighbours_to_lose(count):
    found = map_quality(np.eye(count, 5), np.eye(count, 2), np.zeros(count, np.int64))
    assert found.neighbours == 0
    assert np.isnan([found.trustworthiness, found.continuity, found.knn_features, found.knn_map]).all()
