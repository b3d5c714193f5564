"""Outlines of annotation tools become masks that the folder is read with."""

import base64
import json

import numpy as np
import pytest
from annotation_files import SQUARE, coco, labelme, mask, painted, shares, yolo
from data_builders import picture, save, save_turned

from pixelproof.data import open_data
from pixelproof.data.doctor import examine
from pixelproof.errors import UserError
from pixelproof.labels import VOID
from pixelproof.verbs.masks import draw_masks

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
