"""Scores with one row for each group of images are those of a table of the groups' mean probabilities."""

from dataclasses import replace

import numpy as np
import pytest
from test_merge_classes import classified

from pixelproof import api
from pixelproof.errors import Refusal, UserError
from pixelproof.evaluation import summarise
from pixelproof.evaluation.merge_classes import with_merged_classes
from pixelproof.evaluation.per_group import scores_per_group
from pixelproof.evaluation.sentences import looks_line, promise_lines
from pixelproof.evaluation.threshold import looked
from pixelproof.evaluation.units import subset
from pixelproof.labels import PRESETS
from pixelproof.runs import SegmentationScores, load_scores, save_scores


def grouped(seed=0, n=400, count=90, name="net"):
    """Return scores of images of so many patients, each of one class, in no order."""
    scores, rng = classified(seed, n, "none, fitted"), np.random.default_rng(seed)
    members, classes = rng.integers(0, count, n), rng.integers(0, 4, count)
    groups = np.array([f"p{member:02}" for member in members])
    source = replace(scores.source, name=name, weights="a print", learned="some")
    return replace(scores, truth=classes[members].astype(np.int64), groups=groups, source=source)


def means(scores):
    """Return the mean probabilities and the class by group, by a plain loop."""
    found = {}
    for group, truth, chances in zip(scores.groups.tolist(), scores.truth, scores.probabilities, strict=True):
        found.setdefault(group, []).append((truth, chances.astype(np.float64)))
    return {group: (rows[0][0], np.mean([row for _, row in rows], axis=0)) for group, rows in sorted(found.items())}


@pytest.mark.parametrize("seed", range(3))
def test_rows_are_those_of_a_table_of_the_means(seed, tmp_path):
    scores = grouped(seed)
    lines, truths = ["filename,a,b,c,d"], ["filename,label"]
    for group, (truth, chances) in means(scores).items():
        lines.append(",".join([group, *map(repr, chances.tolist())]))
        truths.append(f"{group},{'abcd'[truth]}")
    for file, rows in (("net.csv", lines), ("truth.csv", truths)):
        (tmp_path / file).write_text("\n".join(rows), "utf-8")
    table, found = api.score(tmp_path / "net.csv", tmp_path / "truth.csv"), scores_per_group(scores)
    assert found.ids == table.ids
    for name, value in vars(table).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_allclose(getattr(found, name), value, rtol=1e-6, err_msg=name)
    assert found.groups is None
    source = replace(scores.source, name="net per group", temperatures="fitted", unit="group")
    assert replace(found.source, members="") == source
    promised = replace(found.source, learned="")
    said = summarise(replace(found, source=promised)) | {"looks": None, "unit": "image"}
    given = [each | {"temperature": "given"} for each in said["calibration"]]
    assert repr(said | {"calibration": given}) == repr(summarise(table))
    assert looked(found, "b", 0.3) == looked(table, "b", 0.3)


def test_the_order_of_images_is_no_matter_and_each_alone_is_itself():
    scores = grouped()
    found = scores_per_group(scores)
    turned = scores_per_group(subset(scores, np.random.default_rng(0).permutation(400)))
    assert (turned.ids, turned.predicted.tolist()) == (found.ids, found.predicted.tolist())
    np.testing.assert_allclose(turned.probabilities, found.probabilities, atol=1e-7)
    alone = scores_per_group(replace(scores, groups=np.array([f"{n:03}" for n in range(400)])))
    np.testing.assert_array_equal(alone.probabilities, scores.probabilities)
    np.testing.assert_array_equal(alone.predicted, scores.probabilities.argmax(axis=1))


def test_folds_are_answered_for_before_they_are_put_together(tmp_path):
    scores = grouped()
    for place in range(3):
        of_fold = np.array([int(group[1:]) % 3 == place for group in scores.groups])
        save_scores(tmp_path / f"{place}.npz", subset(scores, of_fold))
    found = api.score([tmp_path / f"{place}.npz" for place in range(3)], per_group=True)
    whole = scores_per_group(scores)
    order = np.argsort(found.ids)
    np.testing.assert_array_equal(np.array(found.ids)[order], whole.ids)
    for name in ("truth", "predicted", "rank", "loss", "confidence"):
        np.testing.assert_array_equal(getattr(found, name)[order], getattr(whole, name))
    assert (found.source.unit, found.probabilities) == ("group", None)
    save_scores(tmp_path / "0g.npz", api.score(tmp_path / "0.npz", per_group=True))
    with pytest.raises(UserError, match="some of the scores are of groups of images, and some of images"):
        api.score([tmp_path / "0g.npz", tmp_path / "1.npz"])


def test_classes_are_merged_first_so_that_a_group_may_be_of_both(tmp_path):
    scores = grouped()
    save_scores(tmp_path / "a.npz", scores)
    found = api.score(tmp_path / "a.npz", merge={"ac": ["a", "c"]}, per_group=True)
    other = with_merged_classes(scores_per_group(scores), {"ac": ["a", "c"]})
    np.testing.assert_allclose(found.probabilities, other.probabilities, atol=1e-7)
    assert found.truth.tolist() == other.truth.tolist()
    mixed = replace(scores, truth=np.where(scores.truth == 0, np.arange(400) % 2 * 2, scores.truth))
    save_scores(tmp_path / "mixed.npz", mixed)
    assert api.score(tmp_path / "mixed.npz", merge={"ac": ["a", "c"]}, per_group=True).ids == other.ids
    with pytest.raises(UserError, match=r"group 'p\d\d' of the scores of net has images of '[ac]' and '[ac]'; correct"):
        api.score(tmp_path / "mixed.npz", per_group=True)


