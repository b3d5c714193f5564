"""What processes of our own are told, and what they tell; each of them reads this file, so it imports little."""

import errno
import os

import pytest

from pixelproof.children import Children


def full(_):
    raise OSError(errno.ENOSPC, "No space left on device", "/full/tensorboard")


def greedy(_):
    raise MemoryError("Unable to allocate 9 TiB")


def faulty(_):
    raise KeyError("nothing")


@pytest.mark.parametrize(
    ("work", "kind", "words"),
    [
        (full, OSError, "No space left on device: '/full/tensorboard'"),
        (greedy, MemoryError, "9 TiB"),
        (faulty, RuntimeError, r"^in one of the jobs: KeyError: 'nothing'\nTraceback"),
    ],
)
def test_what_a_child_meets_is_said_as_if_met_here(work, kind, words):
    with pytest.raises(kind, match=words), Children("one of the jobs", "run it again") as children:
        children.start(work, None)
        while children:
            children.wait()


def note(path):
    path.write_text(os.environ["PLACE"])


def test_a_process_has_its_variables_and_this_one_has_not(tmp_path, monkeypatch):
    monkeypatch.setenv("PLACE", "here")
    with Children("one", "do nothing") as children:
        for name in "ab":
            children.start(note, tmp_path / name, environment={"PLACE": name})
        assert os.environ["PLACE"] == "here"
        while children:
            children.wait()
    assert [(tmp_path / name).read_text() for name in "ab"] == ["a", "b"]


def fail_at_length() -> None:
    raise RuntimeError("x" * 200_000)


def test_a_long_failure_does_not_fill_the_pipe():
    with pytest.raises(RuntimeError, match="x" * 1000), Children("one", "do nothing") as children:
        children.start(fail_at_length)
        while children:
            children.wait()
