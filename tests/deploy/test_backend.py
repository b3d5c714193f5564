"""Other libraries draw the same map, and an unfinished one is finished by the library that began it."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from map_scenes import noise, read, write_scene

import pixelproof.deploy.backend
from pixelproof import api
from pixelproof.errors import UserError
from pixelproof.prediction import Predictor
from pixelproof.prediction.backends import choice
from pixelproof.prediction.backends.trial import TOLERANCE
from pixelproof.runs import Run
from small_runs import NEEDED, need
from waiting import started, wait_for


@pytest.fixture
def run(slim_run, tmp_path):
    """A run of its own, for trials are kept in it."""
    return Run.open(shutil.copytree(slim_run.path, tmp_path / "run"))


def test_every_library_draws_the_same_map_where_no_classes_tie(run, tmp_path):
    pixels = noise(150, 210)
    scene = write_scene(tmp_path / "scene.tif", pixels)
    words = {"tile": 64, "device": "cpu"}
    assert api.map(run.path, scene, tmp_path / "torch.tif", **words)["backend"] == "torch"
    right = read(tmp_path / "torch.tif")[0]
    logits = Predictor.open(run, "cpu").logits([np.ascontiguousarray(pixels.transpose(1, 2, 0))])[0].numpy()
    second, first = np.sort(logits, axis=0)[-2:]
    clear = first - second > 2 * TOLERANCE * np.abs(logits).max()
    assert clear.mean() > 0.99
    for backend in NEEDED:  # in one test, because two of them share a conversion that takes seconds
        need(backend)
        facts = api.map(run.path, scene, tmp_path / f"{backend}.tif", backend=backend, **words)
        assert facts["backend"] == backend
        assert (read(tmp_path / f"{backend}.tif")[0] == right)[clear].all()


def test_a_killed_map_is_finished_by_the_library_that_began_it(run, tmp_path):
    need("ncnn")
    scene, out = write_scene(tmp_path / "scene.tif", noise(256, 192)), tmp_path / "map.tif"
    words = {"tile": 32, "device": "cpu"}
    api.map(run.path, scene, tmp_path / "whole.tif", backend="ncnn", **words)
    command = ["map", run.path, scene, "--out", out, "--tile", 32, "--device", "cpu", "--backend", "ncnn"]
    code = "from pixelproof.cli.main import run; run()"
    journal = tmp_path / ".map.tif.part" / "finished.txt"
    with started([sys.executable, "-c", code, *command], stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: journal.is_file() and journal.read_text().count("\n") >= 5, process)
    with pytest.raises(UserError, match="unfinished map with another --backend"):
        api.map(run.path, scene, out, backend="torch", **words)
    facts = api.map(run.path, scene, out, **words)
    assert facts["backend"] == "ncnn"
    assert facts["tiling"]["continued"] >= 5
    assert out.read_bytes() == (tmp_path / "whole.tif").read_bytes()


def test_only_a_large_raster_is_worth_a_trial_unasked(run, tmp_path, monkeypatch):
    need("ncnn")
    monkeypatch.setattr(choice, "RUNTIMES", {"ncnn": choice.RUNTIMES["ncnn"]})
    scene = write_scene(tmp_path / "scene.tif", noise(60, 70))
    assert api.map(run.path, scene, tmp_path / "a.tif", device="cpu")["backend"] == "torch"
    assert not (run.path / "backends").exists()
    monkeypatch.setattr(pixelproof.deploy.backend, "WORTHWHILE", 60 * 70)
    facts = api.map(run.path, scene, tmp_path / "b.tif", device="cpu")
    assert (run.path / "backends" / "trials.json").is_file()
    assert facts["backend"] in ("torch", "ncnn")
    with pytest.raises(UserError, match="no backend 'fastest'"):
        api.map(run.path, scene, tmp_path / "c.tif", device="cpu", backend="fastest")
    assert not (tmp_path / "c.tif").exists()
