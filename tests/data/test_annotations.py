"""Outlines of annotation tools become masks that the folder is read with."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from data_builders import picture, save, save_turned
from PIL import Image

from pixelproof.data import open_data
from pixelproof.data.doctor import examine
from pixelproof.errors import UserError
from pixelproof.labels import VOID
from pixelproof.verbs.masks import draw_masks

SQUARE = [2, 2, 12, 2, 12, 10, 2, 10]
"""Ten wide and eight high."""


def coco(path, images, annotations, categories=((1, "cat"), (7, "dog"), (9, "never drawn"))):
    """Write a COCO file of images (name, height, width) and annotations (image, category, segmentation)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    value = {
        "info": {"year": 2026},
        "images": [
            {"id": k, "file_name": n, "height": h, "width": w, "license": 1} for k, (n, h, w) in enumerate(images)
        ],
        "categories": [{"id": k, "name": name, "supercategory": "none"} for k, name in categories],
        "annotations": [
            {
                "id": 50 + n,
                "image_id": image,
                "category_id": category,
                "segmentation": drawn,
                "iscrowd": 0,
                "bbox": [0] * 4,
            }
            for n, (image, category, drawn) in enumerate(annotations)
        ],
    }
    path.write_text(json.dumps(value), "utf-8")
    return path


