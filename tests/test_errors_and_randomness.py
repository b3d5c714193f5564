import io
import os
import pickle
import sys

import numpy as np
import pytest

from pixelproof.errors import Refusal, UserError
from pixelproof.progress import bar, say, track
from pixelproof.randomness import derive, generator, uniforms
from pixelproof.schema import Strict, nearest, parse


class Inner(Strict):
    rate: float = 0.1


class Outer(Strict):
    inner: Inner = Inner()
    epochs: int = 1


def test_an_error_is_one_sentence_with_a_remedy():
    assert str(UserError("mask a.png is empty", "remove it")) == "mask a.png is empty; remove it"
    assert (UserError("a", "b").exit_code, Refusal("a", "b").exit_code) == (2, 1)


def test_advice_names_the_nearest_word_or_the_first_and_how_many_more():
    assert nearest("epocs", ["lr", "epochs"]) == "did you mean 'epochs'?"
    assert nearest("x", ["lr", "epochs"]) == "known are epochs, lr"
    names = [f"{i:04}" for i in range(2000)]
    assert nearest("x", names).endswith("0038, 0039 and 1,960 more")


def test_an_error_comes_out_of_another_process_as_it_was():
    copy = pickle.loads(pickle.dumps(Refusal("a is wrong", "mend it")))
    assert (type(copy), copy.problem, copy.remedy, str(copy)) == (
        Refusal,
        "a is wrong",
        "mend it",
        "a is wrong; mend it",
    )


def test_text_that_would_turn_a_line_around_is_shown_as_it_is():
    assert str(UserError("photo\u202egpj.exe", "look")) == "photo\\u202egpj.exe; look"


def test_randomness_is_a_function_of_seed_and_keys():
    assert derive(1, "augment", 3, "0010") == derive(1, "augment", 3, "0010")
    choices = {derive(s, k, e) for s in range(5) for k in ("a", "b") for e in range(5)}
    assert len(choices) == 50
    assert derive(0, "a", "bc") != derive(0, "ab", "c")
    np.testing.assert_array_equal(generator(3, "x").random(4), generator(3, "x").random(4))


def test_randomness_does_not_depend_on_the_global_generator():
    np.random.seed(0)  # noqa: NPY002 - the point is that this has no effect
    first = generator(0, "x").integers(1 << 30)
    np.random.seed(1)  # noqa: NPY002
    assert first == generator(0, "x").integers(1 << 30)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"epoch": 2}, "f.yaml: unknown key 'epoch'; did you mean 'epochs'?"),
        ({"inner": {"rat": 1}}, "f.yaml: unknown key 'inner.rat'; did you mean 'rate'?"),
        ({"epochs": "many"}, "f.yaml: 'epochs': input should be a valid integer"),
    ],
)
def test_settings_name_the_key_and_the_nearest_known_one(values, complaint):
    with pytest.raises(UserError) as caught:
        parse(Outer, values, "f.yaml")
    assert str(caught.value).startswith(complaint)


def test_progress_in_a_log_says_how_much_is_left(monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    monkeypatch.setattr("pixelproof.progress.LOG_EVERY", 0.0)
    assert list(track("abc", "count", 3, "letters")) == ["a", "b", "c"]
    lines = log.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("count: 2/3 letters")
    assert lines[-1].endswith("0 s left")


def test_work_goes_on_where_nobody_reads_its_log(monkeypatch):
    full = io.StringIO()
    monkeypatch.setattr(full, "flush", lambda: os.write(-1, b"x"))  # OSError
    monkeypatch.setattr(sys, "stderr", full)
    monkeypatch.setattr("pixelproof.progress.LOG_EVERY", 0.0)
    assert list(track("abc", "count", 3, "letters")) == ["a", "b", "c"]
    monkeypatch.setattr(full, "isatty", lambda: True)  # a terminal that has gone
    monkeypatch.setenv("TERM", "xterm")
    assert list(track("abc", "count", 3, "letters")) == ["a", "b", "c"]
    monkeypatch.setattr(sys, "stderr", None)
    assert list(track("abc", "count", 3, "letters")) == ["a", "b", "c"]
    say("nobody hears this")


def test_a_display_inside_another_stays_silent(monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    monkeypatch.setattr("pixelproof.progress.LOG_EVERY", 0.0)
    with bar("outer", 2) as step:
        assert list(track("ab", "inner", 2)) == ["a", "b"]
        step()
    assert log.getvalue().startswith("outer: 1/2")
    assert "inner" not in log.getvalue()


def test_progress_goes_on_from_what_is_done(monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    monkeypatch.setattr("pixelproof.progress.LOG_EVERY", 0.0)
    with bar("train", 10, "batches", done=4) as step:
        step(1, loss=0.5)
    assert log.getvalue().startswith("train: 5/10 batches")
    assert "loss 0.5" in log.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_a_name_is_shown_as_it_is_and_not_obeyed(monkeypatch, terminal):
    log = io.StringIO()
    monkeypatch.setattr(log, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", log)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("pixelproof.progress.LOG_EVERY", 0.0)
    with bar("[/b][red]\x1b[2J", 1) as step:
        step()
    say("class \x1b[2J")
    assert "[/b][red]\\x1b[2J" in log.getvalue()
    assert "class \\x1b[2J\n" in log.getvalue()


def test_uniforms_are_a_function_of_key_counter_and_column():
    keys = np.array([derive(0, "a", i) for i in range(2000)], np.uint64)
    first = uniforms(keys, 3, 8)
    np.testing.assert_array_equal(uniforms(keys[[7, 5]], 3, 8), first[[7, 5]])
    np.testing.assert_array_equal(uniforms(keys[[7, 5]], [4, 3], 8), [uniforms(keys, 4, 8)[7], first[5]])
    assert 0 <= first.min() < 0.01
    assert 0.99 < first.max() < 1
    # 16,000 numbers: the mean of a uniform draw is within four standard errors of 1/2, columns are uncorrelated.
    assert abs(first.mean() - 0.5) < 4 * (1 / 12 / first.size) ** 0.5
    assert np.abs(np.corrcoef(np.hstack([first, uniforms(keys, 4, 8)]).T) - np.eye(16)).max() < 0.1
    # The published test vector: the first numbers of SplitMix64 from state 1234567.
    published = [6457827717110365317, 3203168211198807973]
    expected = [(n >> 11) * 2.0**-53 for n in published]
    assert uniforms(np.array([1234567], np.uint64), 0, 2)[0].tolist() == expected
