from __future__ import annotations

import os
from pathlib import Path

import pytest
from data_builders import class_folders, colored, fill, index_mask, mask_folders, picture, save

from pixelproof.data import open_data
from pixelproof.data.layouts import find_layout
from pixelproof.errors import UserError


def ids(found):
    return {split: [sample.id for sample in samples] for split, samples in found.splits.items()}


@pytest.mark.parametrize("word", ["val", "valid", "validation", "Validation", "val_50"])
def test_class_folders_in_splits(word, tmp_path):
    names = [f"{split}/{c}/{i}.jpg" for split in ("train", word, "test") for c in ("cat", "dog") for i in range(2)]
    found = find_layout(fill(tmp_path, *names))
    assert found.task == "classification"
    same = ["cat/0.jpg", "cat/1.jpg", "dog/0.jpg", "dog/1.jpg"]
    assert ids(found) == {"train": same, "validation": same, "test": same}
    assert found.class_of[tmp_path / word / "dog" / "1.jpg"] == "dog"


def test_class_folders_without_splits_are_train(tmp_path):
    assert ids(find_layout(fill(tmp_path, "cat/a.png", "dog/b.png"))) == {"train": ["cat/a.png", "dog/b.png"]}


def test_class_prefixes_with_names_from_id2label(tmp_path):
    fill(tmp_path, "train_50/2_0.png", "train_50/10_1.png", "val_50/2_7.png", "val_50/10_9.png")
    (tmp_path / "id2label.json").write_text('{"2": "fox", "10": "ape"}')
    data = open_data(tmp_path)
    assert data.scheme.names == ("fox", "ape")
    assert [c.id for c in data.scheme.classes] == [2, 10]
    assert {s.id: s.label for s in data.split("train")} == {"2_0.png": 0, "10_1.png": 1}
    assert [s.id for s in data.split("validation")] == ["10_9.png", "2_7.png"]


def test_words_as_class_prefixes(tmp_path):
    data = open_data(fill(tmp_path, "train/big_cat_0.png", "train/dog_1.png", "train/dog_2.png"))
    assert data.scheme.names == ("big_cat", "dog")
    assert [s.label for s in data.split("train")] == [0, 1, 1]


@pytest.mark.parametrize(
    "names",
    [
        ["train/images/a.jpg", "train/masks/a.png", "val/images/b.jpg", "val/masks/b.png"],
        ["images/train/a.jpg", "masks/train/a.png", "images/val/b.jpg", "masks/val/b.png"],
        ["train/img/a.jpg", "train/labels/a_mask.png", "val/img/b.jpg", "val/labels/b_mask.png"],
        ["train/a.jpg", "train_labels/a_L.png", "val/b.jpg", "val_labels/b_L.png"],
        ["train/a.jpg", "trainannot/a.png", "val/b.jpg", "valannot/b.png"],
        ["train/a_sat.jpg", "train/a_mask.png", "val/b_sat.jpg", "val/b_mask.png"],
    ],
)
def test_masks_with_splits(names, tmp_path):
    found = find_layout(fill(tmp_path, *names))
    assert found.task == "segmentation"
    assert ids(found) == {"train": ["a"], "validation": ["b"]}
    assert {s.mask.relative_to(tmp_path).as_posix() for ss in found.splits.values() for s in ss} == set(names[1::2])
    assert found.unpaired == []


def test_masks_without_splits(tmp_path):
    assert ids(find_layout(fill(tmp_path, "images/a.jpg", "masks/a.png"))) == {"train": ["a"]}


def test_camvid_folders_with_its_suffix_on_masks(tmp_path):
    names = ["701_StillsRaw_full/0001TP_006690.png", "LabeledApproved_full/0001TP_006690_L.png"]
    assert ids(find_layout(fill(tmp_path, *names))) == {"train": ["0001TP_006690"]}


def test_video_frames_beside_masks_are_not_taken_for_classes(tmp_path):
    frames = [f"{split}{kind}/{clip}_{n}.png" for split in ("train", "val") for kind in ("", "_labels") for clip, n in
              (("0001TP", 6690), ("0016E5", 390))]  # fmt: skip
    found = find_layout(fill(tmp_path, *frames))
    assert found.task == "segmentation"
    assert ids(found)["validation"] == ["0001TP_6690", "0016E5_390"]


@pytest.mark.parametrize("name", ["unlabeled", "relabelled", "nontarget"])
def test_a_folder_whose_name_only_holds_a_word_for_masks_changes_nothing(name, tmp_path):
    fill(tmp_path, "train/cat_1.png", "train/dog_2.png", f"{name}/x.png")
    assert find_layout(tmp_path).task == "classification"