def labelme(path, image, shapes, size=(20, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = [{"label": name, "points": points, "shape_type": kind, "flags": {}} for name, points, kind in shapes]
    value = {"version": "5", "shapes": drawn, "imagePath": image, "imageHeight": size[0], "imageWidth": size[1]}
    path.write_text(json.dumps(value | {"imageData": None}), "utf-8")
    return path


def yolo(root, images, names="[cat, dog]", **said):
    """Write a data set of YOLO's: labels (None for no file) by the path of an image, 20 high and 30 wide."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "data.yaml").write_text("".join(f"{k}: {v}\n" for k, v in {"names": names, **said}.items()), "utf-8")
    for seed, (name, lines) in enumerate(images.items()):
        save(picture(seed, (20, 30)), root / name)
        if lines is not None:
            place = name.replace("images", "labels")[: -len(".jpg")] + ".txt"
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            (root / place).write_text(lines, "utf-8")
    return root


def shares(corners, number=0):
    """Return a line of YOLO's labels for corners x, y, ... in pixels."""
    return " ".join(map(str, [number, *(c / (20 if k % 2 else 30) for k, c in enumerate(corners))])) + "\n"


def mask(root, name):
    return np.array(Image.open(root / "masks" / name))


@pytest.fixture
def photos(tmp_path):
    root = tmp_path / "photos"
    for seed, name in enumerate(("a.jpg", "b.jpg", "c.jpg")):
        save(picture(seed, (20, 30)), root / name)
    return root


IMAGES = [("a.jpg", 20, 30), ("b.jpg", 20, 30), ("c.jpg", 20, 30)]


def test_coco_becomes_a_folder_that_is_ready(photos, pixelproof):
    drawn = [(0, 1, [SQUARE]), (0, 7, [[8, 4, 20, 4, 20, 8, 8, 8], [25, 15, 30, 15, 30, 20]]), (1, 1, [SQUARE])]
    file = coco(photos / "instances.json", IMAGES, drawn)
    code, out, _ = pixelproof("masks", file, "--rest", "background", "--json")
    found = json.loads(out)
    assert (code, found["images"], found["left_out"], found["missing"]) == (0, 3, 0, 0)
    expected = np.zeros((20, 30))
    expected[2:10, 2:12] = 1
    expected[4:8, 8:20] = 7  # what was drawn last counts
    assert (mask(photos, "a.png")[:15] == expected[:15]).all()
    assert found["covered"] == 4 * 4
    assert not mask(photos, "c.png").any()  # nothing is drawn there, and that is something to learn
    assert found["classes"]["cat"] == {"pixels": 2 * 80 - 16, "shapes": 2}
    data = open_data(photos)
    assert (data.scheme.names, data.scheme.ids) == (("background", "cat", "dog"), (0, 1, 7))
    assert [sample.id for sample in data.splits["train"]] == ["a", "b", "c"]
    assert not [f for f in examine(photos).findings if f.severity == "error"]
    code, _, err = pixelproof("masks", file)
    assert code == 2
    assert f"masks already exists; move it out of {photos}, for it may be somebody's work" in err


def test_without_a_rest_what_is_not_drawn_is_of_no_class(photos, pixelproof):
    runs = {"counts": [20 * 3, 20, 20 * 26], "size": [20, 30]}
    file = coco(photos / "x.json", [*IMAGES, ("gone.jpg", 9, 9)], [(0, 1, [SQUARE]), (0, 7, runs), (1, 1, [])])
    code, out, _ = pixelproof("masks", file)
    assert code == 0
    for said in (
        "1 mask in",
        "2 images without a class left out",
        "1 image not found left out",
        "1 shape without an area",
    ):
        assert said in out
    expected = np.full((20, 30), VOID)
    expected[2:10, 2:12] = 1
    expected[:, 3] = 7
    assert (mask(photos, "a.png") == expected).all()


def test_every_split_may_have_its_own_file(tmp_path):
    """As some tools export: beside the images of each split; and as COCO itself, by the name of the file."""
    for seed, split in enumerate(("train", "valid", "test")):
        save(picture(seed, (20, 30)), tmp_path / "export" / split / "a.jpg")
        coco(tmp_path / "export" / split / "_annotations.coco.json", IMAGES[:1], [(0, 1, [SQUARE])])
    draw_masks(tmp_path / "export", rest="other")
    assert {split: len(found) for split, found in open_data(tmp_path / "export").splits.items()} == {
        "train": 1,
        "validation": 1,
        "test": 1,
    }
    root = tmp_path / "published"
    files = []
    for seed, split in enumerate(("train", "val")):
        save(picture(seed, (20, 30)), root / "pictures" / f"{split}.jpg")
        name = root / "annotations" / f"instances_{split}2017.json"
        files.append(coco(name, [(f"{split}.jpg", 20, 30)], [(0, 1, [SQUARE])]))
    draw_masks(files, root, rest="other")
    assert {s: [x.id for x in every] for s, every in open_data(root).splits.items()} == {
        "train": ["pictures/train"],
        "validation": ["pictures/val"],
    }


def test_labelme_has_a_file_for_each_image_and_other_shapes(photos):
    corners = [[2, 2], [12, 2], [12, 10], [2, 10]]
    labelme(photos / "a.json", "a.jpg", [("10", corners, "polygon"), ("9", [[20, 12], [15, 5]], "rectangle")])
    labelme(photos / "b.json", "..\\photos\\b.jpg", [("9", [[15, 10], [15, 14]], "circle"), ("9", [[1, 1]], "point")])
    found = draw_masks(photos)
    assert found["undrawn"] == 1
    assert open_data(photos).scheme.names == ("9", "10")
    expected = np.full((20, 30), VOID)
    expected[2:10, 2:12] = 1
    expected[5:12, 15:20] = 0
    assert (mask(photos, "a.png") == expected).all()
    assert (mask(photos, "b.png") == 0).sum() == pytest.approx(np.pi * 16, abs=4)


def test_images_are_found_by_name_where_paths_are_of_another_machine(tmp_path):
    for seed, name in enumerate(("one/a.jpg", "two/a.jpg", "two/b.jpg")):
        save(picture(seed, (20, 30)), tmp_path / "data" / name)
    names = [("/home/ann/two/a.jpg", 20, 30), ("C:\\photos\\b.jpg", 20, 30)]
    file = coco(tmp_path / "labels" / "x.json", names, [(0, 1, [SQUARE]), (1, 7, [SQUARE])])
    draw_masks(file, tmp_path / "data")
    assert (tmp_path / "data" / "masks" / "two" / "a.png").is_file()
    assert (tmp_path / "data" / "masks" / "two" / "b.png").is_file()
    either = coco(tmp_path / "labels" / "y.json", [("elsewhere/a.jpg", 20, 30)], [(0, 1, [SQUARE])])
    for made in ("masks.csv", "labels.yaml"):
        (tmp_path / "data" / made).unlink()
    (tmp_path / "data" / "masks").rename(tmp_path / "old")
    with pytest.raises(
        UserError, match=r"y.json names 'elsewhere/a.jpg', which may be .*one/a.jpg or .*two/a.jpg; give"
    ):
        draw_masks(either, tmp_path / "data", rest="other")


def test_an_image_outside_is_not_read(tmp_path):
    save(picture(0, (20, 30)), tmp_path / "secret.jpg")
    save(picture(1, (20, 30)), tmp_path / "data" / "a.jpg")
    file = coco(tmp_path / "data" / "x.json", [("../secret.jpg", 20, 30)], [(0, 1, [SQUARE])])
    with pytest.raises(UserError, match=r"secret.jpg and all other images that are annotated are not in"):
        draw_masks(file, rest="other")


def test_an_image_that_says_it_is_turned_is_taken_as_it_is_shown(tmp_path):
    save_turned(picture(0, (20, 30)), tmp_path / "a.jpg", 6)
    file = coco(tmp_path / "x.json", [("a.jpg", 30, 20)], [(0, 1, [SQUARE])])
    draw_masks(file, rest="other")
    assert mask(tmp_path, "a.png").shape == (30, 20)
    (tmp_path / "masks").rename(tmp_path / "old")
    (tmp_path / "masks.csv").unlink()
    (tmp_path / "labels.yaml").unlink()
    lying = coco(tmp_path / "x.json", [("a.jpg", 20, 30)], [(0, 1, [SQUARE])])
    with pytest.raises(UserError, match=r"says that .*a.jpg has 30 x 20 pixels, and it has 20 x 30; give the images"):
        draw_masks(lying, rest="other")


@pytest.mark.parametrize(
    ("annotations", "problem"),
    [
        ([(0, 5, [SQUARE])], "'annotations.0' is of the category 5, which is not listed"),
        ([(4, 1, [SQUARE])], "an annotation is of the image 4, which is not listed"),
        ([(0, 1, [SQUARE[:7]])], "an outline of 'annotations.0' has an x without a y"),
        ([(0, 1, [SQUARE])], "1 class drawn, and two are needed; say by --rest what all else is"),
        ([(0, 1, []), (0, 7, [])], "nothing that is annotated has an outline and a class; draw"),
        ([(0, 1, {"counts": "q", "size": [20, 30]})], "of 'annotations.0' its runs are packed in another way"),
        (
            [(0, 7, [SQUARE]), (0, 1, {"counts": [9], "size": [3, 3]})],
            "of a 'cat' on a.jpg its runs are of 3 x 3 pixels, and the image has 30 x 20",
        ),
        ([(0, 7, [SQUARE]), (0, 1, {"counts": [9], "size": [20, 30]})], "its runs are 9 pixels of 600"),
        ([(0, 1, "text")], "segmentation"),
    ],
)
def test_what_contradicts_itself_is_one_sentence_and_leaves_nothing(photos, annotations, problem):
    file = coco(photos / "x.json", IMAGES, annotations)
    with pytest.raises(UserError) as told:
        draw_masks(file)
    assert problem in str(told.value)
    assert "\n" not in str(told.value)
    assert sorted(path.name for path in photos.iterdir()) == ["a.jpg", "b.jpg", "c.jpg", "x.json"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "x.json"),
        ('{"shapes": [], "shapes": [], "imagePath": "a.jpg"}', "x.json holds an object with the key 'shapes' 2 times"),
        ("[]", "holds no annotations that are read; give COCO or LabelMe files"),
        ('{"a": 1}', "holds no annotations that are read; give COCO or LabelMe files"),
        ('{"shapes": [{"label": "a"}], "imagePath": "a.jpg"}', "'shapes.0.points': field required"),
        ('{"shapes": [], "imagePath": "a.jpg"}', "nothing that is annotated has an outline and a class"),
    ],
)
def test_other_files_are_refused(photos, text, problem):
    (photos / "x.json").write_text(text)
    with pytest.raises(UserError) as told:
        draw_masks(photos / "x.json")
    assert problem in str(told.value)


