"""Scores with classes put together are those of labels and answers that were put together before."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from pixelproof import api
from pixelproof.data import write_png
from pixelproof.errors import Refusal, UserError
from pixelproof.evaluation import summarise
from pixelproof.evaluation.calibration import reliability
from pixelproof.evaluation.merge_classes import with_merged_classes
from pixelproof.evaluation.outcomes import outcomes
from pixelproof.labels import PRESETS, VOID, LabelClass, LabelScheme, encode_colors, merge_classes
from pixelproof.runs import ClassificationScores, Source, labels_to_yaml, load_scores, save_scores

LAND = PRESETS["deepglobe"]
PLANTS = {"plants": ["rangeland", "forest"], "bare": ["barren"]}
WORDS = LabelScheme(task="classification", classes=tuple(LabelClass(name=n, id=i) for i, n in enumerate("abcd")))
MERGED_YAML = """
task: segmentation
classes:
  - {name: urban, id: 0, color: [0, 255, 255]}
  - {name: agriculture, id: 1, color: [255, 255, 0]}
  - {name: plants, id: 2, color: [255, 0, 255]}
  - {name: water, id: 4, color: [0, 0, 255]}
  - {name: bare, id: 5, color: [255, 255, 255]}
  - {name: unknown, id: 6, color: [0, 0, 0], ignored: true}
void_colors: [[9, 9, 9]]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """True masks and two guesses at them: as they are, and with forest painted as rangeland."""
    folder, rng = tmp_path_factory.mktemp("land"), np.random.default_rng(0)
    scheme = LAND.model_copy(update={"decode": "exact", "void_colors": ((9, 9, 9),)})
    labels = json.dumps(scheme.model_dump(mode="json"))
    for index in range(5):
        truth = rng.integers(0, 7, (20, 30)).astype(np.uint8)
        for name, share in (("truth", 0.0), ("one", 0.2), ("other", 0.5)):
            mask = np.where(rng.random(truth.shape) < share, rng.integers(0, 7, truth.shape), truth).astype(np.uint8)
            mask[rng.random(mask.shape) < 0.1] = VOID
            for kind, values in (("told", mask), ("one", np.where(mask == 3, 2, mask).astype(np.uint8))):
                write_png(folder / kind / name / f"{index}.png", encode_colors(scheme, values))
    (folder / "told" / "labels.yaml").write_text(labels, "utf-8")
    (folder / "one" / "labels.yaml").write_text(MERGED_YAML, "utf-8")
    return folder


def classified(seed=0, n=400, temperatures="none"):
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet(np.full(4, 0.5), n).astype(np.float32)
    truth = np.where(rng.random(n) < 0.6, chances.argmax(axis=1), rng.integers(0, 4, n)).astype(np.int64)
    columns = len(temperatures.split(", "))
    return ClassificationScores(
        ids=tuple(map(str, range(n))),
        truth=truth,
        **outcomes(chances.astype(np.float64), truth),
        scheme=WORDS,
        source=Source("net", "validation", "a print of images and classes", looks="1 x 1", temperatures=temperatures),
        calibration=np.zeros((n, columns, 15, 3), np.int64),
        probabilities=chances,
    )


def test_pixels_are_those_of_masks_whose_values_were_put_together(folder):
    for name in ("one", "other"):
        scores = api.score(folder / "told" / name, folder / "told" / "truth", merge=PLANTS)
        other = api.score(folder / "one" / name, folder / "one" / "truth")
        np.testing.assert_array_equal(scores.confusion, other.confusion)
        assert (scores.boundaries, scores.calibration) == (None, None)
        assert summarise(scores) == summarise(replace(other, boundaries=None))


def test_labels_that_read_the_old_values_as_one_class_are_those_of_merged_scores(folder, tmp_path):
    labels = tmp_path / "labels.yaml"
    merged = api.score(folder / "told" / "one", folder / "told" / "truth", merge=PLANTS)
    labels.write_text(labels_to_yaml(merged.scheme), "utf-8")
    assert "{name: plants, id: 2, color: [255, 0, 255], aliases: [[0, 255, 0]], alias_ids: [3]}" in labels.read_text()
    other = api.score(folder / "told" / "one", folder / "told" / "truth", labels)
    np.testing.assert_array_equal(merged.confusion, other.confusion)
    assert merged.scheme.hash == other.scheme.hash


def test_both_sides_merged_alike_are_compared_and_with_others_refused(folder, pixelproof, tmp_path):
    options = [part for name, olds in PLANTS.items() for part in ("--merge", f"{name}={', '.join(olds)}")]
    for name in ("one", "other"):
        masks = (folder / "told" / name, folder / "told" / "truth")
        assert pixelproof("score", *masks, "--out", tmp_path / f"{name}.npz")[0] == 0
        file = tmp_path / f"{name}-merged.npz"
        code, out, said = pixelproof("score", tmp_path / f"{name}.npz", *options, "--out", file)
        assert code == 0, said
        assert "plants" in out
        assert "are left out" in said
    record = api.compare([tmp_path / "one-merged.npz", tmp_path / "other-merged.npz"], tmp_path / "verdict")
    assert list(record.pairs[0].classes) == ["urban", "agriculture", "plants", "water", "bare"]
    with pytest.raises(Refusal, match="contracts: only one has plants, bare, and only other has rangeland, "):
        api.compare([tmp_path / "one-merged.npz", tmp_path / "other.npz"])