@pytest.mark.parametrize("name", ["GroundTruth", "train-labels", "SegmentationClass", "labelsTr", "masks2", "GT"])
def test_a_folder_with_a_word_for_masks_holds_masks(name, tmp_path):
    for i in range(2):
        save(picture(i), tmp_path / "images" / f"{i}.png")
        save(colored(index_mask(i)), tmp_path / name / f"{i}.png")
    assert find_layout(tmp_path).task == "segmentation"


def test_an_empty_or_unlabelled_split_does_not_hide_the_others(tmp_path):
    class_folders(tmp_path / "c", 4, 0)
    (tmp_path / "c" / "val" / "cat").mkdir(parents=True)
    assert set(find_layout(tmp_path / "c").splits) == {"train"}
    fill(tmp_path / "s", "train/a_sat.jpg", "train/a_mask.png", "test/b_sat.jpg")
    assert ids(find_layout(tmp_path / "s")) == {"train": ["a"]}
    fill(tmp_path / "p", "train/a_1.png", "train/b_2.png")
    (tmp_path / "p" / "val").mkdir()
    assert ids(find_layout(tmp_path / "p")) == {"train": ["a_1.png", "b_2.png"]}


def test_a_split_may_lack_classes_that_train_has(tmp_path):
    fill(tmp_path, "train/cat/0.png", "train/dog/1.png", "val/dog/2.png")
    data = open_data(tmp_path)
    assert data.scheme.names == ("cat", "dog")
    assert [s.label for s in data.split("validation")] == [1]


def test_unpaired_files_are_collected_and_refused(tmp_path):
    fill(tmp_path, "images/a.jpg", "masks/a.png", "images/b.jpg", "masks/c.png")
    found = find_layout(tmp_path)
    assert sorted(path.name for path in found.unpaired) == ["b.jpg", "c.png"]
    with pytest.raises(UserError, match=r"(b\.jpg|c\.png) \(and 1 more\) has no partner"):
        open_data(tmp_path)


@pytest.mark.parametrize("second", ["masks/a_label.png", "images/a.png"])
def test_two_files_of_one_sample_are_collected_and_refused(second, tmp_path):
    fill(tmp_path, "images/a.jpg", "masks/a.png", second)
    ((_, doubled),) = find_layout(tmp_path).doubled or [("", "")]
    assert doubled
    with pytest.raises(UserError, match="belong to one sample; remove one of them"):
        open_data(tmp_path)


def test_a_name_that_is_not_utf8_is_refused(tmp_path):
    fill(tmp_path, "train/cat/0.png", "train/dog/1.png")
    (tmp_path / "train/cat/0.png").rename(Path(os.fsdecode(os.fsencode(tmp_path / "train" / "cat") + b"/\xff.png")))
    with pytest.raises(UserError, match=r"the name .*\\udcff\.png is not UTF-8; rename it"):
        open_data(tmp_path)


def test_two_readings_are_an_error_that_names_both(tmp_path):
    fill(tmp_path, "cat/a.png", "dog/b.png", "x_sat.png", "x_mask.png")
    with pytest.raises(UserError, match="'a folder for each class' and as 'NAME_sat beside NAME_mask'"):
        find_layout(tmp_path)


READINGS = "can be read as 'a folder for each class' and as 'images/ and masks/'; write 'task: classification' or"


def pairs(root, images, masks, photographs=False):
    """Write six pairs of equal names."""
    for i in range(6):
        save(picture(i), root / images / f"{i}.png")
        save(picture(i + 99) if photographs else colored(index_mask(i)), root / masks / f"{i}.png")
    return root


@pytest.mark.parametrize("inside", ["", "train"])
def test_a_further_image_folder_beside_images_and_masks_is_an_error_until_labels_say_the_task(inside, tmp_path):
    root = pairs(tmp_path / inside, "images", "masks")
    assert find_layout(tmp_path).task == "segmentation"
    pairs(root, "previews", "masks")
    with pytest.raises(UserError, match=READINGS):
        find_layout(tmp_path)
    (tmp_path / "labels.yaml").write_text("task: segmentation\n")
    found = find_layout(tmp_path)
    assert {s.image.parent.name for s in found.splits["train"]} == {"images"}
    (tmp_path / "labels.yaml").write_text("task: classification\n")
    assert open_data(tmp_path).scheme.names == ("images", "masks", "previews")


@pytest.mark.parametrize("name", ["target", "mask", "label"])
def test_a_class_called_like_masks_is_an_error_until_labels_say_the_task(name, tmp_path):
    pairs(tmp_path, "clutter", name, photographs=True)
    with pytest.raises(UserError, match=READINGS):
        find_layout(tmp_path)
    (tmp_path / "labels.yaml").write_text("task: classification\n")
    assert open_data(tmp_path).scheme.names == tuple(sorted(["clutter", name]))
    text = f"task: classification\nclasses:\n  - {{name: {name}, id: 0}}\n  - {{name: clutter, id: 1}}\n"
    (tmp_path / "labels.yaml").write_text(text)
    assert open_data(tmp_path).scheme.names == (name, "clutter")


