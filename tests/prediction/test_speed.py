"""How fast runs answer: each batch as often as asked, of what the runs are."""

import json

import pytest

from pixelproof.errors import UserError
from pixelproof.verbs.speed import time_runs
from small_runs import COLORS, untrained_run


def test_runs_are_timed_in_turn(tmp_path, pixelproof):
    runs = [untrained_run(tmp_path / name, "vgg16", COLORS, input_size=16) for name in ("a", "b")]
    code, text, err = pixelproof("speed", *(run.path for run in runs), "--batch", "1,3", "--rounds", "4", "--json")
    assert code == 0, err
    found = json.loads(text)
    assert (found["size"], found["rounds"]) == (16, 4)
    for run, each in zip(runs, found["runs"], strict=True):
        assert each["run"] == run.name
        assert each["megabytes"] == run.best.stat().st_size / 1e6
        for batch, speed in zip((1, 3), each["speeds"], strict=True):
            assert (speed["batch"], len(speed["seconds"])) == (batch, 4)
            assert min(speed["seconds"]) <= speed["median"] <= max(speed["seconds"])
            assert speed["images_per_second"] == pytest.approx(batch / speed["median"])
    code, text, _ = pixelproof("speed", runs[0].path, "--rounds", "1", "--tta")
    assert code == 0
    assert "a, 8 x 1 looks" in text
    assert "of 1 round, all in turn" in " ".join(text.split())


def test_segmenters_answer_images_of_any_size_and_none_beside_classifiers(tmp_path):
    segmenter = untrained_run(tmp_path / "land", "fcn32s", tta_scales=(0.5, 1))
    (found,) = time_runs(segmenter.path, batch=[2], size=48, rounds=1)["runs"]
    assert found["looks"] == "1 x 0.5, 1"
    other = untrained_run(tmp_path / "colors", "vgg16", COLORS, input_size=16)
    with pytest.raises(UserError, match="some segmenters"):
        time_runs([segmenter.path, other.path])
    for wrong in ({"batch": [0]}, {"batch": []}, {"size": 0}, {"size": -1}, {"rounds": 0}):
        with pytest.raises(UserError, match=f"{next(iter(wrong))} cannot be"):
            time_runs(other.path, **wrong)
