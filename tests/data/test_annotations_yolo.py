"""Labels of YOLO become masks, with the splits that it names."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from annotation_files import SQUARE, mask, shares, yolo
from data_builders import picture, save

from pixelproof.data import open_data
from pixelproof.data.doctor import examine
from pixelproof.errors import UserError
from pixelproof.verbs.masks import draw_masks


def test_labels_of_yolo_become_a_folder_that_is_ready(tmp_path, pixelproof):
    """As Roboflow exports them: what is not drawn on has an empty file, or none."""
    lines = shares(SQUARE) + "\n" + shares([8, 4, 20, 4, 20, 8, 8, 8], 1)
    images = {"train/images/a.jpg": lines, "train/images/b.jpg": "", "train/images/c.jpg": None}
    images |= {"valid/images/a.jpg": shares([-0.001, 0, 30.001, 0, 30, 20, 0, 20], 1), "test/images/e.jpg": None}
    root = yolo(tmp_path / "export", images, train="../train/images", val="../valid/images")
    for name in ("gone", ".b", "b.jpg"):
        (root / "train" / "labels" / f"{name}.txt").write_text(shares(SQUARE))
    (root / "train" / "labels" / "classes.txt").write_text("cat\ndog\n")
    code, out, said = pixelproof("masks", root, "--rest", "background", "--json")
    found = json.loads(out)
    assert (code, found["images"], found["missing"], found["undrawn"], found["covered"]) == (0, 4, 2, 0, 16)
    assert "note: 1 image of" in said
    expected = np.full((20, 30), 2)
    expected[2:10, 2:12] = 0
    expected[4:8, 8:20] = 1
    assert (mask(root, "train/images/a.png") == expected).all()
    assert (mask(root, "train/images/c.png") == 2).all()
    assert (mask(root, "valid/images/a.png") == 1).all()
    data = open_data(root)
    assert (data.scheme.names, data.scheme.ids) == (("cat", "dog", "background"), (0, 1, 2))
    assert {split: len(found) for split, found in data.splits.items()} == {"train": 3, "validation": 1}
    assert not [f for f in examine(root).findings if f.severity == "error"]


@pytest.mark.parametrize("way", ["folders", "lists"])
def test_splits_are_those_that_yolo_names_where_folders_are_called_otherwise(tmp_path, way):
    images = dict.fromkeys((f"images/{town}/{k}.jpg" for town in ("rome", "oslo") for k in "ab"), shares(SQUARE))
    said = {"train": "images/rome", "val": "[images/oslo, images/rome, /, ../]"}
    if way == "lists":
        said = {"train": "rome.txt", "val": "oslo.txt"}
    root = yolo(tmp_path / "towns", images, "{0: cat, 7: dog}", path="towns", **said)
    for town in ("rome", "oslo"):
        (root / f"{town}.txt").write_text(f"./images/{town}/a.jpg\nimages/{town}/b.jpg\n")
    draw_masks(root / "data.yaml", rest="other")
    splits = open_data(root).splits
    assert {split: {s.id for s in every} for split, every in splits.items()} == {
        "train": {"images/rome/a", "images/rome/b"},
        "validation": {"images/oslo/a", "images/oslo/b"},
    }


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("\n0 a 0.1 0.2 0.2 0.3 0.1", r"a.txt, line 2: 'a' is no number; export it again"),
        ("0 nan 0.1 0.2 0.2 0.3 0.1", "'nan' is no number"),
        ("0 inf 0.1 0.2 0.2 0.3 0.1", "'inf' is no number"),
        ("0 0.1 0.1 0.2 0.2 0.3", "line 1: 5 numbers after the class, and a corner has two"),
        ("0", "0 numbers after the class"),
        ("2 0.1 0.1 0.2 0.2 0.3 0.1", "there is no class 2; name it in the file of classes"),
        ("0.5 0.1 0.1 0.2 0.2 0.3 0.1", "there is no class 0.5"),
        ("-1 0.1 0.1 0.2 0.2 0.3 0.1", "there is no class -1"),
        ("0 12 3 15 3 15 9", "12 lies outside of the image, whose width and height are 1; divide x by its width"),
        ("0 1e300 0 1 1 0 1", r"1e\+300 lies outside"),
        ("x" * 10_000, f"'{'x' * 40}' is no number"),
        ("0 0.5 0.5 0.1 0.1", "nothing that is annotated has an outline and a class"),
    ],
)
def test_labels_of_yolo_that_are_damaged_are_one_sentence(tmp_path, lines, problem):
    root = yolo(tmp_path / "x", {"images/a.jpg": lines})
    with pytest.raises(UserError, match=problem) as told:
        draw_masks(root, rest="other")
    assert "\n" not in str(told.value)
    assert not (root / "masks").exists()


def test_files_of_yolo_that_name_nothing_are_one_sentence(tmp_path, monkeypatch):
    root = yolo(tmp_path / "x", {"images/a.jpg": shares(SQUARE)}, names="3")
    with pytest.raises(UserError, match=r"data.yaml: 'names': input should be a valid dictionary"):
        draw_masks(root)
    (root / "data.yaml").write_text("names: [cat, no]\ntrain:\n")  # which is false in YAML
    with pytest.raises(UserError, match=r"data.yaml: 'names.1': false is not a text; write it in quotes"):
        draw_masks(root)
    (root / "data.yaml").write_text("classes: [cat]\n")
    with pytest.raises(UserError, match=r"holds no annotations that are read; give COCO .* YOLO's data.yaml"):
        draw_masks(root / "data.yaml")
    yolo(tmp_path / "y", {"images/a.jpg": None})
    with pytest.raises(UserError, match=r"y holds no folder 'labels' with a text for each image in 'images' beside it"):
        draw_masks(tmp_path / "y")
    root = yolo(tmp_path / "z", {"images/a.jpg": shares(SQUARE)})
    (root / "labels" / "a.txt").write_bytes(b"\xff\xfe0")
    with pytest.raises(UserError, match=r"a.txt is not a UTF-8 text file"):
        draw_masks(root)
    monkeypatch.setattr("pixelproof.data.annotations.yolo_splits.LARGEST", 2)
    with pytest.raises(UserError, match=r"a.txt has 0.0 kB, more than the labels of images have"):
        draw_masks(root)


def test_labels_of_yolo_are_drawn_on_the_images_beside_them(tmp_path, monkeypatch):
    """Wherever the folder of all images lies, though others in it are called as these."""
    monkeypatch.chdir(tmp_path)
    names = dict.fromkeys(("train/images/a.jpg", "train/images/b.jpg"), shares(SQUARE))
    inner = yolo(Path("all/one"), names)
    for seed, name in enumerate(names):
        save(picture(seed, (20, 30)), Path("all") / name)
    found = draw_masks(inner, "all", rest="other")
    assert (found["images"], found["missing"]) == (2, 0)
    assert sorted(tmp_path.glob("all/masks/**/*.png")) == [
        tmp_path / "all/masks/one/train/images" / f"{k}.png" for k in "ab"
    ]
    yolo(Path("both/one"), names)
    (yolo(Path("both/two"), names) / "train/labels/gone.txt").write_text("")
    (Path("both/one") / "train/labels/gone.txt").write_text("")
    (tmp_path / "linked").symlink_to("both")
    found = draw_masks("linked", tmp_path / "both", rest="other")
    assert (found["images"], found["missing"]) == (4, 2)
    with pytest.raises(UserError, match=r"all other images that are annotated are not in empty; say by --images"):
        (tmp_path / "empty").mkdir()
        draw_masks(inner, "empty", rest="other")


ABC = dict.fromkeys((f"images/{k}.jpg" for k in "abc"), shares(SQUARE))
HERE = object()
"""Stands for the absolute path of the data."""


@pytest.mark.parametrize("inside", ["./images/", "images\\", "/home/ann/data/images/", "C:\\data\\images\\", "", HERE])
def test_lists_of_yolo_are_read_whoever_wrote_their_paths(tmp_path, monkeypatch, capsys, inside):
    monkeypatch.chdir(tmp_path)
    root = yolo(Path("x"), ABC, path="/home/ann", train="/home/ann/data/train.txt", val="val.txt")
    before = f"{tmp_path}/x/images/" if inside is HERE else inside
    (root / "train.txt").write_text(f"{before}a.jpg\n{before}b.jpg\n")
    (root / "val.txt").write_text(f"{before}c.jpg\n")
    draw_masks(root, rest="other")
    assert "a.jpg,masks/images/a.png,train\n" in (root / "masks.csv").read_text()
    assert "c.jpg,masks/images/c.png,validation\n" in (root / "masks.csv").read_text()
    assert "note" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "split", "note"),
    [
        (
            {"train": "images", "val": "images"},
            "train",
            "3 images of .*data.yaml in train and in validation: what is in",
        ),
        ({"train": "t.txt", "val": "v.txt"}, "validation", "1 image of .*data.yaml in train and in validation"),
        (
            {"train": "t.txt", "val": "gone"},
            "train",
            "data.yaml says that 'gone' is validation, and no image here is in",
        ),
        ({"train": "t.txt", "val": "x" * 5000}, "train", "says that 'x{30}…x{29}' is validation"),
        (
            {"train": "t.txt", "val": "lost.txt"},
            "train",
            "lost.txt has 2 lines of 2 that name no image here, or one of",
        ),
        ({"train": "../images", "val": "../gone/images"}, "train", "3 images of"),
    ],
)
def test_what_yolo_says_of_splits_that_cannot_be_taken_is_said(tmp_path, capsys, said, split, note):
    root = yolo(tmp_path / "x", ABC | {f"{k}/d.jpg": None for k in "pq"}, **said)
    for name, text in (
        ("t", "images/a.jpg\nimages/b.jpg"),
        ("v", "images/b.jpg\nimages/c.jpg"),
        ("lost", "e.jpg\nd.jpg"),
    ):
        (root / f"{name}.txt").write_text(text)
    draw_masks(root, rest="other")
    assert re.search(f"note: .*{note}", capsys.readouterr().err)
    table = (root / "masks.csv").read_text()
    assert "b.jpg,masks/images/b.png,train\n" in table
    assert f"c.jpg,masks/images/c.png,{split}\n" in table


def test_a_path_tells_more_of_a_split_than_a_name(tmp_path):
    root = yolo(
        tmp_path / "x", dict.fromkeys(("images/a.jpg", "images/b.jpg"), shares(SQUARE)), train="t.txt", val="v.txt"
    )
    (root / "t.txt").write_text("images/b.jpg\nremoved/a.jpg\n")
    (root / "v.txt").write_text("images/a.jpg\n")
    draw_masks(root, rest="other")
    assert "a.jpg,masks/images/a.png,validation\n" in (root / "masks.csv").read_text()


def test_a_thing_without_an_outline_is_not_taken_for_the_rest(tmp_path, pixelproof):
    """Else a network learns that what the box is around is background."""
    box = "1 0.5 0.5 0.1 0.1\n"
    images = {"images/a.jpg": shares(SQUARE), "images/b.jpg": shares(SQUARE) + box, "images/c.jpg": box}
    root = yolo(tmp_path / "x", images | {"images/d.jpg": ""})
    code, out, _ = pixelproof("masks", root, "--rest", "background")
    assert code == 0
    said = "2 images left out, where --rest would take a thing without an outline for the rest"
    assert all(words in " ".join(out.split()) for words in ("2 masks in", "2 shapes without an area left out", said))
    assert sorted(path.name for path in (root / "masks").rglob("*.png")) == ["a.png", "d.png"]
    assert open_data(root).scheme.names == ("cat", "background")
    root = yolo(tmp_path / "same", images)
    assert draw_masks(root, rest="dog")["images"] == 3
    images.pop("images/a.jpg")
    with pytest.raises(UserError, match="each image with an outline has a thing without one too, which --rest would"):
        draw_masks(yolo(tmp_path / "y", images | {"images/d.jpg": ""}), rest="background")
    root = yolo(tmp_path / "z", images)
    found = draw_masks(yolo(tmp_path / "z", images | {"images/d.jpg": shares(SQUARE, 1)}))
    assert (found["images"], found["left_out"], found["undrawn"], found["unoutlined"]) == (2, 1, 2, 0)


def test_texts_of_labels_are_found_however_their_suffix_is_written(tmp_path):
    root = yolo(tmp_path / "x", {"images/a.jpg": shares(SQUARE), "images/b.jpg": shares(SQUARE, 1)})
    (root / "labels/b.txt").rename(root / "labels/b.TXT")
    (root / "labels/Classes.TXT").write_text("cat\ndog\n")
    found = draw_masks(root, rest="other")
    assert (found["classes"]["dog"]["shapes"], found["missing"]) == (1, 0)
    root = yolo(tmp_path / "y", {"images/a.jpg": shares(SQUARE)})
    (root / "labels/a.TXT").write_text("")
    with pytest.raises(UserError, match=r"a.TXT and .*a.txt are of one image; delete one of them"):
        draw_masks(root, rest="other")


def test_labels_of_yolo_are_of_the_nearest_file_of_classes(tmp_path, capsys):
    outer = yolo(tmp_path / "all", {"images/a.jpg": shares(SQUARE)})
    yolo(outer / "more", {"images/a.jpg": shares(SQUARE)}, "[dog, cat]")
    found = draw_masks(outer)
    assert {name: each["shapes"] for name, each in found["classes"].items()} == {"cat": 1, "dog": 1}
    assert found["covered"] == 0
    assert capsys.readouterr().err.count("more has a data.yaml of its own, which says what is drawn there") == 1


def test_a_number_of_a_class_is_given_once(tmp_path):
    root = yolo(tmp_path / "x", {"images/a.jpg": shares(SQUARE)}, "{0: cat, '0': dog}")
    with pytest.raises(UserError, match=r"data.yaml: 'names': a number is given twice; correct this value"):
        draw_masks(root)