def test_what_the_files_hold_may_settle_what_the_names_leave_open(tmp_path):
    assert find_layout(pairs(tmp_path / "a", "Drone photos", "Annotations")).task == "segmentation"
    for seed, path in enumerate(("clutter/a.png", "clutter/b.png", "target/c.png", "target/d.png")):
        save(picture(seed), tmp_path / "b" / path)
    assert find_layout(tmp_path / "b").task == "classification"
    (tmp_path / "a" / "labels.yaml").write_text("task: classification\n")
    assert find_layout(tmp_path / "a").task == "classification"


def test_classes_of_which_one_is_called_like_masks_stay_classes_where_no_names_agree(tmp_path):
    fill(tmp_path, *(f"{name}/{name}{i}.jpg" for name in ("mask", "hat", "scarf") for i in range(3)))
    assert find_layout(tmp_path).task == "classification"
    fill(tmp_path / "both", "with_mask/a.jpg", "without_mask/a.jpg")
    assert find_layout(tmp_path / "both").task == "classification"


def test_two_folders_of_masks(tmp_path):
    pairs(pairs(tmp_path, "images", "masks"), "images", "labels")
    with pytest.raises(UserError, match=READINGS):
        find_layout(tmp_path)
    (tmp_path / "labels.yaml").write_text("task: segmentation\n")
    with pytest.raises(UserError, match="it is not clear which of labels, masks to take; move"):
        find_layout(tmp_path)


def test_masks_inside_splits_and_beside_them_are_two_readings(tmp_path):
    for place in ("", "train", "val"):
        pairs(tmp_path / place, "images", "masks")
    with pytest.raises(UserError, match="train/images and images both hold images that have masks; move those"):
        find_layout(tmp_path)


def test_a_task_in_labels_does_not_turn_a_layout_into_another(tmp_path):
    class_folders(tmp_path, 4, 2)
    (tmp_path / "labels.yaml").write_text("task: segmentation\n")
    with pytest.raises(UserError, match="is for segmentation, but the files are laid out for classification"):
        open_data(tmp_path)
    pairs(tmp_path / "m", "images", "masks")
    (tmp_path / "m" / "labels.yaml").write_text("task: classification\nclasses:\n  - {name: cat, id: 0}\n")
    with pytest.raises(UserError, match="is for classification, but the files are laid out for segmentation"):
        open_data(tmp_path / "m")


@pytest.mark.parametrize("split", ["", "train"])
def test_images_and_masks_in_a_folder_for_each_tile(split, tmp_path):
    for tile in ("Tile 1", "Tile 2"):
        fill(tmp_path / split / tile, "images/part_1.jpg", "masks/part_1.png", "images/part_2.jpg", "masks/part_2.png")
    found = find_layout(tmp_path)
    assert ids(found) == {"train": ["Tile 1/part_1", "Tile 1/part_2", "Tile 2/part_1", "Tile 2/part_2"]}
    assert found.splits["train"][2].mask == tmp_path / split / "Tile 2" / "masks" / "part_1.png"
    (tmp_path / split / "Tile 2" / "masks" / "part_2.png").unlink()
    assert [p.name for p in find_layout(tmp_path).unpaired] == ["part_2.jpg"]


def test_two_folders_for_one_split(tmp_path):
    fill(tmp_path, "train/cat/a.png", "train/dog/b.png", "val/cat/c.png", "valid/dog/d.png")
    with pytest.raises(UserError, match="two folders for the split 'validation', val and valid"):
        find_layout(tmp_path)


@pytest.mark.parametrize(
    ("names", "complaint"),
    [([], "holds no images"), (["a.png", "b.png"], "no layout that is recognised"), (["cat/a.png"], "two classes")],
)
def test_nothing_to_read(names, complaint, tmp_path):
    with pytest.raises(UserError, match=complaint):
        find_layout(fill(tmp_path, *names))


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (("train/cat/0.png", "train/cat/1.png"), "two classes at least, and all images of .* are in one folder, 'cat'"),
        (
            ("train/cat_0.png", "train/cat_1.png", "train/dog_0.png", "train/odd.png"),
            r"odd\.png is not called <class>_<index>",
        ),
    ],
)
def test_what_is_nearly_a_layout_is_told_what_it_lacks(names, complaint, tmp_path):
    fill(tmp_path, *names)
    with pytest.raises(UserError, match=complaint):
        find_layout(tmp_path)


def test_a_class_called_like_a_split_is_told_where_classes_belong(tmp_path):
    fill(tmp_path, "control/a.png", "control/b.png", "test/c.png", "test/d.png")
    with pytest.raises(UserError, match=r"test is read as the test split, .*control .* move them into"):
        find_layout(tmp_path)