def test_a_folder_without_annotations_is_refused(photos):
    with pytest.raises(UserError, match="photos holds no annotations; give COCO or LabelMe files"):
        draw_masks(photos)


def test_annotations_of_several_folders_need_to_know_where_images_lie(photos, tmp_path):
    files = [coco(tmp_path / name / "x.json", IMAGES, [(0, 1, [SQUARE])]) for name in ("one", "two")]
    with pytest.raises(UserError, match="the annotations lie in several folders; say by --images which one holds the"):
        draw_masks(files)
    found = draw_masks(files, photos, rest="other")
    assert found["images"] == 3


def test_two_images_are_never_given_one_mask(photos):
    save(picture(7, (20, 30)), photos / "a.png")
    file = coco(photos / "x.json", [("a.jpg", 20, 30), ("a.png", 20, 30)], [(0, 1, [SQUARE]), (1, 7, [SQUARE])])
    with pytest.raises(UserError, match=r"a.jpg and .*a.png would have one mask; rename one of them, there and here"):
        draw_masks(file)


def test_what_is_drawn_on_a_missing_image_is_not_drawn_on_its_namesake(tmp_path):
    save(picture(0, (20, 30)), tmp_path / "one" / "a.jpg")
    names = [("one/a.jpg", 20, 30), ("two/a.jpg", 20, 30)]
    file = coco(tmp_path / "x.json", names, [(0, 1, [SQUARE]), (1, 7, [SQUARE])])
    with pytest.raises(UserError, match=r"names 'one/a.jpg' and 'two/a.jpg', and of these .*one/a.jpg alone is found"):
        draw_masks(file)


