"""Models of a study that are trained at the same time are those that are trained one after another."""

import errno
import multiprocessing
import os
import subprocess
import sys

import pytest
import torch

from pixelproof.children import Children
from pixelproof.errors import UserError
from pixelproof.runs import Run
from pixelproof.study import parallel_jobs
from pixelproof.study.conduct import conduct
from pixelproof.study.file import read_study
from pixelproof.study.plan import in_order, plan
from waiting import alive, children_of, started, wait_for

STUDY = """
name: at-once
parts:
  patches:
    data: patches
    settings: {width: 0.03, epochs: 2, batch_size: 4, device: cpu}
    models: {vgg16: vgg16-bn}
  fields:
    data: fields
    settings: {width: 0.03, epochs: 2, batch_size: 4, crop: 32, device: cpu}
    models:
      fcn8s: {model: fcn8s-bn, weights: "study:patches/vgg16"}
      fcn32s: fcn32s-bn
    show: ["0001"]
"""
RUNS = ("patches/vgg16", "fields/fcn8s", "fields/fcn32s")


@pytest.fixture
def study(tmp_path, color_classes, two_fields):
    (tmp_path / "study.yaml").write_text(STUDY)
    return read_study(tmp_path / "study.yaml")


def results(out):
    kinds = ("best.safetensors", "metrics.csv", "0001.npz", "comparison.json", "steps.json")
    return {str(path.relative_to(out)): path for path in out.rglob("*") if path.name in kinds}


def test_models_trained_at_once_are_those_trained_one_by_one(study, tmp_path, capsys):
    torch.set_num_threads(1)
    for name, number in (("one", 1), ("two", 2)):
        conduct(study, tmp_path, tmp_path / name, jobs=number)
    one, two = (results(tmp_path / name) for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name, path in one.items():
        if not name.endswith("metrics.csv"):  # which holds times
            assert two[name].read_bytes().replace(b"two", b"one") == path.read_bytes(), name
    ended = {run: two[f"{run}/metrics.csv"].stat().st_mtime_ns for run in RUNS}
    begun = {run: (tmp_path / "two" / run / "config.yaml").stat().st_mtime_ns for run in RUNS}
    assert begun["fields/fcn8s"] > ended["patches/vgg16"]  # it starts from what that one has learned
    assert begun["fields/fcn32s"] < ended["patches/vgg16"]  # and this one need not wait
    capsys.readouterr()
    conduct(study, tmp_path, tmp_path / "two", jobs=2)
    assert capsys.readouterr().err.count("trained already") == 3


def test_where_one_fails_all_end(study, tmp_path):
    with pytest.raises(UserError, match=r"became infinite or undefined in epoch 1 of .*patches/vgg16"):
        conduct(study, tmp_path, tmp_path / "out", ["patches.lr=1e38", "fields.epochs=100000"], jobs=2)
    assert not multiprocessing.active_children()
    assert not Run(tmp_path / "out" / "fields" / "fcn32s").environment().get("finished")


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


def test_all_end_with_the_command(study, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "pixelproof", "study", tmp_path / "study.yaml", "--data", tmp_path, "--out", out]
    with started([*command, "--jobs", "2", "--set", "epochs=100000"], stderr=subprocess.DEVNULL) as process:
        wait_for(Run(out / "fields" / "fcn32s").last.is_file, process)
        children = children_of(process.pid)
    assert len(children) >= 2
    wait_for(lambda: not any(map(alive, children)))


@pytest.mark.parametrize(
    ("device", "visible", "seen"),
    [("cpu", "", "----"), ("cuda:1", "", "----"), ("cuda", "", "0101"), ("cuda", "4,7", "4747")],
)
def test_gpus_take_turns(study, tmp_path, monkeypatch, device, visible, seen):
    monkeypatch.setattr(parallel_jobs, "pick_device", torch.device)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    (job, *_) = in_order(plan(study, tmp_path, tmp_path, [f"device={device}"]))
    environments = [parallel_jobs.surroundings(job, place) for place in range(4)]
    assert "".join(each.get("CUDA_VISIBLE_DEVICES", "-") for each in environments) == seen


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


def test_what_cannot_be_shared_out_is_refused(study, tmp_path, pixelproof):
    with pytest.raises(UserError, match="0 jobs at once are too few; give --jobs 1 or more"):
        conduct(study, tmp_path, tmp_path / "out", jobs=0)
    code, _, err = pixelproof("study", tmp_path / "study.yaml", "--data", tmp_path, "--jobs", 2, "--processes", 2)
    assert code == 2
    assert "--jobs and --processes both share out the machine; give one of them alone" in err


def fail_at_length() -> None:
    raise RuntimeError("x" * 200_000)


def test_a_long_failure_does_not_fill_the_pipe():
    with pytest.raises(RuntimeError, match="x" * 1000), Children("one", "do nothing") as children:
        children.start(fail_at_length)
        while children:
            children.wait()