@pytest.mark.parametrize("name", ["train/cat/2.png", "train/bird/0.jpg"])
def test_a_link_to_an_image_that_is_gone_is_refused(name, tmp_path):
    fill(tmp_path, "train/cat/0.png", "train/dog/1.png")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).symlink_to(tmp_path / "gone.png")
    with pytest.raises(UserError, match=f"{name} is a link to a file that does not exist; restore"):
        open_data(tmp_path)


def test_a_folder_of_files_that_are_not_read_is_no_class_and_is_named(tmp_path, capsys):
    fill(tmp_path, "train/cat/0.png", "train/dog/1.png")
    (tmp_path / "train" / "bird").mkdir()
    (tmp_path / "train" / "bird" / "0.gif").write_bytes(b"GIF89a")
    assert open_data(tmp_path).scheme.names == ("cat", "dog")
    assert "train/bird is no class, for none of its files is read as an image (.gif)" in capsys.readouterr().err


def test_images_of_kinds_that_are_not_read_are_counted(tmp_path, capsys):
    fill(tmp_path, "train/cat/0.png", "train/dog/1.png")
    for name in ("cat/1.HEIC", "cat/2.heic", "dog/2.avif", "dog/notes.txt", "dog/.3.heic"):
        (tmp_path / "train" / name).write_bytes(b"x")
    open_data(tmp_path)
    open_data(tmp_path)
    said = f"note: 3 files of kinds that are not read (.avif, .heic) in {tmp_path} left out\n"
    assert capsys.readouterr().err == said


def test_labels_yml_is_refused(tmp_path):
    fill(tmp_path, "train/cat/0.png", "train/dog/1.png")
    (tmp_path / "labels.yml").write_text("task: classification\n")
    with pytest.raises(UserError, match=r"labels\.yml would not be read; rename it to labels\.yaml"):
        open_data(tmp_path)
    (tmp_path / "labels.yml").rename(tmp_path / "labels.yaml")
    assert open_data(tmp_path).task == "classification"


def test_a_folder_called_seg_holds_masks(tmp_path):
    fill(tmp_path, "images/a.jpg", "seg/a.png")
    assert find_layout(tmp_path).task == "segmentation"


def test_missing_folder_and_file_in_its_place(tmp_path):
    for path in (tmp_path / "nowhere", save(picture(0), tmp_path / "a.png")):
        with pytest.raises(UserError, match="is not a folder"):
            find_layout(path)


def test_hidden_files_are_not_read(tmp_path):
    fill(tmp_path, "train/cat/0.png", "train/dog/1.png", "train/dog/._1.png", ".cache/x/0.png")
    assert ids(find_layout(tmp_path)) == {"train": ["cat/0.png", "dog/1.png"]}


def test_opening_reads_labels_yaml_first(tmp_path):
    data = open_data(mask_folders(tmp_path, 2, 1))
    assert data.task == "segmentation"
    assert data.scheme.names == ("water", "field", "forest")
    assert len(data.split("train")) == 2
    with pytest.raises(UserError, match="no split 'tran'; did you mean 'train'"):
        data.split("tran")


def test_labels_for_another_task_or_without_a_class(tmp_path):
    root = class_folders(tmp_path, 4, 2)
    (root / "labels.yaml").write_text("task: segmentation\nclasses:\n  - {name: cat, id: 0}\n")
    with pytest.raises(UserError, match="is for segmentation, but the files are laid out for classification"):
        open_data(root)
    (root / "labels.yaml").write_text("task: classification\nclasses:\n  - {name: cat, id: 0}\n")
    with pytest.raises(UserError, match=r"of class 'dog', which .*labels\.yaml does not name"):
        open_data(root)


def test_masks_of_no_known_data_set_ask_for_a_labels_file(tmp_path):
    with pytest.raises(
        UserError,
        match=r"no labels\.yaml that names classes and its masks are of no known data set; run 'pixelproof doctor",
    ):
        open_data(mask_folders(tmp_path, 2, 1, labels=None))


@pytest.mark.real
def test_the_reference_study_is_read_without_configuration(real_data):
    first = open_data(real_data / "p1_data")
    assert {name: len(samples) for name, samples in first.splits.items()} == {"train": 22500, "validation": 2500}
    assert first.scheme.names[0] == "bicycle"
    assert first.scheme.names[49] == "sunflower"
    rows = (real_data / "p1_data" / "val_gt.csv").read_text().split()[1:]
    truth = dict(row.split(",") for row in rows)
    assert {s.id: str(first.scheme.classes[s.label].id) for s in first.split("validation")} == truth
    second = open_data(real_data / "p2_data")
    assert {name: len(samples) for name, samples in second.splits.items()} == {"train": 2000, "validation": 257}
    assert second.scheme.names == ("urban", "agriculture", "rangeland", "forest", "water", "barren", "unknown")