def test_splits_are_those_of_folders_or_of_files_that_say_different_ones(tmp_path):
    for name in ("a.jpg", "steam_train_2.jpg"):
        save(picture(len(name), (20, 30)), tmp_path / name)
    for name, image in (("test-project", "a.jpg"), ("other", "a.jpg")):
        coco(tmp_path / "labels" / f"{name}.json", [(image, 20, 30)], [(0, 1, [SQUARE])])
    labelme(tmp_path / "labels" / "steam_train_2.json", "steam_train_2.jpg", [("dog", [[1, 1], [9, 9]], "rectangle")])
    draw_masks(tmp_path / "labels", tmp_path)
    assert "split" not in (tmp_path / "masks.csv").read_text()
    files = [coco(tmp_path / f"{s}.json", [("a.jpg", 20, 30)], [(0, 1, [SQUARE])]) for s in ("train", "val")]
    for made in ("masks.csv", "labels.yaml"):
        (tmp_path / made).unlink()
    (tmp_path / "masks").rename(tmp_path / "labels" / "old")
    with pytest.raises(UserError, match=r"a.jpg is annotated in .*train.json \(train\) and .*val.json \(validation\)"):
        draw_masks(files, tmp_path, rest="other")


def test_damaged_and_unusual_values(photos):
    def refused(problem, **change):
        value = json.loads(coco(photos / "x.json", IMAGES, [(0, 1, [SQUARE]), (1, 7, [SQUARE])]).read_text("utf-8"))
        (photos / "x.json").write_text(json.dumps(value | change), "utf-8")
        with pytest.raises(UserError) as told:
            draw_masks(photos / "x.json")
        assert problem in str(told.value)

    refused("two of its categories have the same id", categories=[{"id": 1, "name": "a"}, {"id": 1, "name": "b"}])
    refused("two of its images have the same id", images=[{"id": 0, "file_name": "a.jpg"}] * 2)
    far = {"image_id": 0, "category_id": 1, "segmentation": [[1e308, 0, 5, 5, 0, 9]]}
    refused("less than or equal to 1000000", annotations=[far])
    (photos / "x.json").unlink()
    brush = [("9", [[1, 1], [9, 9]], "brush")]
    with pytest.raises(UserError, match="a '9' is a brush, which is not read; make a polygon of it"):
        draw_masks(labelme(photos / "a.json", "a.jpg", brush))