def test_the_order_of_names_is_no_matter_and_the_first_class_gives_id_and_colour():
    scheme, new = merge_classes(LAND, {"plants": ["forest", "rangeland"]})
    assert scheme.hash == merge_classes(LAND, {"plants": ["rangeland", "forest"]})[0].hash != LAND.hash
    assert new.tolist() == [0, 1, 2, 2, 3, 4, 5]
    plants = scheme.classes[2]
    assert (plants.name, plants.ids, plants.colors) == ("plants", (2, 3), ((255, 0, 255), (0, 255, 0)))
    assert merge_classes(LAND, {"forest": ["rangeland", "forest"]})[0].names[2] == "forest"


def test_a_new_name_changes_no_count(tmp_path):
    scores = classified()
    renamed = with_merged_classes(scores, {"alpha": ["a"]})
    assert renamed.scheme.names == ("alpha", "b", "c", "d")
    assert all(getattr(renamed, name) is value for name, value in vars(scores).items() if name != "scheme")
    save_scores(tmp_path / "renamed.npz", renamed)
    assert load_scores(tmp_path / "renamed.npz").scheme.hash == renamed.scheme.hash != scores.scheme.hash


def test_the_class_with_the_highest_sum_is_the_answer():
    chances = np.array([[0.4, 0.3, 0.3, 0.0], [0.1, 0.2, 0.3, 0.4]], np.float32)
    scores = replace(classified(n=2), truth=np.array([1, 0]), probabilities=chances)
    merged = with_merged_classes(scores, {"bc": ["c", "b"]})
    assert merged.scheme.names == ("a", "bc", "d")
    assert (merged.truth.tolist(), merged.predicted.tolist(), merged.rank.tolist()) == ([1, 0], [1, 1], [0, 2])
    np.testing.assert_allclose(merged.loss, -np.log([0.6, 0.1]), rtol=1e-6)
    np.testing.assert_allclose(merged.confidence, [0.6, 0.5], rtol=1e-6)
    blind = with_merged_classes(replace(scores, predicted=np.array([0, 3]), probabilities=None), {"bc": ["c", "b"]})
    assert (blind.truth.tolist(), blind.predicted.tolist(), blind.rank.tolist()) == ([1, 0], [0, 2], [-1, -1])
    assert summarise(blind)["loss"] is None


@given(st.integers(0, 2**32))
def test_probabilities_are_summed_as_scikit_learn_sees_it(seed):
    scores = classified(seed, temperatures="none, fitted")
    merged = with_merged_classes(scores, {"ac": ["a", "c"]})
    sums = np.stack([scores.probabilities[:, [0, 2]].sum(axis=1), *scores.probabilities[:, [1, 3]].T], axis=1)
    sums = sums.astype(np.float64) / sums.sum(axis=1, keepdims=True, dtype=np.float64)
    truth = np.array([0, 1, 0, 2])[scores.truth]
    figures = summarise(merged)
    assert figures["accuracy"] == pytest.approx(sk.accuracy_score(truth, sums.argmax(axis=1)))
    assert figures["loss"] == pytest.approx(sk.log_loss(truth, sums, labels=[0, 1, 2]), rel=1e-5)
    second = (merged.rank < 2).mean()
    assert second == pytest.approx(sk.top_k_accuracy_score(truth, sums, k=2, labels=[0, 1, 2]))
    assert figures["roc_auc"]["ac"] == pytest.approx(sk.roc_auc_score(truth == 0, sums[:, 0]), abs=1e-4)
    assert [found["temperature"] for found in figures["calibration"]] == ["fitted"]
    found = reliability(merged.calibration[:, 0])
    assert np.nansum(found.count * found.confidence) == pytest.approx(sums.max(axis=1).sum(), abs=0.05)


def test_merged_probabilities_can_be_kept_and_merged_again(tmp_path):
    scores = replace(classified(n=3), probabilities=np.array([[0, 0, 0, 1.0]] * 3, np.float32))
    merged = with_merged_classes(scores, {"ab": ["a", "b"]})
    assert np.isfinite(merged.loss).all()
    assert merged.source == replace(scores.source, fingerprint="")
    save_scores(tmp_path / "merged.npz", merged)
    again = with_merged_classes(load_scores(tmp_path / "merged.npz"), {"abc": ["ab", "c"]})
    once = with_merged_classes(scores, {"abc": ["a", "b", "c"]})
    np.testing.assert_allclose(again.loss, once.loss, rtol=1e-6)
    assert again.scheme.hash == once.scheme.hash


@pytest.mark.parametrize(
    ("merges", "complaint"),
    [
        (["plants=forest,rangelands"], "no class 'rangelands' that .* 'plants'; did you mean 'rangeland'?"),
        (["plants=forest,water", "wet=water"], "'water' is to be merged twice"),
        (["plants=forest,forest"], "'forest' is to be merged twice"),
        (["water=forest,rangeland"], "'water' is the name of a class that is not merged into it"),
        (["rest=barren,unknown"], "'rest' would be of classes that are scored and of ignored ones"),
        (["plants=forest", "plants=water"], "two merges are called 'plants'"),
        (["plants"], "the merge 'plants' is not NEW=OLD,OLD"),
        (["=forest,water"], "the merge '=forest,water' lacks a name"),
        (["plants="], "no class '' that"),
    ],
)
def test_merges_that_cannot_be_are_one_sentence(folder, pixelproof, merges, complaint):
    masks = (folder / "told" / "one", folder / "told" / "truth")
    code, out, said = pixelproof("score", *masks, *(part for text in merges for part in ("--merge", text)))
    assert (code, out) == (2, "")
    with pytest.raises(UserError, match=complaint):
        raise UserError(said.strip(), "")


def test_two_classes_must_be_left():
    with pytest.raises(UserError, match="leave one class alone, 'all'"):
        with_merged_classes(classified(n=1), {"all": list("abcd")})
