"""predict, score, evaluate and train on data as it comes."""

import csv
import json
import shutil

import pytest

from pixelproof.data import open_data, read_image, write_png
from pixelproof.prediction import Predictor
from pixelproof.runs import load_scores
from small_runs import untrained_run

SLIM = ["--set", "width=0.03", "--set", "epochs=1", "--set", "batch_size=4", "--set", "device=cpu"]


def truncate(path):
    path.write_bytes(path.read_bytes()[:-30])


def test_predictions_of_folders_are_scored_where_names_repeat(pixelproof, color_classes, tmp_path):
    run = tmp_path / "run"
    assert pixelproof("train", color_classes, "--model", "vgg16", "--out", run, *SLIM)[0] == 0
    for name, given in (("split", color_classes / "validation"), ("whole", color_classes)):
        assert pixelproof("predict", run, given, "--out", tmp_path / name)[0] == 0
    table = tmp_path / "split" / "predictions.csv"
    assert "green/0.png," in table.read_text()
    figures = json.loads(pixelproof("evaluate", run, color_classes, "--json")[1])
    for truth in (color_classes, color_classes / "validation"):
        code, out, err = pixelproof("score", table, truth, "--json")
        assert code == 0, err
        assert json.loads(out)["correct"] == figures["correct"]
    code, out, _ = pixelproof("score", tmp_path / "whole" / "predictions.csv", color_classes, "--json")
    assert (code, json.loads(out)["total"]) == (0, 42)


def test_ids_of_classes_that_a_split_lacks_are_not_taken_for_others(pixelproof, color_classes, tmp_path):
    shutil.rmtree(color_classes / "validation" / "blue")
    truth = color_classes / "validation"
    rows = [(f"{name}/{i}.png", {"green": 1, "red": 2}[name], name) for name in ("green", "red") for i in range(4)]
    table = tmp_path / "table.csv"

    def write(rows):
        with table.open("w", newline="") as file:
            csv.writer(file).writerows([("filename", "label", "name"), *rows])

    write(rows)
    assert json.loads(pixelproof("score", table, truth, "--json")[1])["correct"] == 8
    write([*rows[:-1], (rows[-1][0], 0, "blue")])
    code, _, err = pixelproof("score", table, truth)
    assert (code, "has label 'blue', which is not a class of" in err) == (2, True)


def test_predictions_of_a_segmenter_are_scored_in_any_layout(pixelproof, two_fields, tmp_path):
    for kind, suffix in (("images", "sat"), ("masks", "mask")):
        for split in ("train", "validation"):
            for path in (two_fields / split).glob(f"*_{suffix}.png"):
                write_png(tmp_path / "data" / split / kind / path.name.replace(f"_{suffix}", ""), read_image(path))
    data, run = tmp_path / "data", tmp_path / "run"
    assert pixelproof("train", data, "--model", "fcn32s", "--out", run, *SLIM)[0] == 0
    figures = json.loads(pixelproof("evaluate", run, data, "--json")[1])["protocols"]
    for number, given in enumerate((data / "validation", data / "validation" / "images")):
        out = tmp_path / f"maps{number}"
        assert pixelproof("predict", run, given, "--out", out)[1].startswith("3 images predicted")
        code, text, err = pixelproof("score", out, data / "validation", "--json", "--out", tmp_path / f"{number}.npz")
        assert code == 0, err
        assert json.loads(text)["protocols"] == figures
        assert load_scores(tmp_path / f"{number}.npz").ids == load_scores(run / "scores" / "validation.npz").ids
    assert pixelproof("predict", run, data, "--out", tmp_path / "all")[1].startswith("11 images predicted")
    assert json.loads(pixelproof("score", tmp_path / "all", data, "--json")[1])["images"] == 11


def test_what_fits_two_splits_is_not_scored_on_either(pixelproof, two_fields, tmp_path):
    for path in (two_fields / "train").glob("*"):
        if int(path.name[:4]) > 2:
            path.unlink()
    predictions = tmp_path / "maps"
    for index in range(3):
        write_png(predictions / f"{index:04}.png", read_image(two_fields / "train" / f"{index:04}_mask.png"))
    code, _, err = pixelproof("score", predictions, two_fields)
    assert (code, "may be any of several splits" in err) == (2, True)
    code, out, _ = pixelproof("score", predictions, two_fields / "train", "--json")
    assert (code, json.loads(out)["pixel_accuracy"]) == (0, 1.0)


def test_a_limited_run_says_so_when_it_is_evaluated(pixelproof, color_classes, tmp_path):
    train = ["train", color_classes, "--model", "vgg16", *SLIM]
    assert pixelproof(*train, "--out", tmp_path / "few", "--set", "limit=6")[0] == 0
    assert pixelproof(*train, "--out", tmp_path / "enough", "--set", "limit=40")[0] == 0
    code, out, err = pixelproof("evaluate", tmp_path / "few", color_classes, "--json")
    assert (code, json.loads(out)["total"]) == (0, 6)
    assert "note: validation: only 6 of its 12 images are used, because the run was trained with limit=6" in err
    assert "limit" not in pixelproof("evaluate", tmp_path / "enough", color_classes)[2]


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_broken_image_is_named_before_training_and_replaces_no_run(part, pixelproof, color_classes, tmp_path):
    earlier = untrained_run(tmp_path / "earlier", "vgg16", open_data(color_classes).scheme)
    path = color_classes / part / "red" / "2.png"
    if part == "train":
        path.write_bytes(b"")
    else:
        truncate(path)
    for out in (tmp_path / "run", earlier.path):
        command = ["train", color_classes, "--model", "vgg16", "--out", out, "--overwrite", *SLIM]
        code, _, err = pixelproof(*command)
        assert (code, err.count("\n")) == (2, 1)
        assert str(path) in err
    assert not (tmp_path / "run").exists()
    assert Predictor.open(earlier)


@pytest.mark.parametrize("verb", ["evaluate", "explain", "embed"])
def test_a_place_that_cannot_be_written_is_named_before_an_image_is_read(verb, pixelproof, color_classes, tmp_path):
    run = untrained_run(tmp_path / "run", "vgg16", open_data(color_classes).scheme)
    truncate(color_classes / "validation" / "red" / "2.png")  # what would be named, were it looked at first
    place = run.path / "scores" if verb == "evaluate" else tmp_path / "why"
    place.write_text("a file where a folder is needed")
    out = () if verb == "evaluate" else ("--out", place)
    code, _, err = pixelproof(verb, run.path, color_classes, "--device", "cpu", *out)
    assert (code, err.count("\n")) == (2, 1)
    assert f"{place}" in err
    assert "is in the way" in err


def test_names_with_control_characters_stay_one_sentence(pixelproof, color_classes, tmp_path):
    path = color_classes / "validation" / "red" / "new\nline\x1b[2J.png"
    path.write_bytes(b"")
    code, _, err = pixelproof("train", color_classes, "--model", "vgg16", "--out", tmp_path / "run", *SLIM)
    assert (code, err.count("\n"), "\x1b" in err) == (2, 1, False)
    assert r"red/new\nline\x1b[2J.png is an empty file" in err
    code, out, _ = pixelproof("doctor", color_classes)
    assert (code, "\x1b[2J" in out) == (1, False)