def painted(pixels, corners):
    """Return a shape as LabelMe's assistant for masks keeps it."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    text = base64.b64encode(file.getvalue()).decode()
    return {"label": "cat", "points": corners, "shape_type": "mask", "mask": text}


def test_masks_of_labelme_lie_in_their_box(photos):
    pixels = np.random.default_rng(0).random((4, 6)) < 0.5
    file = labelme(photos / "a.json", "a.jpg", [])
    value = json.loads(file.read_text("utf-8"))

    def draw(**change):
        shape = painted(pixels, [[24.0, 16.0], [29.0, 19.0]]) | change
        file.write_text(json.dumps(value | {"shapes": [shape]}), "utf-8")
        draw_masks(file, rest="other")

    for problem, change in (
        ("has no text of base64, or not two corners", {"mask": "%"}),
        ("has no text of base64, or not two corners", {"points": [[1, 2]]}),
        ("the mask of a 'cat' is not a PNG", {"mask": base64.b64encode(b"none").decode()}),
        ("the mask of a 'cat' is an empty file", {"mask": None}),
        ("is 6 x 4 pixels and its box is not", {"points": [[24, 16], [28, 19]]}),
        ("its mask reaches beyond the image", {"points": [[25, 16], [30, 19]]}),
        ("its mask reaches beyond the image", {"points": [[-30, -20], [-25, -17]]}),
    ):
        with pytest.raises(UserError, match=problem):
            draw(**change)
    lines = "\n".join(painted(pixels, [])["mask"][k : k + 40] for k in range(0, 999, 40))  # as MIME breaks them
    draw(mask=lines)
    assert (mask(photos, "a.png") == 0).sum() == pixels.sum()
    assert ((mask(photos, "a.png") == 0)[16:, 24:] == pixels).all()


def test_what_tools_write_in_other_ways_is_read(photos):
    flat, none, dot = SQUARE, None, [[3, 3, 4, 4]]
    names = [("upload/3f2a1b0c-A.jpg", 20.0, 30.0), ("my%20b.JPG", 20, 30)]
    (photos / "b.jpg").rename(photos / "my b.jpg")
    found = draw_masks(coco(photos / "x.json", names, [(0, 1, flat), (0, 7, none), (1, 7, [SQUARE]), (1, 1, dot)]))
    assert (found["images"], found["missing"], found["undrawn"]) == (2, 0, 2)
    assert (mask(photos, "a.png")[2:10, 2:12] == 1).all()


def test_turned_rectangles_ignored_ground_and_renamed_images(photos):
    corners = [[2, 2], [12, 2], [12, 10], [2, 10]]
    shapes = [("a", corners, "rotation"), (5, corners, None), ("__ignore__", [[2, 2], [7, 10]], "rectangle")]
    labelme(photos / "a.json", "was_called_otherwise.jpg", shapes)
    (photos / "package.json").write_text("{}")
    draw_masks(photos, rest="other")
    drawn = mask(photos, "a.png")
    assert open_data(photos).scheme.names == ("5", "a", "other")
    assert (drawn[2:10, 7:12] == 0).all()
    assert (drawn[2:10, 2:7] == VOID).all()


def test_a_rest_that_is_a_category_keeps_its_id(photos):
    file = coco(photos / "x.json", IMAGES, [(0, 1, [SQUARE])], categories=[(1, "cat"), (7, "background"), (0, "dog")])
    draw_masks(file, rest="background")
    assert open_data(photos).scheme.ids == (1, 7)


def test_names_that_tables_do_not_keep_are_refused(photos):
    save(picture(5, (20, 30)), photos / " d.jpg")
    with pytest.raises(UserError, match="begins or ends with a blank; rename it"):
        draw_masks(coco(photos / "x.json", [(" d.jpg", 20, 30)], [(0, 1, [SQUARE])]), rest="other")


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


def test_where_a_rest_does_not_help_no_rest_is_asked_for(photos):
    corners = [[2, 2], [12, 10]]
    file = labelme(photos / "a.json", "a.jpg", [("__ignore__", corners, "rectangle")])
    with pytest.raises(UserError, match="nothing that is annotated has an outline and a class; draw outlines"):
        draw_masks(file, rest="other")
    labelme(photos / "a.json", "a.jpg", [("cat", corners, "rectangle")])
    with pytest.raises(UserError, match="1 class drawn, and two are needed; give --rest another class than 'cat'"):
        draw_masks(file, rest="cat")


@pytest.mark.parametrize("shown", ["alpha", "colour", "nothing"])
def test_masks_of_labelme_may_be_transparent(photos, shown):
    pixels = np.eye(4, 6) > 0
    layers = np.zeros((4, 6, 4), np.uint8)
    if shown != "nothing":
        layers[..., 3] = pixels * 255 if shown == "alpha" else 255
        layers[..., :3] = 0 if shown == "alpha" else pixels[..., None] * 255
    file = labelme(photos / "a.json", "a.jpg", [(name, [[9, 9], [20, 15]], "rectangle") for name in "ab"])
    value = json.loads(file.read_text("utf-8"))
    value["shapes"] += [painted(layers, [[0, 0], [5, 3]]), painted(np.ones((1, 1), bool), [[29, 19], [29, 19]])]
    file.write_text(json.dumps(value), "utf-8")
    found = draw_masks(file)
    assert (found["classes"]["cat"]["shapes"], found["undrawn"]) == ((1, 1) if shown == "nothing" else (2, 0))
    assert (mask(photos, "a.png")[:4, :6] == 2).tolist() == (pixels & (shown != "nothing")).tolist()


def test_a_class_with_a_blank_name_is_told_with_its_file(photos, tmp_path):
    blank = "the name of a class is blank; give it one there"
    with pytest.raises(UserError, match=f"data.yaml: {blank}"):
        draw_masks(yolo(tmp_path / "x", {"images/a.jpg": shares(SQUARE)}, "['', cat]"), rest="other")
    with pytest.raises(UserError, match=f"x.json: {blank}"):
        draw_masks(coco(photos / "x.json", IMAGES, [], categories=[(1, " ")]))
    with pytest.raises(UserError, match=f"a.json: {blank}"):
        draw_masks(labelme(photos / "a.json", "a.jpg", [("", [[9, 9], [20, 15]], "rectangle")]))


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


def cvat(path, images, labels=("cat", "dog"), meta=""):
    """Write what CVAT exports: images (attributes and elements), and the labels of a task."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = "".join(f"<label><name>{n}</name><color>#fa3253</color><type>any</type></label>" for n in labels)
    size = 'width="30" height="20"'
    found = "".join(f'<image id="{k}" {name} {size}>{"".join(each)}</image>' for k, (name, each) in enumerate(images))
    path.write_text(
        f"""<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><id>7</id><mode>annotation</mode>{meta}<labels>{listed}</labels></task><dumped>2026</dumped></meta>
  {found}
</annotations>
""",
        "utf-8",
    )
    return path


