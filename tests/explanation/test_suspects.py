"""Suspected label errors and what to look at next: against cleanlab, planted errors, and the real contradictions."""

import numpy as np
import pytest
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelproof.errors import UserError
from pixelproof.explanation.neighbours import nearest
from pixelproof.explanation.priority import Reason, novelty, unlike_train, worth_a_look
from pixelproof.explanation.suspects import Labelled, confident_errors, suspects
from pixelproof.runs.ranked_file import Ranked, load_ranked, save_ranked


def labelled(chances, given, digests=None):
    count = len(given)
    return Labelled(
        ids=tuple(f"{i}.png" for i in range(count)),
        splits=("train",) * count,
        given=given,
        model=chances,
        near=chances,
        digests=digests or tuple(bytes([i]) for i in range(count)),
        names=tuple("abcdefgh"[: chances.shape[1]]),
    )


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), classes=st.integers(2, 6))
def test_flags_and_ranks_equal_cleanlab(seed, classes):
    rng = np.random.default_rng(seed)
    given_ = np.concatenate([np.arange(classes), rng.integers(0, classes, 80)])
    logits = (
        rng.normal(0, 1, (len(given_), classes))
        + 2 * np.eye(classes)[(given_ + (rng.random(len(given_)) < 0.2)) % classes]
    )
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    flagged = confident_errors(chances, given_)
    expected = find_label_issues(given_, chances, filter_by="confident_learning", n_jobs=1)
    np.testing.assert_array_equal(flagged, expected)
    ranked = [row.score for row in suspects(labelled(chances, given_))]
    quality = get_label_quality_scores(given_, chances, method="normalized_margin")
    # Their score of a label is 0..1 by its margin over the likeliest class; ours is that margin, turned round.
    theirs = sorted((1 - 2 * quality[quality < 0.5]).tolist(), reverse=True)
    np.testing.assert_allclose(ranked, np.minimum(theirs, 0.9999), atol=1e-9)


def test_identical_images_of_different_labels_come_first():
    chances = np.array([[0.9, 0.1], [0.9, 0.1], [0.99, 0.01], [0.02, 0.98], [0.9, 0.1]])
    given_ = np.array([0, 1, 1, 1, 0])
    rows = suspects(labelled(chances, given_, (b"x", b"x", b"y", b"z", b"w")))
    assert [(row.id, row.given, row.suggested, row.score) for row in rows[:2]] == [
        ("1.png", "b", "a", 1.0),
        ("0.png", "a", "b", 1.0),
    ]
    assert rows[0].why == "read as identical to 0.png, which is labelled a: one of both is wrong"
    assert [row.id for row in rows[2:]] == ["2.png"]
    assert rows[2].score < 1


def test_a_class_without_labels_attracts_nothing():
    flagged = confident_errors(np.array([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]]), np.array([1, 0]))
    assert not flagged.any()


def test_the_head_of_the_list_holds_the_head_of_every_reason():
    loss = np.array([9.0, 0.1, 0.2, 0.3, np.nan, np.nan])
    doubt = np.array([0.1, 0.9, 0.2, 0.3, 0.4, 0.5])
    strange = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 1.0])
    reasons = [
        Reason(loss, "loss {:.1f}".format),
        Reason(doubt, "doubt {:.1f}".format),
        Reason(strange, "new {:.1f}".format),
    ]
    order, scores, why = worth_a_look(reasons)
    assert set(order[:3]) == {0, 1, 5}
    assert scores[:3] == [1.0, 1.0, 1.0]
    assert why[order.index(0)] == "loss 9.0"
    assert sorted(order) == list(range(6))
    assert (np.diff(scores) <= 0).all()


def test_a_value_that_most_images_share_makes_none_of_them_stand_out():
    loss, new = np.linspace(0, 1, 100), np.zeros(100)
    new[:3] = (0.5, 0.6, 0.7)  # of the images that the model knows best
    order, scores, why = worth_a_look([Reason(loss, "loss {:.2f}".format), Reason(new, unlike_train)])
    assert set(order[:4]) == {99, 98, 2, 1}
    assert (order[-1], scores[-1]) == (3, pytest.approx(3 / 99))
    assert sum("farther" in words for words in why) == 3
    assert not any("than 0.0%" in words for words in why)


def test_all_that_share_the_highest_value_head_the_list_unless_all_share_it():
    loss = np.linspace(0, 1, 10)
    order, scores, _ = worth_a_look([Reason(loss, str), Reason(np.repeat([1.0, 0.2], [4, 6]), unlike_train)])
    assert set(order[:5]) == {0, 1, 2, 3, 9}
    assert scores[:5] == [1.0] * 5
    order, scores, why = worth_a_look([Reason(loss, "loss {:.1f}".format), Reason(np.zeros(10), unlike_train)])
    assert order == list(range(9, -1, -1))
    np.testing.assert_allclose(scores, loss[::-1])
    assert all(words.startswith("loss") for words in why)


def test_what_is_unlike_train_is_new():
    rng = np.random.default_rng(0)
    train = rng.normal(0, 1, (400, 8))
    usual, strange = rng.normal(0, 1, (200, 8)), rng.normal(0, 1, (20, 8)) + 4
    own = nearest(train, 5)[0][:, -1]
    assert novelty(own, nearest(train, 5, usual)[0][:, -1]).mean() == pytest.approx(0.5, abs=0.07)
    assert novelty(own, nearest(train, 5, strange)[0][:, -1]).min() > 0.99


def test_a_ranked_list_comes_back_as_it_was(tmp_path):
    region = Ranked("c", "x", "", "sea", 0.25, "", (1, 2, 3, 4))
    rows = [Ranked("a,b.png", "train", "cat", "dog", 1.0, 'says "dog"'), region]
    save_ranked(tmp_path / "r.csv", rows)
    assert load_ranked(tmp_path / "r.csv") == rows
    text = (tmp_path / "r.csv").read_text()
    for wrong in ("id,split\n", f"{text}a,b\n", text.replace("0.25", "2.5")):
        (tmp_path / "w.csv").write_text(wrong)
        with pytest.raises(UserError, match=r"w\.csv"):
            load_ranked(tmp_path / "w.csv")