def test_a_page_says_that_answers_are_of_groups_and_counts_these():
    found = scores_per_group(grouped(n=60, count=20))
    known = replace(found, source=replace(found.source, learned=""))
    assert looks_line(known).endswith("Each answer is that for a group of images, by the mean of their probabilities.")
    assert promise_lines(known)[0].startswith(f"At least 90% right is not promised: {len(known.ids)} groups are too")


def test_compared_alike_and_refused_beside_images(pixelproof, tmp_path):
    for seed, name in enumerate(("one", "other")):
        scores = replace(grouped(seed, name=name), truth=grouped().truth, groups=grouped().groups)
        save_scores(tmp_path / f"{name}.npz", scores)
        file = tmp_path / f"{name}-patients.npz"
        code, out, said = pixelproof("score", tmp_path / f"{name}.npz", "--per-group", "--out", file)
        assert code == 0, said
        assert f"of {len(set(scores.groups))} groups." in out
        assert load_scores(file).ids == tuple(sorted(set(scores.groups)))
    record = api.compare([tmp_path / "one-patients.npz", tmp_path / "other-patients.npz"])
    assert [model.name for model in record.models] == ["one per group", "other per group"]
    assert record.test == "mcnemar"  # as patients are independent
    for files in (("one-patients", "other"), ("other", "one-patients")):
        with pytest.raises(Refusal, match="one per group for each group of images, other for each image; score both"):
            api.compare([tmp_path / f"{file}.npz" for file in files])


def test_groups_that_are_called_alike_and_hold_other_images_are_not_compared(tmp_path):
    scores = grouped()
    save_scores(tmp_path / "one.npz", scores_per_group(scores))
    save_scores(tmp_path / "turned.npz", scores_per_group(subset(scores, np.arange(400)[::-1])))
    api.compare([tmp_path / "one.npz", tmp_path / "turned.npz"])
    moved = np.flatnonzero((scores.truth == scores.truth[0]) & (scores.groups != scores.groups[0]))[0]
    groups = scores.groups.copy()
    groups[moved] = groups[0]
    save_scores(tmp_path / "other.npz", scores_per_group(replace(scores, groups=groups)))
    with pytest.raises(Refusal, match="groups that are called alike and hold other images; score both with the same g"):
        api.compare([tmp_path / "one.npz", tmp_path / "other.npz"])


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"groups": None}, "the scores of net know no groups of images, .*; name them in groups.csv"),
        ({"probabilities": None}, "the scores of net hold no probabilities, whose mean"),
    ],
)
def test_scores_that_lack_something_are_refused(changes, complaint):
    with pytest.raises(UserError, match=complaint):
        scores_per_group(replace(grouped(), **changes))


def test_masks_and_groups_are_refused():
    masks = SegmentationScores(("0",), np.zeros((1, 8, 8), np.int64), PRESETS["deepglobe"], groups=np.array(["p"]))
    with pytest.raises(UserError, match="--per-group is for classifiers"):
        scores_per_group(masks)
    with pytest.raises(UserError, match="net per group have one row for each group already"):
        scores_per_group(scores_per_group(grouped()))


@pytest.mark.parametrize("name", ["b", "b+d"])
def test_a_group_is_of_a_class_if_any_of_its_images_is(name):
    """As a part of which one picture shows a scratch."""
    scores = grouped()
    places = ["abcd".index(letter) for letter in name.split("+")]
    some = np.random.default_rng(1).random(len(scores.ids)) < 0.1
    truth = np.where(some, places[0], scores.truth)  # beside images of the group's other class
    scores = replace(scores, truth=truth)
    chances = scores.probabilities[:, places].astype(np.float64).sum(axis=1)
    groups = sorted(set(scores.groups.tolist()))
    own = [np.isin(truth[scores.groups == group], places).any() for group in groups]
    most = [chances[scores.groups == group].max() for group in groups]

    found = scores_per_group(scores, name)
    index = found.scheme.names.index(name)
    assert found.ids == tuple(groups)
    assert (found.truth == index).tolist() == own
    np.testing.assert_allclose(found.probabilities[:, index], most, rtol=1e-6)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-6)
    shares = looked(found, name, 0.4).shares
    hits = sum(o and m >= 0.4 for o, m in zip(own, most, strict=True))
    assert (shares["sensitivity"].hits, shares["sensitivity"].of) == (hits, sum(own))
    with pytest.raises(UserError, match="has images of"):
        scores_per_group(scores, "c")
    with pytest.raises(UserError, match="there is no class 'e'"):
        scores_per_group(scores, "e")


def test_any_asks_for_groups(tmp_path, pixelproof):
    save_scores(tmp_path / "a.npz", grouped())
    code, _, err = pixelproof("score", tmp_path / "a.npz", "--any", "b")
    assert (code, "give --per-group, too" in err) == (2, True)
    assert pixelproof("score", tmp_path / "a.npz", "--per-group", "--any", "b+d", "--threshold", "b+d=0.4")[0] == 0