def drawn(tag, values, label="cat", z=0, inner=""):
    return f'<{tag} label="{label}" source="manual" occluded="0" {values} z_order="{z}">{inner}</{tag}>'


POLYGON = 'points="2.00,2.00;12.00,2.00;12.00,10.00;2.00,10.00"'
BOX = 'xtl="2.00" ytl="2.00" xbr="12.00" ybr="10.00"'
SPOT = 'rle="1, 2, 3" left="20" top="5" width="3" height="2"'
"""Of two rows of three, the last two of the first."""


def test_files_of_cvat_are_drawn_as_cvat_shows_them(photos):
    ellipse = 'cx="15.00" cy="10.00" rx="9.00" ry="3.00" rotation="90.00"'
    dots = '<points label="1" source="manual" outside="0" occluded="0" points="3.00,3.00"></points>'
    skeleton = f'<skeleton label="cat" source="manual" z_order="0">{dots}</skeleton>'
    flat = [drawn("polyline", POLYGON), drawn("box", f'{BOX} rotation="9.00"'), skeleton]
    images = [
        ('name="a.jpg"', [drawn("polygon", POLYGON, "dog", 1), drawn("mask", SPOT), drawn("polygon", POLYGON), *flat]),
        ('name="b.jpg"', [drawn("ellipse", ellipse, inner='<attribute name="age">2</attribute>')]),
        ('name="c.jpg"', ['<tag label="dog" source="manual"></tag>']),
        ('name="gone.jpg"', []),
    ]
    found = draw_masks(cvat(photos / "annotations.xml", images, ("never drawn", "cat", "dog")), rest="other")
    assert (found["images"], found["missing"], found["undrawn"], found["unoutlined"]) == (2, 1, 3, 1)
    assert open_data(photos).scheme.ids == (0, 2)  # numbered as in CVAT's other files
    assert (mask(photos, "b.png") == 2).sum() == pytest.approx(np.pi * 27, abs=4)
    assert (mask(photos, "b.png") == 2)[:, 15].sum() == 18
    assert not mask(photos, "c.png").any()


