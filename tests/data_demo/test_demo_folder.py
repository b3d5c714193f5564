"""The demo on disk: real digits, whole or absent, readable like anyone's data."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from pixelproof.data import open_data
from pixelproof.data.demo import write_demo, write_digits
from pixelproof.errors import UserError

SMALL = {"train": 3, "validation": 2, "size": 64}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home") / "nested" / "demo"
    write_demo(folder, **SMALL)
    return folder


def snapshot(folder):
    return {path.relative_to(folder): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_every_scan_is_written_once_and_shows_its_digit(demo):
    scans = load_digits()
    paths = list((demo / "digits").rglob("*.png"))
    assert sorted(int(path.stem) for path in paths) == list(range(1797))
    for path in paths[::25]:
        index = int(path.stem)
        assert path.parent.name == str(scans.target[index])
        with Image.open(path) as image:
            assert image.size == (32, 32)
            assert image.mode == "RGB"
            ink = 255 - np.asarray(image.convert("L").crop((2, 2, 30, 30)).resize((8, 8), Image.Resampling.BOX))
        assert np.corrcoef(ink.ravel(), scans.images[index].ravel())[0, 1] > 0.93


def test_digits_are_split_80_to_20_in_every_class(demo):
    counts = Counter(path.parts[-3:-1] for path in (demo / "digits").rglob("*.png"))
    for digit in map(str, range(10)):
        train, validation = counts["train", digit], counts["validation", digit]
        assert validation / (train + validation) == pytest.approx(0.2, abs=0.004)


def test_digits_are_always_the_same_files(demo, tmp_path):
    write_digits(tmp_path)
    written = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.png")}
    assert written == {
        path.relative_to(demo / "digits"): path.read_bytes() for path in (demo / "digits").rglob("*.png")
    }


def test_demo_opens_like_user_data(demo):
    digits, landcover = open_data(demo / "digits"), open_data(demo / "landcover")
    assert digits.scheme.task == "classification"
    assert digits.scheme.names == tuple(map(str, range(10)))
    assert landcover.scheme.task == "segmentation"
    assert "rangeland" in landcover.scheme.names


def test_complete_demo_is_left_alone(demo):
    before = snapshot(demo)
    write_demo(demo, **SMALL)
    assert snapshot(demo) == before


def test_nothing_but_the_demo_appears(demo):
    assert [path.name for path in demo.parent.iterdir()] == ["demo"]
    assert sorted(path.name for path in demo.iterdir()) == ["demo.json", "digits", "landcover"]


def test_demo_of_another_edition_or_with_lost_files_is_refused(tmp_path):
    folder = tmp_path / "demo"
    write_demo(folder, **SMALL)
    with pytest.raises(UserError, match="another edition"):
        write_demo(folder, train=4, validation=2, size=64)
    (folder / "landcover" / "train" / "0001_mask.png").unlink()
    with pytest.raises(UserError, match="incomplete"):
        write_demo(folder, **SMALL)


def test_other_peoples_files_are_refused_and_kept(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="other files"):
        write_demo(tmp_path, **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_file_in_the_way(tmp_path):
    (tmp_path / "demo").write_text("mine")
    with pytest.raises(UserError, match="in the way"):
        write_demo(tmp_path / "demo", **SMALL)
    assert (tmp_path / "demo").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_failure_half_way_leaves_nothing(tmp_path):
    """The system refuses files above 40 kB: the digits fit, the first big tile does not."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))
    try:
        with pytest.raises(UserError, match="cannot be used"):
            write_demo(tmp_path / "demo", train=1, validation=1, size=512)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


def test_what_killed_processes_left_is_in_nobodys_way(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for number in (os.getpid(), ended.pid):  # in containers, a process often has the number of the one that was killed
        (tmp_path / f".demo.{number}.part" / "digits").mkdir(parents=True)
    write_demo(tmp_path / "demo", **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_imports_without_torch():
    code = "import sys, pixelproof.data.demo; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
