"""Models of a study that are trained at the same time are those that are trained one after another."""

import multiprocessing
import subprocess
import sys

import pytest
import torch

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
      both: {members: [fcn8s, fcn32s]}
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


@pytest.mark.usefixtures("pageless")
def test_models_trained_at_once_are_those_trained_one_by_one(study, tmp_path, capsys):
    torch.set_num_threads(1)
    for name, number in (("one", 1), ("two", 2)):
        conduct(study, tmp_path, tmp_path / name, jobs=number)
    one, two = (results(tmp_path / name) for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name, path in one.items():
        if not name.endswith("metrics.csv"):  # which holds times
            assert two[name].read_bytes().replace(b"two", b"one") == path.read_bytes(), name
    assert one["fields/both/checkpoints/best.safetensors"].is_file()  # of two that were trained at once
    ended = {run: two[f"{run}/metrics.csv"].stat().st_mtime_ns for run in RUNS}
    begun = {run: (tmp_path / "two" / run / "config.yaml").stat().st_mtime_ns for run in RUNS}
    assert begun["fields/fcn8s"] > ended["patches/vgg16"]  # it starts from what that one has learned
    assert begun["fields/fcn32s"] < ended["patches/vgg16"]  # and this one need not wait
    capsys.readouterr()
    conduct(study, tmp_path, tmp_path / "two", jobs=2)
    assert capsys.readouterr().err.count("trained already") == 4


def test_where_one_fails_all_end(study, tmp_path):
    with pytest.raises(UserError, match=r"became infinite or undefined in epoch 1 of .*patches/vgg16"):
        conduct(study, tmp_path, tmp_path / "out", ["patches.lr=1e38", "fields.epochs=100000"], jobs=2)
    assert not multiprocessing.active_children()
    assert not Run(tmp_path / "out" / "fields" / "fcn32s").environment().get("finished")


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


def test_what_cannot_be_shared_out_is_refused(study, tmp_path, pixelproof):
    with pytest.raises(UserError, match="0 jobs at once are too few; give --jobs 1 or more"):
        conduct(study, tmp_path, tmp_path / "out", jobs=0)
    code, _, err = pixelproof("study", tmp_path / "study.yaml", "--data", tmp_path, "--jobs", 2, "--processes", 2)
    assert code == 2
    assert "--jobs and --processes both share out the machine; give one of them alone" in err