def test_what_is_nearer_to_the_camera_is_drawn_over_the_rest(photos):
    shapes = [drawn("polygon", POLYGON, "dog", 1), drawn("mask", SPOT), drawn("polygon", POLYGON)]
    found = draw_masks(cvat(photos / "annotations.xml", [('name="a.jpg"', shapes)]))
    expected = np.full((20, 30), VOID)
    expected[2:10, 2:12] = 2
    expected[5, 21:23] = 1
    assert (mask(photos, "a.png") == expected).all()
    assert found["covered"] == 80


def test_tasks_and_projects_of_cvat(tmp_path):
    """A project has subsets, each with a folder of its own; several tasks have a file each."""
    images = [(f'name="a.jpg" subset="{s}" task_id="3"', [drawn("polygon", POLYGON)]) for s in ("Train", "Validation")]
    for seed, subset in enumerate(("Train", "Validation")):
        save(picture(seed, (20, 30)), tmp_path / "project" / "images" / subset / "a.jpg")
    cvat(tmp_path / "project" / "annotations.xml", images)
    draw_masks(tmp_path / "project", rest="other")
    assert {split: len(found) for split, found in open_data(tmp_path / "project").splits.items()} == {
        "train": 1,
        "validation": 1,
    }
    for seed, subset in enumerate(("Train", "Test")):
        task = tmp_path / "tasks" / str(seed)
        save(picture(seed, (20, 30)), task / "images" / "frame_000000.PNG")
        shapes = [drawn("polygon", POLYGON)]
        cvat(task / "annotations.xml", [('name="frame_000000"', shapes)], meta=f"<subset>{subset}</subset>")
    draw_masks(tmp_path / "tasks", rest="other")
    assert "0/images/frame_000000.PNG,masks/0/images/frame_000000.png,train\n" in (
        (tmp_path / "tasks" / "masks.csv").read_text()
    )
    assert "masks/1/images/frame_000000.png,test\n" in (tmp_path / "tasks" / "masks.csv").read_text()


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        (drawn("polygon", 'points="2,2;12;1,1"'), "a polygon on a.jpg: 'points.1': value should have at least 2 items"),
        (drawn("polygon", 'points="1e9,2;1,2;1,1"'), "'points.0.0': input should be less than or equal to 1000000"),
        (drawn("polygon", 'points="nan,2;1,2;1,1"'), "'points.0.0': input should be a finite number"),
        (drawn("polygon", ""), "a polygon on a.jpg: 'points': field required"),
        (drawn("polygon", POLYGON, "cow"), "a polygon on a.jpg is a 'cow', which the file does not list; export it"),
        (drawn("polygon", POLYGON, z="x"), "'z_order': input should be a valid integer"),
        (drawn("blob", POLYGON), "a blob on a.jpg is not read; make a polygon of it"),
        (drawn("mask", SPOT.replace("1,", "1;")), "a mask on a.jpg: 'rle.0': input should be a valid integer"),
        (drawn("mask", SPOT.replace("1,", "-1,")), "'rle.0': input should be greater than or equal to 0"),
        (drawn("mask", SPOT.replace("1,", "2,")), "of a 'cat' on a.jpg its runs are 7 pixels of 6; export it again"),
        (drawn("mask", SPOT.replace('width="3"', 'width="30000000000"')), "its mask reaches beyond the image"),
        (drawn("mask", SPOT.replace('top="5"', 'top="-1"')), "its mask reaches beyond the image"),
    ],
)
def test_damaged_files_of_cvat_are_one_sentence(photos, shape, problem):
    file = cvat(photos / "annotations.xml", [('name="a.jpg"', [shape])])
    with pytest.raises(UserError) as told:
        draw_masks(file, rest="other")
    assert problem in str(told.value)
    assert "\n" not in str(told.value)
    assert not (photos / "masks").exists()


BOMB = "".join(f'<!ENTITY e{k + 1} "{f"&e{k};" * 10}">' for k in range(9))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f'<!DOCTYPE a [<!ENTITY e0 "ha">{BOMB}]><annotations>&e9;</annotations>', "declares a document type, and"),
        ('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><annotations>&e;</annotations>', "a document type"),
        ('<!DOCTYPE annotations SYSTEM "http://127.0.0.1/x.dtd"><annotations/>', "declares a document type"),
        ("<annotations>&e;</annotations>", "is not valid XML (line 1)"),
        ("<annotations>\n<image>", "is not valid XML (line 2)"),
        ("", "is not valid XML (line 1)"),
        ("<a>" * 200_000 + "</a>" * 200_000, "is nested too deeply"),
        ('<annotations><track id="0" label="cat"/></annotations>', "is CVAT's format for videos; export 'CVAT for im"),
        ("<annotations/>", "hold no annotations of an image"),
        ("<annotations><image/></annotations>", "an image: 'name': field required"),
        ("<annotation/>", "holds no annotations that are read; give COCO or LabelMe files, CVAT's annotations.xml, or"),
    ],
)
def test_hostile_and_other_xml_is_refused(photos, text, problem):
    (photos / "x.xml").write_text(text)
    with pytest.raises(UserError) as told:
        draw_masks(photos / "x.xml")
    assert problem in str(told.value)


def test_an_xml_file_larger_than_memory_is_not_read(photos, monkeypatch):
    monkeypatch.setattr("pixelproof.data.annotations.reading.LARGEST", 2)
    with pytest.raises(UserError, match=r"annotations.xml has .* more than is read at once; export task by task"):
        draw_masks(cvat(photos / "annotations.xml", []))
